"""The shell's Tab: what it offers, how quickly, and how it is installed."""
