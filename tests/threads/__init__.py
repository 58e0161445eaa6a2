"""Threads that outlive their provider, and runs that outlive the terminal."""
