"""Configuration: the settings file, the API keys, and where files are kept."""
