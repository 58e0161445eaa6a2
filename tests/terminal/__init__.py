"""What is drawn at a terminal, judged by the screen."""
