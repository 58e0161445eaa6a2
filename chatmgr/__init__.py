"""chatmgr: named, durable conversations with AI assistants, kept in your own database."""

__version__ = "0.1.0"
