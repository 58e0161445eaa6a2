"""Files that people and other programs read: exported transcripts, indexes and the statistics page."""
