"""A real terminal of our own: chatmgr at a pseudo-terminal, and the screen that its output draws."""

import fcntl
import os
import termios
import time
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from chatmgr.terminal.spinner import FRAMES
from tests.support.drawing_terminal import DrawingTerminal
from tests.support.emulator import Emulator
from tests.support.pseudo_terminal import TerminalProcess

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0
ROWS, COLUMNS = 45, 100
ENTER, CTRL_C, CTRL_D, CTRL_R, CTRL_N, ESC, TAB = "\r", "\x03", "\x04", "\x12", "\x0e", "\x1b", "\t"
UP, DOWN, BACKSPACE = "\x1b[A", "\x1b[B", "\x7f"
ALT_ENTER = ESC + ENTER
EDITOR_KEYS = "\x18\x05"


class Screen:
    """What a person sees. `until` reads until it shows something; `raw` keeps every byte that came."""

    def __init__(
        self,
        args: Sequence[str],
        env: dict[str, str],
        folder: Path,
        *,
        term: str = "xterm-256color",
        columns: int = COLUMNS,
        rows: int = ROWS,
        fresh: bool = False,
        terminal: DrawingTerminal | None = None,
    ) -> None:
        self.raw = ""
        self._drawing = terminal
        self._process = TerminalProcess(
            args, {"NO_COLOR": "", **env, "TERM": term}, folder, size=(rows, columns), fresh=fresh
        )
        self.emulator = Emulator(columns, rows, self._process.send)
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.close()

    @property
    def lines(self) -> list[str]:
        """The lines of the screen, without the empty ones and without trailing blanks."""
        return [line.rstrip() for line in self.emulator.display if line.strip()]

    @property
    def rows(self) -> list[str]:
        """The rows of the screen, each at its place, without trailing blanks."""
        return [line.rstrip() for line in self.emulator.display]

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines)

    @property
    def prompt(self) -> str:
        """What stands on the line of the cursor."""
        return str(self.emulator.display[self.emulator.cursor.y]).rstrip()

    @property
    def is_streaming(self) -> bool:
        """Whether an answer is on its way, with the input line below it."""
        return any(line.lstrip()[:1] in FRAMES for line in self.lines)

    @property
    def is_at_prompt(self) -> bool:
        """Whether the chat waits for a line, in which nothing stands so far."""
        return self.prompt == "❯" and not self.is_streaming

    @property
    def title(self) -> str:
        """The title that the terminal's window has got."""
        return str(self.emulator.title)

    def read(self, timeout: float = 0.05) -> bool:
        """Take what has come, waiting at most so long for it; False at the end."""
        piece = self._process.read(timeout)
        if piece is None:
            return False
        self.raw += piece
        if self._drawing is None:
            self.emulator.feed(piece)
        else:
            for shown in self._drawing.pieces(piece, lambda: int(self.emulator.cursor.y), self._process.send):
                self.emulator.feed(shown)
        return True

    def until(self, *wanted: str, at_prompt: bool = False) -> None:
        """Read until the screen shows all of `wanted`, and the chat waits for a line if `at_prompt`."""
        deadline = time.monotonic() + PATIENCE
        while not (all(text in self.text for text in wanted) and (not at_prompt or self.is_at_prompt)):
            if not self.read() and not all(text in self.text for text in wanted):
                raise AssertionError(f"chatmgr ended without showing {wanted}:\n{self.text}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited in vain for {wanted}:\n{self.text}")

    def type(self, text: str) -> None:
        """Press keys."""
        self._process.send(text)

    def paste(self, text: str) -> None:
        """Paste, as a terminal does that brackets pastes: line feeds become carriage returns."""
        content = text.replace("\n", "\r")
        self.type(f"\x1b[200~{content}\x1b[201~")

    def clear(self) -> None:
        """Clear the screen from the keyboard, so that only what comes now is on it."""
        self.until(at_prompt=True)
        self.type("\x0c")
        while len(self.lines) > 2:
            self.until(at_prompt=True)
            self.read()

    def resize(self, columns: int) -> None:
        """Drag the window's edge."""
        self.emulator.resize(self.emulator.lines, columns)
        self._process.resize(self.emulator.lines, columns)

    @property
    def terminal(self) -> int:
        """The end of the terminal that the chat has."""
        return self._process.terminal

    def typed_ahead(self) -> None:
        """Wait until nothing that was typed waits in the terminal: the chat has taken it."""
        deadline = time.monotonic() + PATIENCE
        count = array("i", [1])
        while count[0]:
            assert time.monotonic() < deadline, "the chat takes nothing"
            self.read()
            fcntl.ioctl(self.terminal, termios.FIONREAD, count)

    @property
    def toolbar(self) -> str:
        """The last line that is not empty."""
        return self.lines[-1] if self.lines else ""

    def say(self, text: str) -> None:
        """Type a line, see it at the prompt, and press Enter."""
        self.until(at_prompt=True)
        self.type(text)
        self.until(f"❯ {text}")
        self.type(ENTER)

    def end(self) -> int:
        """Read to the end; return the exit code."""
        deadline = time.monotonic() + PATIENCE
        while self.read():
            if time.monotonic() > deadline:
                raise TimeoutError(f"chatmgr did not end:\n{self.text}")
        code = self._process.wait()
        assert code >= 0, f"signal {-code}"
        return code


def environment(home: Path, **more: str) -> dict[str, str]:
    """An environment without anything of chatmgr's or OpenAI's from outside, nor another terminal's size."""
    outside = ("CHATMGR_", "OPENAI_", "COLUMNS", "LINES")
    kept = {key: text for key, text in os.environ.items() if not key.startswith(outside)}
    keyring = "keyring.backends.fail.Keyring"  # so that no test reaches a real one
    ours = {"CHATMGR_HOME": str(home), "PYTHON_KEYRING_BACKEND": keyring, "PYTHONPATH": str(ROOT)}
    return kept | ours | more


Open = Callable[..., Screen]
"""Opens a screen: see the fixture ``open_chat``."""
