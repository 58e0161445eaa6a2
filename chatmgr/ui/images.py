"""Images on the screen: drawn where the terminal can and the setting ``images`` lets it, else only named."""

from collections.abc import Iterable

from chatmgr.domain.model import Attachment
from chatmgr.terminal.console import console
from chatmgr.terminal.graphics.drawn_image import Drawing, DrawnImage
from chatmgr.ui.context import app, markdown


def stored_image(sha256: str) -> DrawnImage | None:
    """The stored image with this SHA-256 as text that draws it; None where it is not drawn."""
    return _drawn(app().reader.items.bytes_of(sha256)) if _is_wanted() else None


def attached_image(files: Iterable[Attachment]) -> Drawing:
    """What draws those of these files that are images, by their SHA-256."""
    contents = {file.sha256: file.data for file in files}
    return lambda sha256: _drawn(contents[sha256]) if _is_wanted() else None


def draw_image(data: bytes) -> None:
    """Draw an image on stdout, if it can be drawn."""
    if _is_wanted() and (drawn := _drawn(data)):
        console.out(drawn)


def _is_wanted() -> bool:
    """Whether images are drawn at all: never in a pipe, at a dumb terminal or with ``--plain``."""
    return markdown() and app().settings.get("images") != "none"


def _drawn(data: bytes) -> DrawnImage | None:
    from chatmgr.terminal.graphics.detection import abilities
    from chatmgr.terminal.graphics.drawing import draw
    from chatmgr.terminal.region import stdout_size

    known = abilities(str(app().settings.get("images")))
    return draw(data, known, stdout_size()) if known.protocols else None
