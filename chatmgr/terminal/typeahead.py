"""Typing ahead: what is typed while an answer streams is kept for the lines after it.

While a turn runs the terminal echoes nothing and hands over every key at once, Ctrl-C excepted, which
still interrupts; a thread takes the bytes away, for a terminal keeps 4,096 of them and drops or blocks
the rest. Pastes are bracketed, so that the line breaks in one are not taken for Enter. At the end the
bytes go through the same parser as keys that are pressed at the prompt: one that was cut in two by
the end of the turn is put together again there.
"""

import codecs
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType
from typing import Any

_PASTE_ON, _PASTE_OFF = b"\x1b[?2004h", b"\x1b[?2004l"
_CHUNK = 65_536
_HALF_A_CHARACTER = 0.1  # seconds for the rest of a character whose first byte has come
_watching: "list[TypeAhead]" = []
_early: list[tuple[ExitStack, list[str]]] = []


class TypeAhead:
    """Watches one terminal while turns run; ``deliver`` gets what was typed, as text."""

    def __init__(self, fd: int, deliver: Callable[[str], None]) -> None:
        self._fd = fd
        self._deliver = deliver
        self._kept = bytearray()
        self._before: list[Any] | None = None
        self._wake = -1
        self._thread: threading.Thread | None = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Keep what is typed in this block; the terminal is as before on every way out."""
        _watching.append(self)
        terminated = signal.signal(signal.SIGTERM, self._terminated)
        continued = signal.signal(signal.SIGCONT, self._continued)
        try:
            self._begin()
            yield
        finally:
            self._end()
            _watching.remove(self)
            signal.signal(signal.SIGTERM, terminated)
            signal.signal(signal.SIGCONT, continued)
            if text := self._text():
                self._deliver(text)

    @contextmanager
    def pausing(self) -> Iterator[None]:
        """Somebody else asks the person something in the middle of a turn."""
        self._end()
        try:
            yield
        finally:
            self._begin()

    def _begin(self) -> None:
        import termios

        try:
            self._before = termios.tcgetattr(self._fd)
        except termios.error:
            return  # the terminal is gone
        self._quiet()
        reading, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._read, args=(reading,), name="typeahead", daemon=True)
        self._thread.start()

    def _quiet(self) -> None:
        import termios

        with suppress(termios.error):
            mode = termios.tcgetattr(self._fd)
            mode[0] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR)  # Enter as the line editor sees it
            mode[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
            mode[3] |= termios.ISIG | termios.NOFLSH  # Ctrl-C does not throw away what was typed before it
            mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
            termios.tcsetattr(self._fd, termios.TCSANOW, mode)
            _write(_PASTE_ON)

    def _end(self) -> None:
        import termios

        if self._before is None:
            return
        if self._thread is not None:
            os.close(self._wake)
            self._thread.join()
            self._thread = None
        _write(_PASTE_OFF)
        with suppress(termios.error):
            termios.tcsetattr(self._fd, termios.TCSANOW, self._before)
        self._before = None

    def _read(self, wake: int) -> None:
        """Take bytes away until the other end of ``wake`` is closed, then what is left."""
        try:
            while True:
                ready = select.select([self._fd, wake], [], [])[0]
                if self._fd in ready:
                    if not self._take():
                        select.select([wake], [], [])  # the terminal is gone: wait for the end
                        return
                elif wake in ready:
                    while _half(self._kept) and select.select([self._fd], [], [], _HALF_A_CHARACTER)[0]:
                        if not self._take():
                            break
                    return
        finally:
            os.close(wake)

    def _take(self) -> bool:
        try:
            data = os.read(self._fd, _CHUNK)
        except OSError:
            return False
        self._kept += data
        return bool(data)

    def _text(self) -> str:
        text = bytes(self._kept).decode("utf-8", "surrogateescape")
        self._kept.clear()
        return text

    def _terminated(self, number: int, frame: FrameType | None) -> None:
        """Die of the signal as one would without this handler, but leave the terminal usable."""
        self._end()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _continued(self, number: int, frame: FrameType | None) -> None:
        """Back from Ctrl-Z: the shell has put its own mode on the terminal."""
        if self._before is not None:
            self._quiet()


def _half(data: bytearray) -> bool:
    """Whether the last character has begun and not ended."""
    decoder = codecs.getincrementaldecoder("utf-8")("ignore")
    decoder.decode(bytes(data[-3:]))
    return bool(decoder.getstate()[0])


def _write(sequence: bytes) -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream.isatty():
            with suppress(OSError):
                os.write(stream.fileno(), sequence)
            return


@contextmanager
def early() -> Iterator[None]:
    """Before a chat's first line: what is typed is not echoed, and kept for that line; also a decorator."""
    from chatmgr.chat.input.prompt import can_draw

    if os.name != "posix" or not can_draw():
        yield
        return
    kept: list[str] = []
    with ExitStack() as stack:
        stack.enter_context(TypeAhead(sys.stdin.fileno(), kept.append).watching())
        _early.append((stack, kept))
        try:
            yield
        finally:
            _early.clear()


def taken() -> str:
    """What was typed before the chat's first line, which now takes over the terminal."""
    if not _early:
        return ""
    stack, kept = _early.pop()
    stack.close()
    return "".join(kept)


@contextmanager
def paused() -> Iterator[None]:
    """The terminal as it was before the turn, for a question in the middle of it; also a decorator."""
    if not _watching:
        yield
        return
    with _watching[-1].pausing():
        yield
