"""What is going on, on stderr: a status line, the model's reasoning as it streams, and progress bars.

At a terminal the status is one line that comes and goes, with the last rows of the reasoning above it; a
thread keeps it animated. Elsewhere each reason to wait is printed once, and reasoning is not shown.
"""

import sys
import threading
import time
from typing import NamedTuple, TextIO

from chatmgr.terminal import spinner
from chatmgr.terminal.console import can_move_cursor, console
from chatmgr.terminal.region import Region, terminal_size
from chatmgr.terminal.sanitize import clean, one_line
from chatmgr.terminal.theme import styled

_REASONING_ROWS = 6
_BAR_WIDTH = 30


class _Row(NamedTuple):
    text: str
    columns: int
    joined: bool = False


class Status:
    """Shows at most one line and a few rows of reasoning; remove them before writing anything else."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._animated = can_move_cursor(stream)
        self._region = Region(self._write, lambda: terminal_size(stream.fileno())) if self._animated else None
        self._lock = threading.Lock()
        self._stop_event: threading.Event | None = None
        self._label, self._timed = "", False
        self._visible = False
        self._reasoning = ""
        self._reasoning_since = 0.0
        self._since = 0.0
        self._last_reason = ""

    @property
    def is_animated(self) -> bool:
        """Whether the line is redrawn in place, and comes and goes."""
        return self._animated

    def waiting_for(self, label: str) -> None:
        """Show what is being waited for, and the seconds since waiting began."""
        if not self._animated:
            return
        with self._lock:
            self._label, self._timed = label, True
            self._since = self._since or time.monotonic()
            self._draw()
            self._start_animation()

    def show(self, text: str, *, brief: bool = False) -> None:
        """Replace the line. A ``brief`` text is skipped where lines cannot be removed again."""
        if self._animated:
            with self._lock:
                self._stop_animation()
                self._label, self._timed = text, False
                self._draw()
        elif self.is_news(text, brief=brief):
            self._last_reason = text.partition(":")[0]
            self._end_reasoning()
            self._stream.write(f"{one_line(text)}\n")
            self._stream.flush()

    def is_news(self, text: str, *, brief: bool) -> bool:
        """Whether ``show`` would print a text where lines cannot be removed again: once for each reason."""
        return not brief and text.partition(":")[0] != self._last_reason

    def add_reasoning(self, text: str) -> None:
        """Show a piece of the model's reasoning, dimmed, before its answer."""
        if not self._animated:
            if self._terminal:
                self._reasoning = "\n"
                self._stream.write(clean(text))
                self._stream.flush()
            return
        with self._lock:
            first = not self._reasoning_since
            self._reasoning_since = self._reasoning_since or time.monotonic()
            self._since, self._label, self._timed = self._reasoning_since, "thinking", True
            self._reasoning = (self._reasoning + clean(text))[-4_000:]
            if first or self._stop_event is None:
                self._draw()
            self._start_animation()

    def answering(self, text: str) -> None:
        """A piece of the answer has come, and is about to be written."""
        self.clear()

    def count_tokens(self, tokens: int) -> None:
        """The provider has counted the answer's tokens, which are not shown here."""

    def clear(self) -> None:
        """Remove everything; of the reasoning, one line stays that says how long it took."""
        if not (self._visible or self._reasoning):
            return
        with self._lock:
            self._stop_animation()
            if self._region and self._visible:
                self._stream.write("\r\x1b[K")
            if self._region and self._reasoning_since:
                summary = f"thought for {max(time.monotonic() - self._reasoning_since, 1):.0f} s"
                self._region.resize()
                self._region.draw([_Row(styled(summary, "fact", True), len(summary))], 1)
                self._since = 0.0
            self._end_reasoning()
            self._visible = console.status_shown = False
            self._reasoning_since, self._label = 0.0, ""
            self._stream.flush()

    def _write(self, text: str) -> None:
        self._stream.write(text)

    def _end_reasoning(self) -> None:
        if self._reasoning and not self._animated:
            self._stream.write("\n")
        self._reasoning = ""

    def _start_animation(self) -> None:
        if self._stop_event is None:
            self._stop_event = threading.Event()
            threading.Thread(target=self._animate, args=(self._stop_event,), daemon=True).start()

    def _stop_animation(self) -> None:
        if self._stop_event:
            self._stop_event.set()
            self._stop_event = None

    def _animate(self, stop_event: threading.Event) -> None:
        while not stop_event.wait(spinner.FRAME_SECONDS):
            with self._lock:
                if stop_event.is_set():
                    return
                try:
                    self._draw()
                except (OSError, ValueError):  # the terminal is gone
                    return

    def _draw(self) -> None:
        if self._region is None:
            return
        if self._visible:
            self._stream.write("\r\x1b[K")
        self._region.resize()
        width = self._region.width
        if self._reasoning:
            self._region.draw(self._reasoning_rows(width))
        text = self._label
        if self._timed:
            now = time.monotonic()
            elapsed = int(now - self._since)
            text = f"{spinner.frame(now)} {text}" + (f" · {elapsed} s" if elapsed else "")
        self._stream.write(f"\r{styled(one_line(text, min(width - 1, 78)), 'fact', True)}\x1b[K")
        self._visible = console.status_shown = True
        self._stream.flush()

    def _reasoning_rows(self, width: int) -> list[_Row]:
        from chatmgr.terminal.markdown.text_layout import wrap_rows

        text = self._reasoning.replace("\t", " ").rstrip()
        rows = [
            _Row(styled(text[start:end], "fact", True), columns)
            for start, end, _, columns in wrap_rows(text, 0, width)
        ]
        return rows[-min(_REASONING_ROWS, self._region.capacity) :] if self._region else rows


class ProgressBar:
    """A progress bar on stderr, drawn only at a terminal.

    Call it with the amount done and the total; it redraws at most ten times a second. What happens ``then``,
    and takes seconds, is said once in its place.
    """

    def __init__(self, label: str, unit: str = "MB", then: str = "") -> None:
        self._label = label
        self._then = then
        self._unit = unit
        self._unit_size = 1_000_000 if unit == "MB" else 1
        self._drawn_at = 0.0

    def __call__(self, done: int, total: int) -> None:
        if not sys.stderr.isatty() or total <= 0:
            return
        now = time.monotonic()
        complete = done >= total
        if not complete and now - self._drawn_at < 0.1:
            return
        self._drawn_at = now
        filled = _BAR_WIDTH * done // total
        bar = "━" * filled + "─" * (_BAR_WIDTH - filled)
        line = (
            f"{self._label} {bar} {done // self._unit_size}/{total // self._unit_size} {self._unit}".rstrip()
        )
        if console.bottom:
            console.bottom.running.show("" if complete else line)
        else:
            sys.stderr.write(f"\r{line}" + ("\r\x1b[K" if complete else ""))
            sys.stderr.flush()
        if complete and self._then:
            console.note(self._then)
            self._then = ""
