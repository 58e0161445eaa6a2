"""What verbs and the chat share on screen: views, prompts, JSON."""
