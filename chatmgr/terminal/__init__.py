"""Output to the terminal: streaming answers, tables, charts, status lines."""
