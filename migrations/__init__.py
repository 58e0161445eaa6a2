"""Alembic's scripts: how a database of any earlier revision becomes one of today's."""
