"""A turn survives whatever ends its process: every kill, and every fault of a server."""
