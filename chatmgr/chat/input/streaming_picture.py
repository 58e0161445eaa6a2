"""What the bottom of the screen shows while an answer streams, for every size of window.

From the top: an empty row, the end of the reasoning, the running line, messages that wait in the queue, what
is typed, and the facts of the toolbar. Low windows do without the empty row, the queue and the facts.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from chatmgr.chat.input.plain_lines import PROMPT
from chatmgr.chat.input.toolbar import fit_facts
from chatmgr.chat.input.typed_rows import TypedRows, typed_rows
from chatmgr.terminal.bottom_area import BottomArea, Picture, Row
from chatmgr.terminal.region import Size
from chatmgr.terminal.sanitize import display_width, one_line
from chatmgr.terminal.theme import styled

_LOW, _LOWEST = 12, 6  # rows of a window that has no room for what is not needed
_QUEUED_SHOWN = 3
_REASONING_SHOWN = 3


class Typing(NamedTuple):
    """What was typed: the text of the line with its cursor, and the queue."""

    text: str = ""
    position: int = 0
    queue: tuple[str, ...] = ()


def picture(area: BottomArea, typing: Typing, facts: Sequence[tuple[int, str]], size: Size) -> Picture:
    """The rows for a screen of this size, with the facts of the toolbar; at most a third is what is typed."""
    columns, lines = size
    width = max(columns - 1, 2)
    is_low = lines < _LOW
    rows = [] if is_low else [Row("", 0)]
    rows += [_dim(row) for row in area.running.rows(width, 1 if is_low else _REASONING_SHOWN)]
    if not is_low:
        rows += [_dim(row) for row in _queue_rows(typing.queue, width)]
    typed = _typed(typing.text, typing.position, width, 1 if is_low else lines // 3)
    cursor = (len(rows) + typed.cursor[0], typed.cursor[1])
    rows += [Row(_accented(row), display_width(row)) for row in typed.rows]
    if lines >= _LOWEST:
        rows.append(_dim(_bar(facts, typing.queue, width)))
    return Picture(tuple(rows), cursor)


@lru_cache(maxsize=1)
def _typed(text: str, position: int, width: int, limit: int) -> TypedRows:
    """As ``typed_rows``, which is asked for the same again and again while the answer goes on."""
    return typed_rows(text, position, width, limit)


def _dim(text: str) -> Row:
    return Row(styled(text, "fact", True) if text else "", display_width(text))


def _accented(row: str) -> str:
    """A typed row with the prompt, if it begins with that, in the colour that it has elsewhere."""
    return styled(PROMPT, "accent", True) + row.removeprefix(PROMPT) if row.startswith(PROMPT) else row


def _queue_rows(queue: tuple[str, ...], width: int) -> list[str]:
    """The messages that are sent next, each on one row; the newest are taken back first, and always shown."""
    shown = queue[-_QUEUED_SHOWN:]
    hidden = len(queue) - len(shown)
    rows = [f"  … {hidden} more"] if hidden else []
    return rows + [f"  ⏎ {one_line(text, max(width - 4, 1))}" for text in shown]


def _bar(facts: Sequence[tuple[int, str]], queue: tuple[str, ...], width: int) -> str:
    queued = [(0, f"{len(queue)} queued")] if queue else []
    return fit_facts([*facts, *queued], width)
