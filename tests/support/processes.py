"""Real chatmgr processes, for tests that kill, stop and time them."""

import os
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.commands import ROOT, CommandResult, Running
from tests.support.store import Store, query

NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
PATIENCE = 30.0  # seconds until a test gives up; nothing takes a tenth of it on a quiet machine


def until(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Wait until `condition` holds, and return what it gave."""
    deadline = time.monotonic() + patience
    while not (outcome := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited in vain for {what}")
        time.sleep(0.005)  # other processes, files and databases cannot wake anybody
    return outcome


class Home:
    """A CHATMGR_HOME of its own, with commands that run in it. `url` names another database."""

    def __init__(self, folder: Path, url: str = "", **more: str) -> None:
        self.folder = folder
        self._started: list[Running] = []
        folder.mkdir(parents=True)
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
        store = Store(self.url)
        store.writer.conversations.create(name, store.assistant(name, model="").id, "", provider)
        store.close()

    def start(self, *args: str, text: str = "", stdout: int | None = None) -> Running:
        """Start a command; `text` is piped in, `stdout` may be a file of the test's."""
        running = Running(args, self.env, self.folder, stdin=text.encode() if text else None, stdout=stdout)
        self._started.append(running)
        return running

    def run(self, *args: str) -> CommandResult:
        """Run a command to its end, with nothing on standard input."""
        with closing(Running(args, self.env, self.folder)) as running:
            return running.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for running in self._started:
            running.close()

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of the database, from outside."""
        return query(self.url, statement)

    def value(self, statement: str) -> Any:
        """The first column of the first row, None where there is no row yet or no table."""
        rows = self.ask(statement)
        return rows[0][0] if rows else None
