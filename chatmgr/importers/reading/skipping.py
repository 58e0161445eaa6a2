"""Goes past a JSON value that cannot be read, however long or deep it is, in bounded memory."""

import re

from chatmgr.importers.reading.text_buffer import TextBuffer

_OUTSIDE = re.compile(r'["{}\[\]]')
_INSIDE = re.compile(r'["\\]')


def skip_value(buffer: TextBuffer) -> bool:
    """Go behind the array or object that begins here; False where the text ends before it does."""
    depth, in_string, escaped = 0, False, False
    while True:
        if escaped and buffer.at < len(buffer.text):
            buffer.forward(buffer.at + 1)
            escaped = False
        match = (_INSIDE if in_string else _OUTSIDE).search(buffer.text, buffer.at)
        if match is None:
            buffer.forward(len(buffer.text))
            if not buffer.more():
                return False
            continue
        buffer.forward(match.end())
        mark = match.group()
        if mark == '"':
            in_string = not in_string
        elif mark == "\\":
            escaped = True
        else:
            depth += 1 if mark in "{[" else -1
            if depth <= 0:
                return True


def skip_line(buffer: TextBuffer) -> bool:
    """Go to the next line that begins with an object; False where none does."""
    return buffer.find("\n{", keep=1)
