"""The command line: verbs, their parameters, and help."""
