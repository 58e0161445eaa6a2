"""How the picker divides the screen: a list, and beside or below it a preview, where there is room."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from chatmgr.terminal.sanitize import clean_styled, display_width

_WIDE_SCREEN = 100  # columns from which the preview goes on the right
_LOW_SCREEN = 10  # rows below which there is no preview
_LINES_ABOVE = 2  # the query, and the line below it
_SEQUENCE = re.compile("\x1b\\[[0-9;]*m|\x1b\\]8;;[^\x1b]*\x1b\\\\")
_LINK = re.compile("\x1b\\]8;;[^\x1b]*\x1b\\\\")


class Panes(NamedTuple):
    """Rows and columns of the list and of the preview; no rows where there is no preview."""

    list_rows: int
    list_columns: int
    preview_rows: int = 0
    preview_columns: int = 0
    beside: bool = False


def divide(rows: int, columns: int, listed: int, *, preview: bool) -> Panes:
    """The panes of a screen; a list of few rows leaves the rest of a narrow one to the preview."""
    height = max(rows - _LINES_ABOVE, 1)
    if not preview or rows < _LOW_SCREEN:
        return Panes(height, columns)
    if columns >= _WIDE_SCREEN:
        list_columns = columns // 2
        return Panes(height, list_columns, height, columns - list_columns - 2, True)
    list_rows = max(min(listed, height // 2), 1)
    return Panes(list_rows, columns, height - list_rows - 1, columns)


def last_lines(lines: Iterable[str], panes: Panes) -> list[str]:
    """As many of the last styled lines as fit into the preview, without links and outer blank lines."""
    kept: list[str] = []
    used = 0
    for line in reversed(_without_empty_end([_shown(line) for line in lines])):
        width = display_width(_SEQUENCE.sub("", line))
        used += max(1, -(-width // max(panes.preview_columns, 1)))
        if used > panes.preview_rows and kept:
            break
        kept.append(line)
    return _without_empty_end(kept)[::-1]


def _shown(line: str) -> str:
    return _LINK.sub("", clean_styled(line)).expandtabs(4)


def _without_empty_end(lines: list[str]) -> list[str]:
    while lines and not lines[-1].strip():
        del lines[-1]
    return lines
