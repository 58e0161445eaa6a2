"""Drawing one image: the first protocol of the terminal that can show it, as text for the screen."""

from collections.abc import Callable

from chatmgr.domain.image_size import HEAD, Pixels, image_size
from chatmgr.terminal.graphics import conversion, iterm2, kitty, sixel
from chatmgr.terminal.graphics.detection import Abilities, Protocol
from chatmgr.terminal.graphics.drawn_image import DrawnImage
from chatmgr.terminal.graphics.placement import Placement, place, with_reserved_rows
from chatmgr.terminal.region import Size

LARGEST = 16 * 1024 * 1024  # bytes; a terminal takes seconds for more


def draw(data: bytes, abilities: Abilities, screen: Size) -> DrawnImage | None:
    """An image as text that draws it and goes to the row below; None where this terminal cannot."""
    size = image_size(data[:HEAD])
    if size is None or len(data) > LARGEST or size[0] * size[1] > conversion.MOST_PIXELS:
        return None
    placement = place(size, abilities.cell, screen)
    for protocol in abilities.protocols:
        if sequence := _ENCODERS[protocol](data, placement):
            return DrawnImage(with_reserved_rows(sequence, placement.rows))
    return None


def _in_pixels(placement: Placement) -> Pixels:
    return placement.columns * placement.cell[0], placement.rows * placement.cell[1]


def _kitty(data: bytes, placement: Placement) -> str:
    if not kitty.is_sent_as_it_is(data):
        data = conversion.to_png(data, _in_pixels(placement)) if conversion.can_convert() else b""
    return kitty.encode(data, placement) if data else ""


def _sixel(data: bytes, placement: Placement) -> str:
    bitmap = conversion.to_bitmap(data, _in_pixels(placement)) if conversion.can_convert() else None
    return sixel.encode(bitmap) if bitmap else ""


_ENCODERS: dict[Protocol, Callable[[bytes, Placement], str]] = {
    "kitty": _kitty,
    "iterm2": iterm2.encode,
    "sixel": _sixel,
}
