"""A leaf as rows of the screen, starting anywhere in it: rows already printed are not rendered again."""

import re
from collections.abc import Iterator
from functools import lru_cache

from chatmgr.terminal.markdown.highlight import highlighted_lines
from chatmgr.terminal.markdown.inline import inline_styled
from chatmgr.terminal.markdown.leaf_blocks import Code, Leaf, Table, Text
from chatmgr.terminal.markdown.table_layout import table_rows
from chatmgr.terminal.markdown.text_layout import (
    ScreenRow,
    StyleRun,
    max_columns,
    paint_span,
    terminal_rows,
    wrap_rows,
)
from chatmgr.terminal.sanitize import one_line
from chatmgr.terminal.theme import look, paint

_BASE_STYLES = ("", "title", "heading", "strong", "strong", "emphasis", "emphasis")
_CHECKBOXES = {"[ ] ": "☐ ", "[x] ": "☑ ", "[X] ": "☑ "}
_ITEM_LABEL = re.compile(r"(?:•|\d[.)]) $")
_MIN_TEXT_WIDTH = 12


def leaf_rows(leaf: Leaf, width: int, start: int = -1) -> Iterator[ScreenRow]:
    """The rows of a leaf after ``start``, which is the ``end`` of the last row printed, or -1 for none."""
    gap = leaf.prefix.gap
    if start < 0 and gap is not None:
        yield ScreenRow(paint(gap, "fact"), max_columns(gap), 0)
    if not isinstance(leaf, Code | Table):
        width = look().prose(width)
    max_indent = max(width - _MIN_TEXT_WIDTH, 0)
    first_line, other_lines = (
        part[max(len(part) - max_indent, 0) :] for part in (leaf.prefix.first, leaf.prefix.rest)
    )
    indent = max_columns(other_lines)
    room = max(width - indent, 1)
    prefix = first_line if start <= 0 else other_lines
    joined = False
    for row in _content_rows(leaf, room, max(start, 0), indent):
        if joined:
            yield row
        elif prefix:
            painted_prefix = paint(prefix, "fact") if prefix.strip(" ") else prefix
            yield ScreenRow(
                (painted_prefix + row.text).rstrip(" "), row.columns + indent, row.end, row.joined
            )
        else:
            yield row
        prefix, joined = other_lines, row.joined


def _content_rows(leaf: Leaf, width: int, start: int, indent: int) -> Iterator[ScreenRow]:
    if isinstance(leaf, Text):
        return _text_rows(leaf, width, max(start - 1, 0))
    if isinstance(leaf, Code):
        return _code_rows(leaf, width + indent, start, indent)
    if isinstance(leaf, Table):
        return (row for row in table_rows(leaf, width) if row.end > start)
    rule_width = min(width, 60)
    return iter((ScreenRow(paint("─" * rule_width, "fact"), rule_width, 1),))


def settled_end(leaf: Leaf) -> int:
    """Rows of an open leaf that end at or before this position cannot change any more."""
    if not isinstance(leaf, Text):
        return 0
    return leaf.skipped + sum(_shown_length(section, leaf) for section in leaf.sections)


def drop_sections(leaf: Leaf, end: int) -> None:
    """Drop the sections of an open leaf that end before this position: they are printed for good."""
    if not isinstance(leaf, Text):
        return
    position, sections = leaf.skipped, list(leaf.sections)
    while sections and position + _shown_length(sections[0], leaf) < end:
        position += _shown_length(sections.pop(0), leaf)
    leaf.skipped, leaf.sections = position, tuple(sections)


def _shown_length(section: str, leaf: Text) -> int:
    return len(inline_styled(section, _BASE_STYLES[leaf.level])[0])


def _text_rows(leaf: Text, width: int, start: int) -> Iterator[ScreenRow]:
    source = leaf.source
    task = _CHECKBOXES.get(source[:4])
    if task and not leaf.cut and _ITEM_LABEL.search(leaf.prefix.first):
        source = task + source[4:]
    parts: list[str] = []
    runs: list[StyleRun] = []
    position = 0
    for section in (*leaf.sections, source):
        text, section_runs = inline_styled(section, _BASE_STYLES[leaf.level])
        parts.append(text)
        runs += [(end + position, style) for end, style in section_runs] if position else section_runs
        position += len(text)
    full_text = "".join(parts)
    start -= leaf.skipped
    if 0 < start < len(full_text) and full_text[start] == "\n":  # that row ended with this line break
        start += 1
    for row_start, end, next_start, columns in wrap_rows(full_text, start, width):
        yield ScreenRow(paint_span(full_text, runs, row_start, end), columns, next_start + leaf.skipped + 1)


def _code_rows(leaf: Code, width: int, start: int, indent: int) -> Iterator[ScreenRow]:
    """Lines of code, below and above a rule where the block begins and ends.

    The rule at the beginning takes one position, before the lines. That at the end takes two, so that it is
    not drawn again where the last row is taken for one that may grow.
    """
    bar = "│ " if leaf.block and look().code_frame else ""
    position = 1 if leaf.block and leaf.begins else 0
    if start < position:
        yield _code_rule(leaf, width - indent, position)
    runs_by_line = highlighted_lines("\n".join(leaf.lines), "" if leaf.is_partial else leaf.language)
    for line, runs in zip(leaf.lines or [""], runs_by_line, strict=True):
        skipped = max(start - position, 0)
        if not skipped:
            rows = terminal_rows(line, runs, position, width, indent + len(bar))
            if bar:
                first = next(rows)
                yield ScreenRow(
                    paint(bar, "fact") + first.text, first.columns + len(bar), first.end, first.joined
                )
            yield from rows
        elif skipped < len(line):
            yield from terminal_rows(
                line[skipped:], [(end - skipped, style) for end, style in runs], start, width
            )
        position += len(line) + 1
    if leaf.block and leaf.ends and start <= position:
        rule = "└" if bar else "──"
        yield ScreenRow(paint(rule, "fact"), len(rule), position + 2)


def _code_rule(leaf: Code, width: int, end: int) -> ScreenRow:
    """The rule above a block of code: its language, and the number that ``/code`` takes."""
    lead, columns = _rule_lead(leaf.language, look().code_frame)
    rule = f"{lead}{leaf.block}"
    columns += len(rule) - len(lead)
    if columns > width:
        rule = one_line(rule, max(width, 1))
        columns = max_columns(rule)
    return ScreenRow(paint(rule, "fact"), columns, end)


@lru_cache(maxsize=64)
def _rule_lead(language: str, framed: bool) -> tuple[str, int]:
    """What stands before the number, and its columns."""
    name = one_line(language)
    lead = ("┌ " if framed else "── ") + (f"{name} ─ " if name else "")
    return lead, max_columns(lead)
