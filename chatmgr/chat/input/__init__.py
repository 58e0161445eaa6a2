"""The chat's input line: prompt, key bindings, completion, picker and external editor."""
