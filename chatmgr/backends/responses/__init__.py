"""The Responses API, with Conversations as its remote threads."""
