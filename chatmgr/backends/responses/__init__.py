"""OpenAI's Responses API, with conversations as its threads.

One request creates one response. The server stores it and, where asked to, appends it to a conversation. A
response that runs in the background goes on at the server when the connection is closed.
"""
