"""Reads files, archives and folders that strangers made: with bounded memory, and never written to."""
