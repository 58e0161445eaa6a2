"""Reads strangers' files: folders, archives, JSON of any size, databases. Knows no format of conversations.

What is read is hostile until shown otherwise. Names are never used as paths, sizes are counted and not
believed, memory has a bound, and what cannot be read is an ``Unreadable`` or a ``LeftOut`` with a reason.
"""
