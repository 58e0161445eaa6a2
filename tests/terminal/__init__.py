"""Tests of what is drawn at a terminal, judged by the screen."""
