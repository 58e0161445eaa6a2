"""What images the terminal can draw, and how large its characters are: asked once, when there is an image.

There is a question for kitty's protocol, sixel is one of the terminal's attributes, and iTerm2's images are
known by the terminal's name. A terminal that gives no answer, one inside tmux or screen, and a pipe draw
nothing.
"""

import os
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from typing import Literal

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.image_size import Pixels
from chatmgr.terminal.queries import ask_terminal, can_be_asked

Protocol = Literal["kitty", "iterm2", "sixel"]
_ASSUMED_CELL = (8, 16)  # pixels
_SMALLEST_CELL, _LARGEST_CELL = (2, 4), (200, 400)
_QUESTION = (
    b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"  # kitty's graphics
    b"\x1b[>q"  # name and version
    b"\x1b[16t"  # the size of a character in pixels
)
_KITTY = re.compile(rb"\x1b_Gi=31[^;]*;OK")
_NAME = re.compile(rb"\x1bP>\|([^\x1b\x07]*)")
_CELL = re.compile(rb"\x1b\[6;(\d{1,4});(\d{1,4})t")
_ATTRIBUTES = re.compile(rb"\x1b\[\?([\d;]*)c")
_SIXEL = b"4"
_INLINE_IMAGES = ("iterm2", "wezterm", "mintty")  # names of terminals that have iTerm2's, in lower case
_PROGRAMS = {"iTerm.app", "WezTerm", "mintty"}  # the same, in TERM_PROGRAM


@dataclass(frozen=True, slots=True)
class Abilities:
    """The protocols that a terminal has, best first, and the width and height of a character in pixels."""

    protocols: tuple[Protocol, ...]
    cell: Pixels = _ASSUMED_CELL


NONE = Abilities(())


def abilities(wanted: str) -> Abilities:
    """What the terminal at stdout can draw: what the setting says, or what it answers (``auto``)."""
    if wanted == "none" or not sys.stdout.isatty() or os.environ.get("TERM") in {None, "", "dumb"}:
        return NONE
    if wanted == "auto":
        return _answered() if can_be_asked() else NONE
    chosen: tuple[Protocol, ...] = tuple(name for name in _ORDER if name == wanted)
    return Abilities(chosen, _cell_of_window() or _ASSUMED_CELL)


_ORDER: tuple[Protocol, ...] = ("kitty", "iterm2", "sixel")


@cache
def _answered() -> Abilities:
    """What the terminal says that it can draw."""
    return read_answers(ask_terminal(_QUESTION))


def read_answers(answers: Iterable[bytes]) -> Abilities:
    """What the answers of a terminal mean."""
    text = b"".join(answers)
    name = _NAME.search(text)
    attributes = _ATTRIBUTES.search(text)
    has_sixel = attributes is not None and _SIXEL in attributes[1].split(b";")[1:]
    program = os.environ.get("TERM_PROGRAM", "")
    has_inline = attributes is not None and (
        (name is not None and name[1].decode("ascii", "replace").lower().startswith(_INLINE_IMAGES))
        or program in _PROGRAMS
        or os.environ.get("LC_TERMINAL") == "iTerm2"
        or (program == "vscode" and has_sixel)  # it has both or none, as its user chose
    )
    known = {"kitty": bool(_KITTY.search(text)), "iterm2": has_inline, "sixel": has_sixel}
    return Abilities(
        tuple(protocol for protocol in _ORDER if known[protocol]),
        _cell_answered(text) or _cell_of_window() or _ASSUMED_CELL,
    )


def _cell_answered(text: bytes) -> Pixels | None:
    answer = _CELL.search(text)
    return _sensible((int(answer[2]), int(answer[1]))) if answer else None


def _cell_of_window() -> Pixels | None:
    """The size of a character, from the size of the window in pixels, where the system knows it."""
    with suppress(ImportError, OSError):
        import fcntl
        import struct
        import termios

        answer = fcntl.ioctl(sys.stdout.fileno(), termios.TIOCGWINSZ, bytes(8))
        rows, columns, width, height = struct.unpack("HHHH", answer)
        if rows and columns:
            return _sensible((width // columns, height // rows))
    return None


def _sensible(cell: Pixels) -> Pixels | None:
    """A size, unless no character can have it."""
    is_sensible = all(
        least <= side <= most for least, side, most in zip(_SMALLEST_CELL, cell, _LARGEST_CELL, strict=True)
    )
    return cell if is_sensible else None
