"""The ground: what a conversation is, in plain Python. Imports nothing but the standard library."""
