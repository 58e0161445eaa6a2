"""The chat's slash commands, one class for each subject; see ``registry``."""
