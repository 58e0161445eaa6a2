"""Decoding images for terminals that do not decode them themselves; needs Pillow (the extra ``images``).

The bytes are hostile. Only four formats are opened, the size that the decoder expects is checked before it
decodes anything, and whatever goes wrong means that the image is not drawn.
"""

import warnings
from io import BytesIO
from typing import TYPE_CHECKING

from chatmgr.domain.image_size import Pixels
from chatmgr.terminal.graphics.sixel import TRANSPARENT, Bitmap

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 40_000_000  # of a file: decoding it takes four bytes of memory for each
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
_COLOURS = 255
_VISIBLE = 128  # of 255: a pixel that is less opaque is left out


def can_convert() -> bool:
    """Whether Pillow is installed."""
    from importlib.util import find_spec

    return find_spec("PIL") is not None


def to_png(data: bytes, within: Pixels) -> bytes:
    """An image as PNG, no larger than it is shown; empty where it cannot be decoded."""
    image = _opened(data, within)
    if image is None:
        return b""
    stream = BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def to_bitmap(data: bytes, within: Pixels) -> Bitmap | None:
    """An image in at most 255 colours, no larger than it is shown; None where it cannot be decoded."""
    image = _opened(data, within)
    if image is None:
        return None
    opaque = image.getchannel("A").tobytes()
    reduced = image.convert("RGB").quantize(_COLOURS)
    channels = (reduced.getpalette("RGB") or [])[: _COLOURS * 3]
    palette = list(zip(channels[::3], channels[1::3], channels[2::3], strict=True))
    pixels = [
        number if alpha >= _VISIBLE else TRANSPARENT
        for number, alpha in zip(reduced.tobytes(), opaque, strict=True)
    ]
    return Bitmap(image.size, palette, pixels)


def _opened(data: bytes, within: Pixels) -> "Image | None":
    """The first frame of an image with its transparency, scaled down to fit."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a decompression bomb is first of all a warning
            with Image.open(BytesIO(data), formats=_FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    return None
                image.draft("RGB", within)
                shown = image.convert("RGBA")
                shown.thumbnail(within)
                return shown
    except Exception:  # hostile bytes: decoders fail in ways that no list of errors covers
        return None
