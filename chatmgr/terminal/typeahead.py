"""Typing ahead: what is typed while an answer streams is kept for the following lines.

As long as a chat has the terminal, it echoes nothing and delivers every key at once, except that Ctrl-C
still interrupts. During a turn a thread reads the bytes, since a terminal buffers only 4,096 of them and
drops or blocks the rest. Pastes are bracketed, so that their line breaks are not taken for Enter. At the end
the bytes go through the same parser as keys pressed at the prompt, which also completes a key sequence that
the end of the turn cut in two.
"""

import codecs
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from types import FrameType
from typing import Any, Protocol

from chatmgr.domain.interrupts import interrupts
from chatmgr.terminal.console import can_edit_lines, console, write_sequence
from chatmgr.terminal.input_modes import modes_off, modes_on

if sys.platform != "win32":
    import termios

_SHOW_CURSOR = b"\x1b[?25h"
_CLEAR_LINE = b"\r\x1b[K"
_CTRL_C = b"\x03"
_CHUNK = 65_536
_CHARACTER_SECONDS = 0.1  # seconds to wait for the rest of a character whose first byte has arrived
_quiet: "list[QuietTerminal]" = []
_active: "list[Pausable]" = []
_early_stack: list[tuple[ExitStack, list[str]]] = []
_typed_between: "list[bytes]" = []  # while a chat had the terminal asked something between two lines


class Pausable(Protocol):
    """Whoever takes what is typed during a turn, and can leave the terminal to others."""

    def paused(self) -> AbstractContextManager[None]: ...
    def keep(self, typed: bytes) -> None: ...


class QuietTerminal:
    """A terminal that echoes nothing and delivers every key at once, as long as a chat has it.

    The line editor has a mode of its own; between it and a turn nothing may appear on the screen either.
    Whoever ends the process with SIGTERM, SIGHUP or Ctrl-\\ gets the terminal back as it was.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._saved_mode: list[Any] | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Silence the terminal within this block; its mode is restored however the block ends."""
        handlers = {
            number: signal.signal(number, handler)
            for number, handler in (
                (signal.SIGTERM, self._on_death),
                (signal.SIGHUP, self._on_death),
                (signal.SIGQUIT, self._on_death),
                (signal.SIGCONT, self._on_sigcont),
            )
        }
        _quiet.append(self)
        try:
            self.silence()
            write_sequence(_CLEAR_LINE)  # what was typed before is kept, but its echo stands there
            yield
        finally:
            self.restore()
            _quiet.remove(self)
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def silence(self) -> None:
        """Echo nothing from now on."""
        with suppress(termios.error):  # the terminal may be gone
            self._saved_mode = termios.tcgetattr(self._fd)
            self._set_mode()

    def restore(self) -> None:
        """Give the terminal its mode back."""
        if self._saved_mode is not None:
            with suppress(termios.error):
                termios.tcsetattr(self._fd, termios.TCSANOW, self._saved_mode)
            self._saved_mode = None

    def _set_mode(self) -> None:
        mode = termios.tcgetattr(self._fd)
        mode[0] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR)  # Enter as the line editor sees it
        mode[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
        mode[3] |= termios.ISIG | termios.NOFLSH  # Ctrl-C does not throw away what was typed before it
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self._fd, termios.TCSANOW, mode)

    def _on_death(self, signum: int, frame: FrameType | None) -> None:
        """Restore the terminal, then die of the signal as without this handler."""
        console.clear_in_handler()
        write_sequence(modes_off() + _SHOW_CURSOR)
        self.restore()
        signal.signal(signum, signal.SIG_DFL)
        os.kill(os.getpid(), signum)

    def _on_sigcont(self, signum: int, frame: FrameType | None) -> None:
        """Back from Ctrl-Z: the shell has set its own mode on the terminal."""
        if self._saved_mode is not None:
            with suppress(termios.error):
                self._set_mode()
                if _active:
                    write_sequence(modes_on())


class TypeAhead:
    """Keeps what is typed at one quiet terminal while a turn runs.

    ``deliver`` is called once at the end, with the text, if anything was typed.
    """

    def __init__(self, fd: int, deliver: Callable[[str], None]) -> None:
        self._fd = fd
        self._deliver = deliver
        self._buffer = bytearray()
        self._wake_fd = -1
        self._thread: threading.Thread | None = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Keep what is typed within this block."""
        with capturing(self):
            try:
                self._start()
                yield
            finally:
                self._stop()
        if text := self._take_text():
            self._deliver(text)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Keep nothing within this block."""
        self._stop()
        try:
            yield
        finally:
            self._start()

    def keep(self, typed: bytes) -> None:
        """Keep bytes that somebody else read while this was paused."""
        self._buffer += typed

    def _start(self) -> None:
        wake_reader, self._wake_fd = os.pipe()
        self._thread = threading.Thread(
            target=self._read_until_woken, args=(wake_reader,), name="typeahead", daemon=True
        )
        self._thread.start()

    def _stop(self) -> None:
        if self._thread is not None:
            os.close(self._wake_fd)
            self._thread.join()
            self._thread = None

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

    def _read_chunk(self) -> bool:
        try:
            chunk = os.read(self._fd, _CHUNK)
        except OSError:
            return False
        if _CTRL_C in chunk:  # pressed before the line editor gave the terminal back
            interrupts.press(chunk.count(_CTRL_C))
        self._buffer += chunk.replace(_CTRL_C, b"")
        return bool(chunk)

    def _take_text(self) -> str:
        text = bytes(self._buffer).decode("utf-8", "surrogateescape")
        self._buffer.clear()
        return text


@contextmanager
def capturing(capture: Pausable) -> Iterator[None]:
    """Within this block, ``capture`` takes what is typed, and pastes are marked as such."""
    _active.append(capture)
    write_sequence(modes_on())
    try:
        yield
    finally:
        write_sequence(modes_off())
        _active.remove(capture)


@contextmanager
def _capture_paused(capture: Pausable) -> Iterator[None]:
    """Within this block, nothing that is typed is taken, and pastes are not marked."""
    with capture.paused():
        write_sequence(modes_off())
        try:
            yield
        finally:
            write_sequence(modes_on())


def _ends_mid_character(data: bytearray) -> bool:
    """Whether the last UTF-8 character is incomplete."""
    decoder = codecs.getincrementaldecoder("utf-8")("ignore")
    decoder.decode(bytes(data[-3:]))
    return bool(decoder.getstate()[0])


@contextmanager
def early_typeahead() -> Iterator[None]:
    """Quieten the terminal for a chat, and keep what is typed before its first line. Also a decorator."""
    if os.name != "posix" or not can_edit_lines():
        yield
        return
    pieces: list[str] = []
    with QuietTerminal(sys.stdin.fileno()).held(), ExitStack() as stack:
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
    """Give the terminal back within this block, for a question or another program. Also a decorator."""
    with ExitStack() as stack:
        if _active:
            stack.enter_context(_capture_paused(_active[-1]))
        if _quiet:
            _quiet[-1].restore()
            stack.callback(_quiet[-1].silence)
        yield


@contextmanager
def reading_paused() -> Iterator[None]:
    """Read nothing from the terminal within this block, which reads from it itself."""
    with _active[-1].paused() if _active else nullcontext():
        yield


def keeps_typed() -> bool:
    """Whether a chat has the terminal, which keeps what is typed."""
    return bool(_active or _quiet)


def keep_typed(typed: bytes) -> bool:
    """Keep what was typed while the chat's terminal was asked something; False where there is no chat."""
    if _active:
        _active[-1].keep(typed)
    elif _quiet:
        _typed_between.append(typed)
    return keeps_typed()


def take_typed() -> str:
    """What was typed while the terminal was asked something between two lines of the chat."""
    typed = b"".join(_typed_between)
    _typed_between.clear()
    return typed.decode("utf-8", "surrogateescape")
