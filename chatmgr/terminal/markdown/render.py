"""A leaf as rows of the screen, from anywhere in it: what is printed for good is not made again."""

from collections.abc import Iterator

from chatmgr.terminal.markdown.highlight import highlighted
from chatmgr.terminal.markdown.inline import styled
from chatmgr.terminal.markdown.leaf_blocks import Code, Leaf, Table, Text
from chatmgr.terminal.markdown.table_layout import table_lines
from chatmgr.terminal.markdown.text_layout import Line, Run, columns, paint, painted, rows, wrapped

_BASES = ("", "1;4;35", "1;35", "1", "1", "3", "3")
_TASKS = {"[ ] ": "☐ ", "[x] ": "☑ ", "[X] ": "☑ "}
_DIM = "2"
_NARROWEST = 12


def leaf_lines(leaf: Leaf, width: int, start: int = -1) -> Iterator[Line]:
    """The rows of a leaf after ``start`` of it: the ``end`` of the last row that is there already."""
    place = leaf.place
    if start < 0 and place.gap is not None:
        yield Line(painted(place.gap, _DIM), columns(place.gap), 0)
    spare = max(width - _NARROWEST, 0)
    first, rest = (one[max(len(one) - spare, 0) :] for one in (place.first, place.rest))
    indent = columns(rest)
    room = max(width - indent, 1)
    prefix = first if start <= 0 else rest
    joined = False
    for line in _content(leaf, room, max(start, 0), indent):
        if joined:
            yield line
        elif prefix:
            before = painted(prefix, _DIM) if prefix.strip(" ") else prefix
            yield Line((before + line.text).rstrip(" "), line.columns + indent, line.end, line.joined)
        else:
            yield line
        prefix, joined = rest, line.joined


def _content(leaf: Leaf, width: int, start: int, indent: int) -> Iterator[Line]:
    if isinstance(leaf, Text):
        return _text(leaf, width, max(start - 1, 0))
    if isinstance(leaf, Code):
        return _code(leaf, width + indent, start, indent)
    if isinstance(leaf, Table):
        return (one for one in table_lines(leaf, width) if one.end > start)
    wide = min(width, 60)
    return iter((Line(painted("─" * wide, _DIM), wide, 1),))


def settle(leaf: Leaf, start: int) -> int:
    """Rows of an open leaf that end before this stay as they are; forgets what is before ``start``."""
    if not isinstance(leaf, Text):
        return 0
    at, kept = leaf.skipped, list(leaf.sections)
    while kept and at + _length(kept[0], leaf) < start:
        at += _length(kept.pop(0), leaf)
    leaf.skipped, leaf.sections = at, tuple(kept)
    return at + sum(_length(one, leaf) for one in kept)


def _length(section: str, leaf: Text) -> int:
    return len(styled(section, _BASES[leaf.level])[0])


def _text(leaf: Text, width: int, start: int) -> Iterator[Line]:
    source = leaf.source
    if leaf.place.first.endswith("• ") and not leaf.cut and (task := _TASKS.get(source[:4])):
        source = task + source[4:]
    parts: list[str] = []
    runs: list[Run] = []
    at = 0
    for section in (*leaf.sections, source):
        text, found = styled(section, _BASES[leaf.level])
        parts.append(text)
        runs += [(end + at, style) for end, style in found] if at else found
        at += len(text)
    flat = "".join(parts)
    start -= leaf.skipped
    if 0 < start < len(flat) and flat[start] == "\n":  # the row before was whole without our knowing
        start += 1
    for begin, end, after, size in wrapped(flat, start, width):
        yield Line(paint(flat, runs, begin, end), size, after + leaf.skipped + 1)


def _code(leaf: Code, width: int, start: int, indent: int) -> Iterator[Line]:
    found = highlighted("\n".join(leaf.lines), "" if leaf.long else leaf.language)
    at = 0
    for line, runs in zip(leaf.lines or [""], found, strict=True):
        skip = max(start - at, 0)
        if not skip:
            yield from rows(line, runs, at, width, indent)
        elif skip < len(line):
            yield from rows(line[skip:], [(end - skip, style) for end, style in runs], start, width)
        at += len(line) + 1
