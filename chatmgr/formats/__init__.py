"""Formats that other programs read: pages and files made of what is kept."""
