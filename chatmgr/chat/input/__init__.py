"""The chat's input line: prompt, keys, completion, picker, editor."""
