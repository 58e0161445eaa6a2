"""The chat at a real pseudo-terminal."""
