"""Telling a person who looks elsewhere that something is done: the bell, or the terminal's notifications.

OSC 9 and OSC 777 make the window's desktop show a text; the bell marks the window or its tab. Which of them a
terminal has cannot be asked, so ``auto`` goes by its name and rings at all others. The text ends up on
somebody's desktop, perhaps on a locked screen: it holds no word of a message.
"""

import os
import re
import sys
from functools import cache
from typing import Literal

from chatmgr.terminal.console import write_sequence
from chatmgr.terminal.focus import window_focus
from chatmgr.terminal.queries import ask_terminal, can_be_asked
from chatmgr.terminal.sanitize import one_line

Way = Literal["bell", "osc9", "osc777"]
_LONGEST = 100  # characters
_OSC_9 = frozenset({"iTerm.app", "WezTerm", "ghostty", "WarpTerminal"})  # in TERM_PROGRAM
_OSC_9_TERMS = ("xterm-kitty", "xterm-ghostty", "wezterm")
_OSC_777_TERMS = ("foot", "rxvt", "contour")
_ARE_REPORTS_ON = b"\x1b[?1004$p"
_REPORTS_ARE_KNOWN = re.compile(rb"\x1b\[\?1004;[13]\$y")


def way_of(setting: str) -> Way:
    """How to notify: as the setting says, or as the terminal is known to (``auto``)."""
    if setting == "osc9":
        return "osc9"
    if setting == "osc777":
        return "osc777"
    environment, term = os.environ, os.environ.get("TERM", "")
    if setting == "bell" or environment.get("TMUX") or environment.get("STY"):
        return "bell"
    if environment.get("TERM_PROGRAM") in _OSC_9 or term.startswith(_OSC_9_TERMS):
        return "osc9"
    return "osc777" if term.startswith(_OSC_777_TERMS) else "bell"


def notification(text: str, way: Way) -> str:
    """What the terminal is sent."""
    shown = one_line(text, _LONGEST)
    if way == "bell":
        return "\a"
    if way == "osc9":
        return f"\x1b]9;{shown}\x1b\\"
    return f"\x1b]777;notify;chatmgr;{shown.replace(';', ',')}\x1b\\"


def notify(text: str, way: Way) -> None:
    """Send a notification to the terminal."""
    sys.stdout.flush()
    write_sequence(notification(text, way).encode("utf-8", "replace"))


def may_look_elsewhere() -> bool:
    """Whether the person looks at another window, or may; the terminal is asked if it reported nothing."""
    return window_focus.may_be_elsewhere(_reports_focus)


@cache
def _reports_focus() -> bool:
    """Whether the terminal says that it reports its focus now; it is asked once."""
    return can_be_asked() and any(map(_REPORTS_ARE_KNOWN.match, ask_terminal(_ARE_REPORTS_ON)))
