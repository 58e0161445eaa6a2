"""The shell's Tab: answered fast, and installed for four shells."""
