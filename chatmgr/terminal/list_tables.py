"""Tables of text: columns as wide as they need to be. The caller prints the lines."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from chatmgr.terminal.sanitize import display_width, one_line, row_spans
from chatmgr.terminal.theme import Style, styled

Spans = list[tuple[str, Style]]
"""Pieces of one cell: a text on one line, and the style that it is shown in."""

_GAP = "  "
_MEASURED = 1_000  # rows that decide how wide the columns are
_NARROWEST_LAST = 12  # the narrowest a last column may be and still be shown


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    terminal: bool,
    width: int = 0,
    cut: bool = True,
    optional: Sequence[str] = (),
) -> Iterator[str]:
    """Yield a heading line and one line for each row; nothing at all if there are no rows.

    Only the first rows are measured, so a list of any length is printed as it is read, in constant memory.
    With a ``width``, the columns named in ``optional`` are dropped one by one until the rest fits. With
    ``cut``, the last column is cut to the remaining width, or left out.
    """
    cells = ([one_line(cell) for cell in row] for row in rows)
    measured = list(islice(cells, _MEASURED))
    if not measured:
        return
    widths = [max(map(display_width, column)) for column in zip(headings, *measured, strict=True)]
    visible = _visible_columns(headings, widths, width, cut, optional)
    headings, widths = [headings[index] for index in visible], [widths[index] for index in visible]
    cut_width = width if cut else 0
    last_width = width - sum(widths[:-1]) - len(_GAP) * (len(widths) - 1)
    yield styled(_line(_cut_last(headings, cut_width, last_width), widths), "fact", terminal)
    for row in chain(measured, cells):
        yield _line(_cut_last([row[index] for index in visible], cut_width, last_width), widths)


def _visible_columns(
    headings: Sequence[str], widths: Sequence[int], width: int, cut: bool, optional: Sequence[str]
) -> list[int]:
    """The indexes of the columns that are shown."""
    visible = list(range(len(headings)))
    for heading in optional if width else ():
        fixed = visible[:-1] if cut else visible
        if sum(widths[index] + len(_GAP) for index in fixed) - (0 if cut else len(_GAP)) <= width:
            break
        visible = [index for index in visible if headings[index] != heading]
    return visible


def wrapped_table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, terminal: bool, width: int
) -> Iterator[str]:
    """Like ``table``, with the last column wrapped at words.

    Where the last column would be narrow, it is printed below the others, indented.
    """
    cells = [[one_line(cell) for cell in row] for row in (headings, *rows)]
    widths = [max(map(display_width, column)) for column in zip(*cells, strict=True)]
    last_start = sum(widths[:-1]) + len(_GAP) * (len(widths) - 1)
    fits_beside = width - last_start >= 2 * _NARROWEST_LAST
    last_start = last_start if fits_beside else 2 * len(_GAP)
    for index, (*row, last_cell) in enumerate(cells):
        last_lines = [last_cell[start:end] for start, end in row_spans(last_cell, max(width - last_start, 1))]
        first = [*row, last_lines.pop(0)] if fits_beside else row
        for line in (_line(first, widths), *(" " * last_start + line for line in last_lines)):
            yield styled(line, "" if index else "fact", terminal)


def _cut_last(row: Sequence[str], width: int, last_width: int) -> Sequence[str]:
    if not width:
        return row
    return row[:-1] if last_width < _NARROWEST_LAST else [*row[:-1], one_line(row[-1], last_width)]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - display_width(cell)) for cell, width in zip(row, widths, strict=False))
    return _GAP.join(padded).rstrip()


def cut_spans(spans: Spans, width: int) -> Spans:
    """Pieces of a cell, cut together to a width."""
    text = one_line("".join(piece for piece, _ in spans), width)
    cut: Spans = []
    for piece, style in spans:
        if text:
            cut.append((text[: len(piece)], style))
            text = text[len(piece) :]
    return cut
