"""What a chat has the terminal do with keys while a turn runs: mark pastes, and report its window's focus."""

from chatmgr.terminal.focus import REPORTS_OFF, REPORTS_ON, window_focus

_PASTE_ON, _PASTE_OFF = b"\x1b[?2004h", b"\x1b[?2004l"


def modes_on() -> bytes:
    """The sequence for the beginning, and after whatever else had the terminal meanwhile."""
    if not window_focus.wanted:
        return _PASTE_ON
    window_focus.forget()
    return _PASTE_ON + REPORTS_ON


def modes_off() -> bytes:
    """The sequence for the end, and before anything else gets the terminal."""
    return REPORTS_OFF + _PASTE_OFF if window_focus.wanted else _PASTE_OFF
