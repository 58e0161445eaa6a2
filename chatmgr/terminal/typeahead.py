"""Typing ahead: what is typed while an answer streams is kept for the following lines.

During a turn the terminal echoes nothing and delivers every key at once, except that Ctrl-C still
interrupts. A thread reads the bytes, since a terminal buffers only 4,096 of them and drops or blocks the
rest. Pastes are bracketed, so that their line breaks are not taken for Enter. At the end the bytes go
through the same parser as keys pressed at the prompt, which also completes a key sequence that the end
of the turn cut in two.
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
_CHARACTER_SECONDS = 0.1  # seconds to wait for the rest of a character whose first byte has arrived
_active: "list[TypeAhead]" = []
_early_stack: list[tuple[ExitStack, list[str]]] = []


class TypeAhead:
    """Keeps what is typed at one terminal while a turn runs.

    ``deliver`` is called once at the end, with the text, if anything was typed.
    """

    def __init__(self, fd: int, deliver: Callable[[str], None]) -> None:
        self._fd = fd
        self._deliver = deliver
        self._buffer = bytearray()
        self._saved_mode: list[Any] | None = None
        self._wake_fd = -1
        self._thread: threading.Thread | None = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Keep what is typed within this block; the terminal's mode is restored however the block ends."""
        _active.append(self)
        sigterm_handler = signal.signal(signal.SIGTERM, self._on_sigterm)
        sigcont_handler = signal.signal(signal.SIGCONT, self._on_sigcont)
        try:
            self._start()
            yield
        finally:
            self._stop()
            _active.remove(self)
            signal.signal(signal.SIGTERM, sigterm_handler)
            signal.signal(signal.SIGCONT, sigcont_handler)
            if text := self._take_text():
                self._deliver(text)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Give the terminal back within this block, for a question in the middle of a turn."""
        self._stop()
        try:
            yield
        finally:
            self._start()

    def _start(self) -> None:
        import termios

        try:
            self._saved_mode = termios.tcgetattr(self._fd)
        except termios.error:
            return  # the terminal is gone
        self._silence_terminal()
        wake_reader, self._wake_fd = os.pipe()
        self._thread = threading.Thread(
            target=self._read_until_woken, args=(wake_reader,), name="typeahead", daemon=True
        )
        self._thread.start()

    def _silence_terminal(self) -> None:
        import termios

        with suppress(termios.error):
            mode = termios.tcgetattr(self._fd)
            mode[0] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR)  # Enter as the line editor sees it
            mode[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
            mode[3] |= termios.ISIG | termios.NOFLSH  # Ctrl-C does not throw away what was typed before it
            mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
            termios.tcsetattr(self._fd, termios.TCSANOW, mode)
            _write_sequence(_PASTE_ON)

    def _stop(self) -> None:
        import termios

        if self._saved_mode is None:
            return
        if self._thread is not None:
            os.close(self._wake_fd)
            self._thread.join()
            self._thread = None
        _write_sequence(_PASTE_OFF)
        with suppress(termios.error):
            termios.tcsetattr(self._fd, termios.TCSANOW, self._saved_mode)
        self._saved_mode = None

    def _read_until_woken(self, wake_fd: int) -> None:
        """Read bytes until the other end of ``wake_fd`` is closed, then what is left."""
        try:
            while True:
                ready = select.select([self._fd, wake_fd], [], [])[0]
                if self._fd in ready:
                    if not self._read_chunk():
                        select.select([wake_fd], [], [])  # the terminal is gone: wait for the end
                        return
                elif wake_fd in ready:
                    while (
                        _ends_mid_character(self._buffer)
                        and select.select([self._fd], [], [], _CHARACTER_SECONDS)[0]
                    ):
                        if not self._read_chunk():
                            break
                    return
        finally:
            os.close(wake_fd)

    def _complete_character(self) -> None:
        while _ends_mid_character(self._buffer):
            ready = select.select([self._fd], [], [], _CHARACTER_SECONDS)[0]
            if not ready or not self._read_chunk():
                return

    def _read_chunk(self) -> bool:
        try:
            chunk = os.read(self._fd, _CHUNK)
        except OSError:
            return False
        self._buffer += chunk
        return bool(chunk)

    def _take_text(self) -> str:
        text = bytes(self._buffer).decode("utf-8", "surrogateescape")
        self._buffer.clear()
        return text

    def _on_sigterm(self, signum: int, frame: FrameType | None) -> None:
        """Restore the terminal, then die of the signal as without this handler."""
        self._stop()
        signal.signal(signum, signal.SIG_DFL)
        os.kill(os.getpid(), signum)

    def _on_sigcont(self, signum: int, frame: FrameType | None) -> None:
        """Back from Ctrl-Z: the shell has set its own mode on the terminal."""
        if self._saved_mode is not None:
            self._silence_terminal()


def _ends_mid_character(data: bytearray) -> bool:
    """Whether the last UTF-8 character is incomplete."""
    decoder = codecs.getincrementaldecoder("utf-8")("ignore")
    decoder.decode(bytes(data[-3:]))
    return bool(decoder.getstate()[0])


def _write_sequence(sequence: bytes) -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream.isatty():
            with suppress(OSError):
                os.write(stream.fileno(), sequence)
            return


@contextmanager
def early_typeahead() -> Iterator[None]:
    """Keep what is typed, without echo, before a chat's first line. Also a decorator."""
    from chatmgr.terminal.console import can_edit_lines

    if os.name != "posix" or not can_edit_lines():
        yield
        return
    pieces: list[str] = []
    with ExitStack() as stack:
        stack.enter_context(TypeAhead(sys.stdin.fileno(), pieces.append).watching())
        _early_stack.append((stack, pieces))
        try:
            yield
        finally:
            _early_stack.clear()


def take_early_text() -> str:
    """Stop early type-ahead and return its text; the chat's first line now takes over the terminal."""
    if not _early_stack:
        return ""
    stack, pieces = _early_stack.pop()
    stack.close()
    return "".join(pieces)


@contextmanager
def typeahead_paused() -> Iterator[None]:
    """Suspend type-ahead within this block, for a question in the middle of a turn. Also a decorator."""
    if not _active:
        yield
        return
    with _active[-1].paused():
        yield
