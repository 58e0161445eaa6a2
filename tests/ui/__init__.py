"""What verbs and the chat share on screen."""
