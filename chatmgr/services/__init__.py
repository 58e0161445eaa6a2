"""Use cases: what verbs and the chat ask for. No Click, no SQL, no HTTP."""
