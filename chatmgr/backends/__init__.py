"""Adapters: one per API kind, each turning one request into one stream of events."""
