"""Databases of other revisions: every past one opens, a newer one is refused."""
