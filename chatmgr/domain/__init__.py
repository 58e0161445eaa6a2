"""The domain: what a conversation is, in plain Python. Imports only the standard library."""
