"""Where an image stands on the screen: which cells it takes, and how the cursor gets there and back."""

from math import ceil

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.image_size import Pixels
from chatmgr.terminal.region import Size


@dataclass(frozen=True, slots=True)
class Placement:
    """The columns and rows that an image takes, and their size in pixels."""

    columns: int
    rows: int
    cell: Pixels


def place(image: Pixels, cell: Pixels, screen: Size) -> Placement:
    """The cells for an image: its own size, but at most the width and half the height of the screen."""
    columns, rows = max(screen[0] - 1, 1), max(screen[1] // 2, 1)
    width, height = image
    scale = min(1.0, columns * cell[0] / width, rows * cell[1] / height)
    taken_columns = min(max(ceil(width * scale / cell[0]), 1), columns)
    taken_rows = min(max(ceil(height * scale / cell[1]), 1), rows)
    return Placement(taken_columns, taken_rows, cell)


def with_reserved_rows(sequence: str, rows: int) -> str:
    """A sequence that draws, as one that leaves the cursor at the start of the row below the image.

    The rows are made first, so that the screen scrolls before the image is drawn and never while it is.
    Terminals disagree about where the cursor is after an image; it is put back to where it was.
    """
    line_feeds = "\n" * rows
    return f"{line_feeds}\x1b[{rows}A\x1b7{sequence}\x1b8\x1b[{rows}B\r"
