"""What is generated from the verbs: the manual page, the reference, the completion table."""
