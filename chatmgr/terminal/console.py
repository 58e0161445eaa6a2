"""The two output streams: answers and data go to stdout, everything else to stderr.

If the reader of a pipe leaves, output to it is dropped without an error, so that a turn that is being
paid for still finishes and is saved.
"""

import os
import select
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Literal, TextIO

from chatmgr.domain.interrupts import interrupts
from chatmgr.terminal.graphics.drawn_image import DrawnImage
from chatmgr.terminal.sanitize import clean, clean_styled, wrap
from chatmgr.terminal.theme import Style, styled

if TYPE_CHECKING:
    from chatmgr.terminal.bottom_area import BottomArea

_CLEAR_LINE = b"\r\x1b[K"
_LEAVE_FULL_SCREEN = b"\x1b[0m\x1b[?7h\x1b[?1049l"


class Console:
    """Writes to the stdout and stderr of this process.

    ``status_shown``: the line of the cursor is a status that will be removed. ``bottom``: rows that stay at
    the bottom of the screen, above which everything else is written then. ``full_screen``: a list has the
    terminal's other screen.
    """

    def __init__(self) -> None:
        self.status_shown = False
        self.bottom: BottomArea | None = None
        self.full_screen = False
        self._stdout_closed = False
        self._below_gap = True  # an empty line, or nothing yet, is above the cursor

    def out(self, text: str, end: str = "\n") -> None:
        """Write text to stdout. Of control sequences, only our colours and links pass; none in a pipe.

        A ``DrawnImage`` draws an image, and ends its line itself.
        """
        if isinstance(text, DrawnImage):
            self.write(text)
            return
        self.write((clean_styled(text) if sys.stdout.isatty() else clean(text)) + end)

    def write(self, text: str) -> None:
        """Write to stdout unchanged, for those who have cleaned the text or move the cursor themselves."""
        if text:
            self._below_gap = text.endswith("\n\n") or text == "\n"
        if self.bottom:
            self.bottom.write_above(text)
        else:
            self.write_directly(text)

    @contextmanager
    def above(self, bottom: "BottomArea") -> Iterator[None]:
        """Within this block, write above these rows; stdout and stderr are the same terminal."""
        self.bottom = bottom
        try:
            yield
        finally:
            self.bottom = None

    def clear_in_handler(self) -> None:
        """Remove what is on the screen for a while only, in the handler of a signal that ends the process."""
        if self.full_screen:
            write_sequence(_LEAVE_FULL_SCREEN)
        elif self.bottom:
            self.bottom.hide_in_handler()
        elif self.status_shown:
            write_sequence(_CLEAR_LINE)

    def write_directly(self, text: str) -> None:
        """Write to stdout unchanged, for the rows at the bottom of the screen, too."""
        if self._stdout_closed:
            return
        try:
            if interrupts.working:
                _write_interruptibly(text)
            else:
                sys.stdout.write(text)
                sys.stdout.flush()
        except BrokenPipeError:
            self._stdout_closed = True
            self._redirect_stdout()

    def _redirect_stdout(self) -> None:
        """Point stdout at the null device, so that the interpreter's flush at exit does not fail too."""
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
        os.close(devnull)

    @property
    def stdout_closed(self) -> bool:
        """Whether the reader of stdout has left."""
        return self._stdout_closed

    def fault(self, message: str, hint: str) -> None:
        """Write an error that does not end the program: at a terminal as it would look at the end of one."""
        from chatmgr.terminal.fault_lines import fault_text

        if sys.stderr.isatty():
            self._note(fault_text(message, hint))
        else:
            self.note(f"{message} {' '.join(hint.splitlines())}".strip(), "failed")

    def gap(self) -> None:
        """Leave one empty line at a terminal, unless there is one above the cursor, or nothing at all."""
        if self._below_gap:
            return
        if sys.stdout.isatty():
            self.write("\n")
        elif sys.stderr.isatty():
            self.note("", "")
        self._below_gap = True

    def note(self, text: str, style: Style = "fact") -> None:
        """Write one line for the user to stderr, wrapped at words where stderr is a terminal."""
        self._note(styled(wrap_for_stderr(clean(text)), style, sys.stderr.isatty()))

    def note_parts(self, parts: Iterable[tuple[str, Style]]) -> None:
        """Write one line for the user, each part of it in its style; nothing is wrapped."""
        at_terminal = sys.stderr.isatty()
        self._note("".join(styled(clean(text), style, at_terminal) for text, style in parts).rstrip())

    def _note(self, text: str) -> None:
        try:
            if self.bottom:
                self.bottom.write_above(f"{text}\n")
            else:
                sys.stderr.write(f"{text}\n")
                sys.stderr.flush()
        except OSError:
            return
        if sys.stderr.isatty():
            self._below_gap = not text


def _write_interruptibly(text: str) -> None:
    """Write to stdout so that Ctrl-C ends the wait for a reader that does not read.

    A pipe that is ready has room for ``PIPE_BUF`` bytes; to write more would block.
    """
    interrupts.check_work()
    sys.stdout.flush()
    try:
        descriptor = sys.stdout.fileno()
        blocks = os.name == "posix" and not stat.S_ISREG(os.fstat(descriptor).st_mode)
    except (OSError, ValueError):
        blocks = False
    if not blocks:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    rest = memoryview(text.encode(sys.stdout.encoding, sys.stdout.errors or "strict"))
    while rest:
        interrupts.wait(descriptor, writing=True)
        rest = rest[os.write(descriptor, rest[: select.PIPE_BUF]) :]


def write_sequence(sequence: bytes) -> None:
    """Send the terminal a sequence that shows nothing: by stdout, else by stderr, if either is one."""
    for stream in (sys.stdout, sys.stderr):
        if stream.isatty():
            with suppress(OSError):
                os.write(stream.fileno(), sequence)
            return


def wrap_for_stderr(text: str) -> str:
    """Wrap text at words if stderr is a terminal; otherwise return it unchanged."""
    if not sys.stderr.isatty():
        return text
    from chatmgr.terminal.region import terminal_size

    return wrap(text, terminal_size(sys.stderr.fileno())[0])


def shared_output() -> Literal["", "terminal", "file"]:
    """Where stdout and stderr lead, if to the same: a terminal, or one file or pipe (``2>&1``)."""
    try:
        if sys.stdout.isatty() and sys.stderr.isatty():
            return "terminal"
        same = os.path.sameopenfile(sys.stdout.fileno(), sys.stderr.fileno())
    except (OSError, ValueError):
        return ""
    return "file" if same else ""


def can_move_cursor(stream: TextIO) -> bool:
    """Whether the stream is a terminal whose cursor can be moved: not a dumb one."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def can_edit_lines() -> bool:
    """Whether a line editor can run: stdin and stdout are a terminal whose cursor can be moved."""
    dumb = os.name == "posix" and os.environ.get("TERM", "").lower() in {"dumb", "unknown", ""}
    return sys.stdin.isatty() and sys.stdout.isatty() and not dumb


console = Console()


def show_lines(lines: Iterable[str], *, pager: bool = True) -> None:
    """Print lines to stdout; at a terminal, through the user's pager.

    The pager is ``PAGER``, else ``less``, which leaves a text that fits on the screen alone. Elsewhere
    each line is printed as it comes.
    """
    if not pager or not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        for line in lines:
            console.out(line)
            if console.stdout_closed:
                return
        return
    remaining = iter(lines)
    first = next(remaining, None)
    if first is None:
        return
    from click import echo_via_pager

    def pieces() -> Iterator[str]:  # Click ends the text with a line feed of its own
        yield clean_styled(first)
        for line in remaining:
            yield f"\n{clean_styled(line)}"

    os.environ.setdefault("LESS", "FRX")
    with interrupts.left_to_others():
        echo_via_pager(pieces(), color=True)
