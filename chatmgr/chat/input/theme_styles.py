"""The theme's styles as prompt_toolkit takes them, for the input line and full-screen lists."""

from prompt_toolkit.formatted_text import ANSI, to_formatted_text
from prompt_toolkit.styles import Style

from chatmgr.terminal import theme


def theme_style(*names: str, **classes: str) -> Style:
    """A style sheet with a class for each named style of the theme, and the ``classes`` in its own words."""
    return Style.from_dict({name: _definition(name) for name in names} | classes)


def _definition(name: str) -> str:
    """What a style of the theme is called by prompt_toolkit, which reads the theme's own sequences."""
    style = to_formatted_text(ANSI(theme.paint("x", name)))[0][0]
    return style if "reverse" in style else f"noreverse {style}"
