"""The embedded model: llama.cpp inside this process, which needs no account and no server."""
