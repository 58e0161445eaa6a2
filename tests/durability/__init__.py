"""A turn survives whatever ends its process."""
