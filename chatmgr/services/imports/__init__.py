"""Bringing conversations in from other programs."""
