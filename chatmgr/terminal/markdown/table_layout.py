"""Tables: as wide as they need to be, and where that is too wide, columns that wrap.

Where there are more columns than a screen can hold, each row becomes a short list of its own.
"""

from collections.abc import Iterator
from functools import lru_cache

from chatmgr.terminal.markdown.inline import styled
from chatmgr.terminal.markdown.leaf_blocks import Table
from chatmgr.terminal.markdown.patterns import cells
from chatmgr.terminal.markdown.text_layout import Line, columns, paint, painted, wrapped

_NARROWEST = 6
_GAP = 3  # columns of " │ "
_DIM = "2"
_TALLEST = 100_000  # more rows of the screen than any row of cells takes


def table_lines(leaf: Table, width: int) -> Iterator[Line]:
    """The rows of a table, or of the part of one; its measure is _TALLEST for each row of cells."""
    leader = leaf.leader or leaf
    head = cells(leader.rows[0])
    wanted = _wanted(tuple(leader.rows), len(head))
    found = _fitted(wanted, width)
    shown = enumerate(leaf.rows, 1)
    if found is None:
        if not leaf.leader:
            next(shown)
        for number, row in shown:
            yield from _record(head, cells(row), number, width)
        if not leaf.leader and len(leaf.rows) == 1:
            yield from _record(head, [], 1, width)
        return
    for number, row in shown:
        is_head = number == 1 and not leaf.leader
        yield from _row(cells(row), leaf.aligns, found, number, "1" if is_head else "")
        if is_head:
            yield Line(
                painted("─┼─".join("─" * one for one in found), _DIM),
                sum(found) + 3 * len(found) - 3,
                _TALLEST,
            )


@lru_cache(maxsize=4)
def _wanted(rows: tuple[str, ...], count: int) -> tuple[int, ...]:
    """How wide each column would like to be."""
    found = [1] * count
    for row in rows:
        for at, cell in enumerate(cells(row)[:count]):
            found[at] = max(found[at], columns(styled(cell)[0]))
    return tuple(found)


def _fitted(wanted: tuple[int, ...], width: int) -> list[int] | None:
    """Widths that fit, taken from the widest; None where not even narrow ones do."""
    room = width - _GAP * (len(wanted) - 1)
    if sum(wanted) <= room:
        return list(wanted)
    if sum(min(one, _NARROWEST) for one in wanted) > room:
        return None
    low, high = _NARROWEST, max(wanted)
    while low < high:  # the largest limit under which all fit
        middle = (low + high + 1) // 2
        if sum(min(one, middle) for one in wanted) <= room:
            low = middle
        else:
            high = middle - 1
    found = [min(one, low) for one in wanted]
    spare = room - sum(found)
    for at, one in enumerate(wanted):
        more = min(spare, one - found[at])
        found[at] += more
        spare -= more
    return found


def _row(
    row: list[str], aligns: tuple[str, ...], widths: list[int], number: int, base: str
) -> Iterator[Line]:
    boxes: list[list[tuple[str, int]]] = []
    for at, width in enumerate(widths):
        text, runs = styled(row[at] if at < len(row) else "", base)
        boxes.append(
            [(paint(text, runs, start, end), size) for start, end, _, size in wrapped(text, 0, width)]
        )
    height = max(map(len, boxes))
    bar = painted(" │ ", _DIM)
    for at in range(height):
        parts = []
        for box, width, align in zip(boxes, widths, aligns, strict=True):
            text, size = box[at] if at < len(box) else ("", 0)
            room = max(width - size, 0)
            before = {"<": 0, ">": room, "^": room // 2}[align]
            parts.append(" " * before + text + " " * (room - before))
        line = bar.join(parts).rstrip(" ")
        yield Line(line, sum(widths) + _GAP * (len(widths) - 1), (number - 1) * _TALLEST + at + 1)


def _record(head: list[str], row: list[str], number: int, width: int) -> Iterator[Line]:
    """A row as lines of ``column: cell``."""
    made = (number - 1) * _TALLEST
    for at, name in enumerate(head):
        label, runs = styled(name, "1")
        cell, more = styled(row[at] if at < len(row) else "")
        text = f"{label}: {cell}"
        both = (*runs, (len(label) + 2, "1"), *((end + len(label) + 2, style) for end, style in more))
        for start, end, _, size in wrapped(text, 0, width):
            made += 1
            yield Line(paint(text, both, start, end), size, made)
    yield Line(painted("─" * min(width, 20), _DIM), min(width, 20), made + 1)
