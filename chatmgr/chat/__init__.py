"""The interactive chat: its loop, its slash commands, its input line."""
