"""The verbs, as a person or a script types them: processes, pipes, exit codes."""
