"""Layout of tables: as wide as they need to be; where that is too wide, cells wrap.

If there are more columns than fit on the screen, each row becomes a short list instead.
"""

from collections.abc import Iterator
from functools import lru_cache

from chatmgr.terminal.markdown.inline import inline_styled
from chatmgr.terminal.markdown.leaf_blocks import Table
from chatmgr.terminal.markdown.patterns import table_cells
from chatmgr.terminal.markdown.text_layout import ScreenRow, max_columns, paint_span, wrap_rows
from chatmgr.terminal.theme import paint

_MIN_COLUMN = 6
_GAP = 3  # columns of " │ "
_ROW_STRIDE = 100_000  # larger than the screen rows of any table row


def table_rows(leaf: Table, width: int) -> Iterator[ScreenRow]:
    """The screen rows of a table leaf; their ``end`` counts _ROW_STRIDE for each table row."""
    leader = leaf.leader or leaf
    headings = table_cells(leader.rows[0])
    natural = _natural_widths(tuple(leader.rows), len(headings))
    widths = _fit_widths(natural, width)
    numbered = enumerate(leaf.rows, 1)
    if widths is None:
        if not leaf.leader:
            next(numbered)
        for number, row in numbered:
            yield from _list_row(headings, table_cells(row), number, width)
        if not leaf.leader and len(leaf.rows) == 1:
            yield from _list_row(headings, [], 1, width)
        return
    for number, row in numbered:
        is_head = number == 1 and not leaf.leader
        yield from _grid_row(table_cells(row), leaf.aligns, widths, number, "strong" if is_head else "")
        if is_head:
            yield ScreenRow(
                paint("─┼─".join("─" * width for width in widths), "fact"),
                sum(widths) + 3 * len(widths) - 3,
                _ROW_STRIDE,
            )


@lru_cache(maxsize=4)
def _natural_widths(rows: tuple[str, ...], count: int) -> tuple[int, ...]:
    """The width that each column needs for its contents."""
    widths = [1] * count
    for row in rows:
        for column, cell in enumerate(table_cells(row)[:count]):
            widths[column] = max(widths[column], max_columns(inline_styled(cell)[0]))
    return tuple(widths)


def _fit_widths(natural: tuple[int, ...], width: int) -> list[int] | None:
    """Column widths that fit, reduced from the widest; None if not even narrow ones do."""
    available = width - _GAP * (len(natural) - 1)
    if sum(natural) <= available:
        return list(natural)
    if sum(min(column_width, _MIN_COLUMN) for column_width in natural) > available:
        return None
    low, high = _MIN_COLUMN, max(natural)
    while low < high:  # find the largest limit under which all columns fit
        middle = (low + high + 1) // 2
        if sum(min(column_width, middle) for column_width in natural) <= available:
            low = middle
        else:
            high = middle - 1
    widths = [min(column_width, low) for column_width in natural]
    spare = available - sum(widths)
    for column, column_width in enumerate(natural):
        extra = min(spare, column_width - widths[column])
        widths[column] += extra
        spare -= extra
    return widths


def _grid_row(
    cells: list[str], aligns: tuple[str, ...], widths: list[int], number: int, base_style: str
) -> Iterator[ScreenRow]:
    wrapped_cells: list[list[tuple[str, int]]] = []
    for column, width in enumerate(widths):
        text, runs = inline_styled(cells[column] if column < len(cells) else "", base_style)
        wrapped_cells.append(
            [
                (paint_span(text, runs, start, end), columns)
                for start, end, _, columns in wrap_rows(text, 0, width)
            ]
        )
    height = max(map(len, wrapped_cells))
    separator = paint(" │ ", "fact")
    for index in range(height):
        parts = []
        for cell_lines, width, align in zip(wrapped_cells, widths, aligns, strict=True):
            text, columns = cell_lines[index] if index < len(cell_lines) else ("", 0)
            padding = max(width - columns, 0)
            left_padding = {"<": 0, ">": padding, "^": padding // 2}[align]
            parts.append(" " * left_padding + text + " " * (padding - left_padding))
        line = separator.join(parts).rstrip(" ")
        yield ScreenRow(line, sum(widths) + _GAP * (len(widths) - 1), (number - 1) * _ROW_STRIDE + index + 1)


def _list_row(headings: list[str], cells: list[str], number: int, width: int) -> Iterator[ScreenRow]:
    """A table row as lines of ``heading: cell``."""
    end_position = (number - 1) * _ROW_STRIDE
    for column, heading in enumerate(headings):
        label, runs = inline_styled(heading, "strong")
        cell, cell_runs = inline_styled(cells[column] if column < len(cells) else "")
        text = f"{label}: {cell}"
        all_runs = (
            *runs,
            (len(label) + 2, "strong"),
            *((end + len(label) + 2, style) for end, style in cell_runs),
        )
        for start, end, _, columns in wrap_rows(text, 0, width):
            end_position += 1
            yield ScreenRow(paint_span(text, all_runs, start, end), columns, end_position)
    yield ScreenRow(paint("─" * min(width, 20), "fact"), min(width, 20), end_position + 1)
