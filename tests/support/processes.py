"""Real chatmgr processes for tests that kill, stop and time them.

`Home.start` is `python -m chatmgr`, as a user runs it. `Home.run` is a process of its own too, forked
from one in which the heavy libraries are imported: the same code in a fraction of the time, for the
commands around the one that matters.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.commands import ROOT, Done, Forks
from tests.support.store import Desk, ask

NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
PATIENCE = 30.0  # seconds until a test gives up; nothing takes a tenth of it on a quiet machine


def until(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Wait until `condition` holds, and return what it gave."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited in vain for {what}")
        time.sleep(0.005)  # other processes, files and databases cannot wake anybody
    return found


class Running:
    """A command under way; what it writes goes to files that can be read meanwhile."""

    def __init__(
        self, command: list[str], env: dict[str, str], folder: Path, text: str, stdout: int | None
    ) -> None:
        self._out, self._err = _fresh(folder, "out"), _fresh(folder, "err")
        source = subprocess.PIPE if text else subprocess.DEVNULL
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._child = subprocess.Popen(command, env=env, stdin=source, stdout=stdout or out, stderr=err)
        if self._child.stdin:
            self._child.stdin.write(text.encode())
            self._child.stdin.close()
        self.pid = self._child.pid

    @property
    def out(self) -> str:
        """What it has printed so far."""
        return self._out.read_text(encoding="utf-8")

    def signal(self, number: int) -> None:
        """Send a signal to this process alone."""
        self._child.send_signal(number)

    def kill(self) -> int:
        """SIGKILL; returns how the process ended, which is its own exit code if it was quicker."""
        self._child.kill()
        return self._child.wait()

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._child.poll() is not None

    def wait(self) -> Done:
        """Wait for its end."""
        code = self._child.wait(PATIENCE)
        return Done(code, self.out, self._err.read_text(encoding="utf-8"))


def _fresh(folder: Path, ending: str) -> Path:
    return folder / f"{len(list(folder.iterdir()))}.{ending}"


class Home:
    """A CHATMGR_HOME of its own, with commands that run in it. `url` names another database."""

    def __init__(self, folder: Path, forks: Forks, url: str = "", **more: str) -> None:
        self.folder, self.forks = folder, forks
        self._files = folder / "output"
        self._files.mkdir(parents=True)
        kept = {key: text for key, text in os.environ.items() if not key.startswith(("CHATMGR_", "OPENAI_"))}
        self.env = {**kept, "CHATMGR_HOME": str(folder), "PYTHONPATH": str(ROOT), **NO_KEYRING, **more}
        if url:
            self.env["CHATMGR_DATABASE_URL"] = url
        self.url = url or f"sqlite:///{folder / 'chatmgr.db'}"

    def configure(self, text: str) -> None:
        """Add to config.toml."""
        with (self.folder / "config.toml").open("a", encoding="utf-8") as file:
            file.write(text + "\n")

    def provider(self, api: str, base_url: str) -> None:
        """Configure a provider that is named like its API."""
        self.configure(f'[providers.{api}]\napi = "{api}"\nbase_url = "{base_url}"')

    def conversation(self, name: str, provider: str) -> None:
        """An empty conversation, with an assistant of its own; no server has heard of either."""
        desk = Desk(self.url)
        desk.writer.conversations.create(name, desk.assistant(name, model="").id, "", provider)
        desk.close()

    def start(self, *args: str, text: str = "", stdout: int | None = None) -> Running:
        """Start `python -m chatmgr`; `text` is piped in, `stdout` may be a file of the test's."""
        return Running([sys.executable, "-m", "chatmgr", *args], self.env, self._files, text, stdout)

    def run(self, *args: str) -> Done:
        """Run a command to its end, quickly, with nothing on standard input."""
        out, err = _fresh(self._files, "out"), _fresh(self._files, "err")
        wanted = {"args": args, "env": self.env, "cwd": str(self.folder)}
        with Path(os.devnull).open("rb") as nothing, out.open("wb") as told, err.open("wb") as noted:
            code = self.forks.run(wanted, [nothing.fileno(), told.fileno(), noted.fileno()])
        return Done(code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of the database, from outside."""
        return ask(self.url, statement)

    def value(self, statement: str) -> Any:
        """The first column of the first row, None where there is no row yet or no table."""
        rows = self.ask(statement)
        return rows[0][0] if rows else None
