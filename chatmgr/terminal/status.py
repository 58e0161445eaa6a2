"""What is going on, on stderr: what is waited for, how long already, and what the model thinks.

At a terminal this is one line that comes and goes, above it the end of what the model thinks; a thread
keeps it alive. Elsewhere each reason to wait is said once, and thoughts are not shown.
"""

import threading
import time
from typing import NamedTuple, TextIO

from chatmgr.terminal.console import moves, styled
from chatmgr.terminal.region import Region, size_of
from chatmgr.terminal.sanitize import clean, one_line

_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_BEAT = 0.1
_THOUGHTS = 6  # rows of thoughts that are shown


class _Row(NamedTuple):
    text: str
    columns: int
    joined: bool = False


class Status:
    """Shows at most one line and a few rows of thoughts; takes them away before anything else is written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._alive = moves(stream)
        self._region = Region(self._put, lambda: size_of(stream.fileno())) if self._alive else None
        self._lock = threading.Lock()
        self._stop: threading.Event | None = None
        self._line, self._spins = "", False
        self._shown = False
        self._thoughts = ""
        self._thinking = 0.0
        self._began = 0.0
        self._said = ""

    def wait(self, what: str) -> None:
        """Say what is waited for, and count the seconds since this was first said."""
        if not self._alive:
            return
        with self._lock:
            self._line, self._spins = what, True
            self._began = self._began or time.monotonic()
            self._draw()
            self._beat()

    def show(self, text: str, *, brief: bool = False) -> None:
        """Replace the line; what is ``brief`` is not worth a line where none can be taken away."""
        if self._alive:
            with self._lock:
                self._still()
                self._line, self._spins = text, False
                self._draw()
        elif not brief and text.partition(":")[0] != self._said:
            self._said = text.partition(":")[0]
            self._end_thought()
            self._stream.write(f"{one_line(text)}\n")
            self._stream.flush()

    def think(self, text: str) -> None:
        """A piece of the model's thoughts, dimmed, before its answer."""
        if not self._alive:
            if self._terminal:
                self._thoughts = "\n"
                self._stream.write(clean(text))
                self._stream.flush()
            return
        with self._lock:
            first = not self._thinking
            self._thinking = self._thinking or time.monotonic()
            self._began, self._line, self._spins = self._thinking, "thinking", True
            self._thoughts = (self._thoughts + clean(text))[-4_000:]
            if first or self._stop is None:
                self._draw()
            self._beat()

    def clear(self) -> None:
        """Take everything away; of thoughts one line stays."""
        if not (self._shown or self._thoughts):
            return
        with self._lock:
            self._still()
            if self._region and self._shown:
                self._stream.write("\r\x1b[K")
            if self._region and self._thinking:
                took = f"thought for {max(time.monotonic() - self._thinking, 1):.0f} s"
                self._region.adapt()
                self._region.draw([_Row(styled(took, "dim", True), len(took))], 1)
                self._began = 0.0
            self._end_thought()
            self._shown, self._thinking, self._line = False, 0.0, ""
            self._stream.flush()

    def _put(self, text: str) -> None:
        self._stream.write(text)

    def _end_thought(self) -> None:
        if self._thoughts and not self._alive:
            self._stream.write("\n")
        self._thoughts = ""

    def _beat(self) -> None:
        if self._stop is None:
            self._stop = threading.Event()
            threading.Thread(target=self._keep_alive, args=(self._stop,), daemon=True).start()

    def _still(self) -> None:
        if self._stop:
            self._stop.set()
            self._stop = None

    def _keep_alive(self, stop: threading.Event) -> None:
        while not stop.wait(_BEAT):
            with self._lock:
                if stop.is_set():
                    return
                try:
                    self._draw()
                except (OSError, ValueError):  # the terminal is gone
                    return

    def _draw(self) -> None:
        if self._region is None:
            return
        if self._shown:
            self._stream.write("\r\x1b[K")
        self._region.adapt()
        width = self._region.width
        if self._thoughts:
            self._region.draw(self._last_thoughts(width))
        line = self._line
        if self._spins:
            seconds = int(time.monotonic() - self._began)
            beat = _SPINNER[int(time.monotonic() / _BEAT) % len(_SPINNER)]
            line = f"{beat} {line}" + (f" · {seconds} s" if seconds else "")
        self._stream.write(f"\r{styled(one_line(line, min(width - 1, 78)), 'dim', True)}\x1b[K")
        self._shown = True
        self._stream.flush()

    def _last_thoughts(self, width: int) -> list[_Row]:
        from chatmgr.terminal.markdown.text_layout import wrapped

        text = self._thoughts.replace("\t", " ").rstrip()
        rows = [
            _Row(styled(text[start:end], "dim", True), size)
            for start, end, _, size in wrapped(text, 0, width)
        ]
        return rows[-min(_THOUGHTS, self._region.room) :] if self._region else rows
