"""The items of answers: read from what a provider sends, and written into what is sent back to it."""
