"""The Assistants API, version 2: assistants, threads, messages and runs.

OpenAI switched it off on 2026-08-26; other servers still offer it. A thread lives at the server and holds
messages; a run has an assistant answer the newest of them.
"""
