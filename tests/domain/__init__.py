"""What stands on the standard library alone."""
