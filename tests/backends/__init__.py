"""The APIs: what is sent, what is read, how a thread stays in step, and what a server may do to it."""
