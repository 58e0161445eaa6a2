"""Sixel: pixels in bands of six rows, colour by colour, as DEC's terminals took them.

Source: https://vt100.net/docs/vt3xx-gp/chapter14.html
"""

import re
from collections.abc import Iterator, Sequence

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.image_size import Pixels

TRANSPARENT = -1  # the colour of a pixel that is left as it is
_BAND = 6  # rows of pixels in one sixel
_EMPTY = 63  # "?", a sixel without pixels; each row of it adds a power of two
_REPEATED = re.compile(r"(.)\1{3,}")


@dataclass(frozen=True, slots=True)
class Bitmap:
    """An image of few colours: numbers in ``palette`` (red, green, blue, 0 to 255), row by row."""

    size: Pixels
    palette: Sequence[tuple[int, int, int]]
    pixels: Sequence[int]


def encode(bitmap: Bitmap) -> str:
    """The sequence that draws a bitmap at the cursor. Pixels that no colour covers are left as they are."""
    width, height = bitmap.size
    colours = "".join(
        f"#{number};2;{red * 100 // 255};{green * 100 // 255};{blue * 100 // 255}"
        for number, (red, green, blue) in enumerate(bitmap.palette)
    )
    bands = "-".join(_bands(bitmap))
    return f'\x1bP0;1;0q"1;1;{width};{height}{colours}{bands}\x1b\\'


def _bands(bitmap: Bitmap) -> Iterator[str]:
    """Each six rows of pixels, colour after colour on top of each other."""
    width, height = bitmap.size
    for top in range(0, height, _BAND):
        rows: dict[int, bytearray] = {}
        for line in range(min(_BAND, height - top)):
            bit, start = 1 << line, (top + line) * width
            for column, colour in enumerate(bitmap.pixels[start : start + width]):
                if colour == TRANSPARENT:
                    continue
                if colour not in rows:
                    rows[colour] = bytearray(b"?" * width)
                rows[colour][column] += bit
        yield "$".join(f"#{colour}{_shortened(row)}" for colour, row in sorted(rows.items()))


def _shortened(row: bytearray) -> str:
    """A row of sixels with repeats counted, without the empty ones at its end."""
    text = row.decode("ascii").rstrip(chr(_EMPTY))
    return _REPEATED.sub(lambda match: f"!{len(match[0])}{match[1]}", text)
