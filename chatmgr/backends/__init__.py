"""The backends: one for each API, each of which turns a turn's request into a stream of events."""
