"""Images on the screen: drawn where the terminal can and the setting ``images`` lets it, else only named."""

from chatmgr.terminal.console import console
from chatmgr.terminal.graphics.picture import Picture
from chatmgr.ui.context import app, markdown


def stored_picture(sha256: str) -> Picture | None:
    """The stored image with this SHA-256 as text that draws it; None where it is not drawn."""
    return _picture(app().reader.items.bytes_of(sha256)) if _is_wanted() else None


def draw_image(data: bytes) -> None:
    """Draw an image on stdout, if it can be drawn."""
    if _is_wanted() and (picture := _picture(data)):
        console.out(picture)


def _is_wanted() -> bool:
    """Whether images are drawn at all: never in a pipe, at a dumb terminal or with ``--plain``."""
    return markdown() and app().settings.get("images") != "none"


def _picture(data: bytes) -> Picture | None:
    from chatmgr.terminal.graphics.detection import abilities
    from chatmgr.terminal.graphics.drawing import make_picture
    from chatmgr.terminal.region import stdout_size

    known = abilities(str(app().settings.get("images")))
    return make_picture(data, known, stdout_size()) if known.protocols else None
