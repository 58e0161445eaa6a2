"""Links that a terminal opens itself (OSC 8), where it is known to have them."""

import os
import re
import sys
from urllib.parse import urlsplit

_PROGRAMS = frozenset(
    {"iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "Tabby", "rio", "mintty", "WarpTerminal"}
)
_TERMS = frozenset({"xterm-kitty", "alacritty", "foot", "foot-extra", "xterm-ghostty", "contour", "wezterm"})
_SIGNS = ("KITTY_WINDOW_ID", "WT_SESSION", "KONSOLE_VERSION", "DOMTERM")
_FIRST_VTE = 5000  # the version of the library behind GNOME's terminals that first had them
_SAFE = re.compile(r"https?://[!-~]{1,2000}")


def has_hyperlinks() -> bool:
    """Whether stdout is a terminal that is known to show hyperlinks."""
    environment = os.environ
    if not sys.stdout.isatty() or environment.get("TERM", "") in {"", "dumb", "linux"}:
        return False
    vte = environment.get("VTE_VERSION", "")
    return (
        environment.get("TERM_PROGRAM") in _PROGRAMS
        or environment["TERM"] in _TERMS
        or any(environment.get(sign) for sign in _SIGNS)
        or (vte.isdigit() and int(vte) >= _FIRST_VTE)
    )


def hyperlink(url: str, text: str) -> str:
    """A cleaned text that leads to an address that has a ``host_of``."""
    return f"\x1b]8;;{url}\x1b\\{text}\x1b]8;;\x1b\\"


def host_of(url: str) -> str:
    """Where an address leads, for people; empty for one that a terminal should not be given."""
    try:
        return (urlsplit(url).hostname or "") if _SAFE.fullmatch(url) else ""
    except ValueError:
        return ""
