"""The embedded model: llama.cpp inside this process, and its weights."""
