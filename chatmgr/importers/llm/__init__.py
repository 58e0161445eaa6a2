"""The database of the program llm (``logs.db``), of every era of its schema."""
