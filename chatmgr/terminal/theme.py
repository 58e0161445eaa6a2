"""The one vocabulary of styles: what a text means decides how it looks, and nobody else names a colour.

A style is a name, or several joined by blanks (``"heading code"``); a theme gives each its SGR parameters.
``auto`` uses the terminal's own sixteen colours, which its user has made readable on any background.
``dark`` and ``light`` also use tints that suit the one or the other. ``none`` has bold, dim, italic and
underlined text and no colour, as has every theme where NO_COLOR is set; so colour alone never says anything.
"""

import os
from collections.abc import Callable
from functools import lru_cache
from typing import Literal, NamedTuple

THEMES = ("auto", "dark", "light", "none")
Style = Literal[
    "",
    "typed",
    "strong",
    "fact",
    "accent",
    "added",
    "removed",
    "done",
    "failed",
    "attention",
    "match",
    "chosen",
    "title",
    "heading",
    "emphasis",
    "struck",
    "code",
    "link",
    "address",
    "comment",
    "keyword",
    "constant",
    "function",
    "class",
    "string",
]
"""The name of one style, or none."""

_AUTO = {
    # What people see of chatmgr.
    "typed": "1",  # the person's words, and what they chose
    "strong": "1",  # headings of lists and questions
    "fact": "2",  # who, when, how much, what keys do
    "accent": "36",  # where you are, and what can be followed
    "added": "32",
    "removed": "31",
    "done": "32",
    "failed": "31",
    "attention": "33",  # needs the person
    "match": "1;33",  # in what a search found
    "chosen": "7",  # the row of a list where the cursor is
    # Markdown.
    "title": "1;4;35",
    "heading": "1;35",
    "emphasis": "3",
    "struck": "9",
    "code": "36",
    "link": "4",
    "address": "2",  # where a link leads
    # Code.
    "comment": "2",
    "keyword": "35",
    "constant": "36",
    "function": "34",
    "class": "1;34",
    "string": "32",
}
# Readable on their own background only: bright or deep colours, and a tint behind code inside a sentence.
_DARK = _AUTO | {
    "typed": "1;97",
    "accent": "96",
    "added": "92",
    "removed": "91",
    "done": "92",
    "failed": "91",
    "attention": "93",
    "match": "1;93",
    "title": "1;4;95",
    "heading": "1;95",
    "code": "38;5;153;48;5;236",
    "keyword": "95",
    "constant": "96",
    "function": "94",
    "class": "1;94",
    "string": "92",
}
_LIGHT = _AUTO | {
    "typed": "1;38;5;18",
    "accent": "38;5;30",
    "added": "38;5;28",
    "removed": "38;5;124",
    "done": "38;5;28",
    "failed": "38;5;124",
    "attention": "38;5;130",
    "match": "1;38;5;130",
    "title": "1;4;38;5;90",
    "heading": "1;38;5;90",
    "code": "38;5;24;48;5;254",
    "keyword": "38;5;90",
    "constant": "38;5;30",
    "function": "38;5;25",
    "class": "1;38;5;25",
    "string": "38;5;28",
}
_PALETTES = {"auto": _AUTO, "dark": _DARK, "light": _LIGHT, "none": _AUTO}
_FIRST_COLOUR = 30  # SGR parameters below it are attributes; in the palettes they come first


class Look(NamedTuple):
    """What the person chose of how text looks: the settings ``theme``, ``prose_width`` and ``code_frame``."""

    theme: str = "auto"
    prose_width: int = 100
    code_frame: bool = False

    def prose(self, width: int) -> int:
        """The columns that prose takes of a screen of this width; 0 as the setting means all."""
        return min(width, self.prose_width or width)


class _ChosenLook:
    """The look, read from its source once."""

    def __init__(self) -> None:
        self._read: Callable[[], Look] = Look
        self.look: Look | None = None

    def choose(self, read: Callable[[], Look]) -> None:
        self._read, self.look = read, None

    def read(self) -> Look:
        self.look = self._read()
        return self.look


_chosen = _ChosenLook()


def choose_look(read: Callable[[], Look]) -> None:
    """Say where the look of this process comes from; it is read when it is first needed."""
    _chosen.choose(read)


def look() -> Look:
    """The look that was chosen, or the default one."""
    return _chosen.look or _chosen.read()


def wants_style(terminal: bool) -> bool:
    """Whether to style text: at a terminal that is not dumb."""
    return terminal and os.environ.get("TERM") != "dumb"


def sgr(style: str) -> str:
    """The SGR sequence that begins a style; empty for none."""
    return _sequence(style, "none" if os.environ.get("NO_COLOR") else look().theme)


@lru_cache(maxsize=512)
def _sequence(style: str, theme: str) -> str:
    parameters = [_PALETTES[theme][name] for name in style.split()]
    if theme == "none":
        parameters = [attributes for part in parameters if (attributes := _attributes(part))]
    return f"\x1b[{';'.join(parameters)}m" if parameters else ""


def _attributes(parameters: str) -> str:
    """The parameters before the first colour."""
    attributes = []
    for code in parameters.split(";"):
        if int(code) >= _FIRST_COLOUR:
            break
        attributes.append(code)
    return ";".join(attributes)


def paint(text: str, style: str) -> str:
    """The text in a style, whatever it is written to."""
    if not (style and text):
        return text
    sequence = sgr(style)
    return f"{sequence}{text}\x1b[0m" if sequence else text


def styled(text: str, style: Style, terminal: bool) -> str:
    """The text in a style, where it is written to a terminal; otherwise unchanged."""
    return paint(text, style) if style and wants_style(terminal) else text
