"""Copies a whole database into another one, row by row: SQLite to PostgreSQL, or back, or alike."""
