"""Reads what other programs keep of conversations. Knows their formats, and nothing of our database."""
