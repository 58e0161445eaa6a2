"""What a person sees: the chat loop, the answer as it streams, lists."""
