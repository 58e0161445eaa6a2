"""A text that is being typed, as rows of a screen with a cursor in one of them."""

from typing import NamedTuple

from chatmgr.chat.input.masking import mask_hostile
from chatmgr.chat.input.plain_lines import PROMPT
from chatmgr.terminal.sanitize import display_width

_TAB = "    "
_INDENT = " " * len(PROMPT)


class TypedRows(NamedTuple):
    """The rows, and the row and column of the cursor."""

    rows: tuple[str, ...]
    cursor: tuple[int, int]


def typed_rows(text: str, position: int, width: int, limit: int) -> TypedRows:
    """At most ``limit`` rows of a text, around the cursor at ``position``, each at most ``width`` columns.

    Looks at the lines near the cursor only: a long text costs no more than a short one.
    """
    start, end = _window(text, position, limit)
    room = max(width - len(PROMPT), 1)
    rows: list[str] = []
    cursor = (0, 0)
    offset = start
    for line in text[start:end].split("\n"):
        at = position - offset if 0 <= position - offset <= len(line) else -1
        line_rows, line_cursor = _wrapped(line, at, room)
        if at >= 0:
            cursor = (len(rows) + line_cursor[0], len(PROMPT) + line_cursor[1])
        rows += line_rows
        offset += len(line) + 1
    rows = [(PROMPT if not start and not index else _INDENT) + row for index, row in enumerate(rows)]
    first = min(max(cursor[0] - limit + 1, 0), max(len(rows) - limit, 0))
    return TypedRows(tuple(rows[first : first + limit]), (cursor[0] - first, cursor[1]))


def _window(text: str, position: int, limit: int) -> tuple[int, int]:
    """Where the lines begin and end of which rows may be shown."""
    start = position
    for _ in range(limit):
        start = text.rfind("\n", 0, start)
        if start < 0:
            break
    end = position - 1
    for _ in range(limit):
        end = text.find("\n", end + 1)
        if end < 0:
            break
    return start + 1, len(text) if end < 0 else end


def _wrapped(line: str, position: int, room: int) -> tuple[list[str], tuple[int, int]]:
    """One line as rows of ``room`` columns, and the cursor's place in them."""
    rows, row, columns = [], "", 0
    cursor = (0, 0)
    for index, char in enumerate(mask_hostile(line)):
        shown = _TAB if char == "\t" else char
        width = display_width(shown)
        if columns + width > room:
            rows.append(row)
            row, columns = "", 0
        if index == position:
            cursor = (len(rows), columns)
        row, columns = row + shown, columns + width
    if position == len(line):
        if columns >= room:  # the cursor stands where the next character goes
            rows.append(row)
            row, columns = "", 0
        cursor = (len(rows), columns)
    return [*rows, row], cursor
