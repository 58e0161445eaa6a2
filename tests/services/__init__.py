"""The use cases: threads, providers, titles, cost, deletion at servers."""
