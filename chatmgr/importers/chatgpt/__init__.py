"""ChatGPT's data export, in all its layouts, and conversations saved from its web pages."""
