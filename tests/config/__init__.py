"""Tests of settings, keys and their files."""
