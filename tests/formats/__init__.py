"""What other programs read: JSON, Markdown, and pages in a real browser."""
