"""The search index of each database, and what is asked of it."""

# Notes in the database's table of metadata that SQLite's index is incomplete: the lowest key of a document in it.
INDEXED_FROM = "search_indexed_from"
