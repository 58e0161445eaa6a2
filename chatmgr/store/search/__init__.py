"""The search index of each database, and what is asked of it."""
