"""Whether the terminal's window has the focus, as far as the terminal reports that.

A terminal that is asked to sends ``CSI I`` and ``CSI O`` among the keys when its window gets and loses the
focus. The parser of the chat's keys drops them, and says so here.
"""

from collections.abc import Callable

REPORTS_ON, REPORTS_OFF = b"\x1b[?1004h", b"\x1b[?1004l"
_GOT, _LOST = "\x1b[I", "\x1b[O"


class WindowFocus:
    """What the terminal has reported.

    ``wanted``: it reports while a turn of the chat runs. Elsewhere nobody could take the reports out of what
    is typed.
    """

    def __init__(self) -> None:
        self.wanted = False
        self._has_focus: bool | None = None

    def forget(self) -> None:
        """Reports begin now."""
        self._has_focus = None

    def take_report(self, sequence: str) -> None:
        """Take a sequence that the terminal has sent; one that is no report says nothing."""
        if sequence in {_GOT, _LOST}:
            self._has_focus = sequence == _GOT

    def may_be_elsewhere(self, knows_reports: Callable[[], bool]) -> bool:
        """Whether the person looks at another window, or may.

        A terminal that knows reports and has sent none has had the focus all the time; ``knows_reports`` is
        only called if that matters.
        """
        if self._has_focus is None:
            return not (self.wanted and knows_reports())
        return not self._has_focus


window_focus = WindowFocus()
