"""HTTP to one provider: client, transport, server-sent events, retries, errors."""
