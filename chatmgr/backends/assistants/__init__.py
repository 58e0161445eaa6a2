"""The Assistants API v2: assistants, threads, messages and runs."""
