"""Where a moment is played: a home with conversations, a scripted server, and a terminal of some size."""

import os
import re
import shutil
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.screens.picture import Mask, taken
from tests.support.screen import Screen, environment
from tests.wire import WireServer
from tests.wire.parts import Said

KEY = "sk-proj-Zq8wXc2Vb7nM4kL0"
_HOME = "~/.local/share/chatmgr"  # as long as a temporary folder's name below
_REST_SECONDS = 10.0  # for the rest of a drawing to come, once what was waited for is there
_QUIET_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Look:
    """A terminal: its size, whether the person wants colours, and the theme that they chose, if they did."""

    columns: int
    rows: int
    colour: bool = True
    theme: str = ""

    @property
    def name(self) -> str:
        """As it is part of a golden file's name: ``80x24``, ``80x24.no-color``, ``80x24.dark``."""
        theme = f".{self.theme}" if self.theme else ""
        return f"{self.columns}x{self.rows}{'' if self.colour else '.no-color'}{theme}"


@dataclass
class Stage:
    """Runs chatmgr for one picture. ``answers`` is what the server's model says, by the last user message."""

    look: Look
    answers: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            # Short and of one length wherever tests run: what shows it is wrapped at the same words.
            self.home = Path(tempfile.mkdtemp(prefix="chatmgr-a", dir="/tmp"))
            stack.callback(shutil.rmtree, self.home)
            if self.look.theme:
                self.configure(f'theme = "{self.look.theme}"\n')
            self.wire = stack.enter_context(WireServer(reply=self._reply))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def configure(self, settings: str) -> None:
        """Write the settings file."""
        (self.home / "config.toml").write_text(settings, encoding="utf-8")

    def run(self, *args: str, program: tuple[str, ...] = ("-m", "chatmgr"), **env: str) -> Screen:
        """Run chatmgr at a terminal of this look, in a folder of its own; OpenAI is the scripted server."""
        given = {
            "OPENAI_BASE_URL": self.wire.base_url,
            "OPENAI_API_KEY": KEY,
            "TZ": "UTC",
            "LANG": "C.UTF-8",
            "PAGER": "cat",
        }
        if not self.look.colour:
            given["NO_COLOR"] = "1"
        folder = self.home / "project"
        folder.mkdir(exist_ok=True)
        return self._stack.enter_context(
            Screen(
                [*program, *args],
                environment(self.home, **(given | env)),
                folder,
                columns=self.look.columns,
                rows=self.look.rows,
            )
        )

    @property
    def masks(self) -> tuple[Mask, ...]:
        """What differs from run to run on this stage."""
        return ((re.compile(re.escape(str(self.home))), _HOME),)

    def picture(self, screen: Screen, expected: str | None) -> str:
        """The screen as text: once it is as expected or nothing more comes, or (None) once it rests."""
        deadline = time.monotonic() + _REST_SECONDS
        quiet_since = time.monotonic()
        while True:
            text = taken(screen.emulator, self.masks).text
            now = time.monotonic()
            if (
                text == expected
                or now > deadline
                or (expected is None and now > quiet_since + _QUIET_SECONDS)
            ):
                return text
            before = len(screen.raw)
            if not screen.read():
                return taken(screen.emulator, self.masks).text
            if len(screen.raw) > before:
                quiet_since = time.monotonic()

    def _reply(self, messages: list[Said], instructions: str | None) -> str:
        users = [text for role, text in messages if role == "user"]
        return self.answers.get(users[-1], "Gladly.")


WRITING = os.environ.get("CHATMGR_WRITE_SCREENS") == "1"
"""Whether the golden files are to be written instead of compared."""
