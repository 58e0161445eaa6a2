"""The command line as a person or a script uses it: processes, pipes, exit codes, real servers."""
