"""Ctrl-Z while rows stay at the bottom of the screen: they are removed, and drawn again after ``fg``."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from chatmgr.terminal.bottom_area import BottomArea
from chatmgr.terminal.console import write_sequence
from chatmgr.terminal.input_modes import modes_off


@contextmanager
def redrawn_after_stop(area: BottomArea) -> Iterator[None]:
    """Within this block, the process may be stopped and continued without leaving the area's rows behind.

    The terminal's mode is the business of whoever has silenced it, when the process continues.
    """
    if sys.platform == "win32":
        yield
        return

    def stop(signum: int, frame: FrameType | None) -> None:
        was_shown = area.hide_in_handler()
        write_sequence(modes_off())
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)  # comes back when the process continues
        signal.signal(signal.SIGTSTP, stop)
        if was_shown:
            area.show_soon()

    before = signal.signal(signal.SIGTSTP, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, before)
