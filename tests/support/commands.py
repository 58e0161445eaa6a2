"""Running chatmgr as a process and looking at what it said, returned and kept."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, TypedDict, Unpack

from tests.support.forked import ROOT as ROOT
from tests.support.forked import SERVER
from tests.support.forked import TIMEOUT as TIMEOUT
from tests.wire import WireServer

CHATMGR = (sys.executable, "-m", "chatmgr")
KEY = "sk-test-4f9a8b7c6d5e4f3a2b1c"
APIS = ("responses", "assistants", "completions")
TURN = {
    "responses": ("POST", "/responses"),
    "assistants": ("POST", "/threads/[^/]+/runs"),
    "completions": ("POST", "/chat/completions"),
}
PATIENCE = "recover_seconds = 1.0\nretry_seconds = 1.0"  # what a broken server is granted here
AHEAD = {"responses": 4, "assistants": 7, "completions": 1}  # events before the answer's first word


class RunOptions(TypedDict, total=False):
    """What is piped in (nothing: /dev/null), more environment, and the exit code that is expected (0)."""

    stdin: bytes | None
    env: dict[str, str]
    code: int


@dataclass(frozen=True, slots=True)
class CommandResult:
    """A command that has ended."""

    code: int
    out: str
    err: str

    def json(self) -> list[dict[str, Any]]:
        """Its standard output as JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]


class Running:
    """A command under way; what it writes goes to files that can be read meanwhile.

    `stdin` is piped in (None: nothing is), `stdout` may be a file of the test's.
    """

    def __init__(
        self,
        args: Sequence[str],
        env: dict[str, str],
        cwd: Path,
        *,
        stdin: bytes | None = None,
        stdout: int | None = None,
    ) -> None:
        with ExitStack() as files:
            self._out, self._err = (tempfile.NamedTemporaryFile() for _ in range(2))  # noqa: SIM115 - until close
            given = files.enter_context(tempfile.TemporaryFile())
            given.write(stdin or b"")
            given.seek(0)
            nothing = files.enter_context(Path(os.devnull).open("rb"))
            source = nothing if stdin is None else given
            streams = (source.fileno(), self._out.fileno() if stdout is None else stdout, self._err.fileno())
            self._process = SERVER.start(args, env, cwd, streams)
        self.pid = self._process.pid

    @property
    def out(self) -> str:
        """What it has printed so far."""
        return Path(self._out.name).read_text(encoding="utf-8")

    @property
    def err(self) -> str:
        """What it has written to standard error so far."""
        return Path(self._err.name).read_text(encoding="utf-8")

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def signal(self, number: int) -> None:
        """Send a signal to this process alone."""
        self._process.send_signal(number)

    def kill(self) -> int:
        """SIGKILL; returns how the process ended, which is its own exit code if it was quicker."""
        self._process.send_signal(signal.SIGKILL)
        return self._process.wait()

    def wait(self) -> CommandResult:
        """Wait for its end; no command may ever show a traceback."""
        done = CommandResult(self._process.wait(), self.out, self.err)
        assert "Traceback" not in done.err, done.err
        return done

    def close(self) -> None:
        """End it if it still runs, and give its files back."""
        self._process.close()
        self._out.close()
        self._err.close()


@dataclass(frozen=True, slots=True)
class Chatmgr:
    """chatmgr with a home and an environment of its own.

    A call runs one command and checks its exit code, ``start`` does not wait for its end; both fork.
    ``fresh`` runs it with a new interpreter. No command may ever show a traceback.
    """

    home: Path
    env: dict[str, str] = field(default_factory=dict)
    started: list[Running] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for running in self.started:
            running.close()

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a command: nothing of chatmgr's or OpenAI's from outside."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CHATMGR_", "OPENAI_", "_CHATMGR"))}
        keyring = "keyring.backends.fail.Keyring"  # so that no test reaches a real one
        ours = {"CHATMGR_HOME": str(self.home), "PYTHON_KEYRING_BACKEND": keyring, "PYTHONPATH": str(ROOT)}
        return kept | ours | self.env | more

    def start(self, *args: str, stdin: bytes | None = None) -> Running:
        """Start a command; it is ended with the test."""
        running = Running(args, self.environment(), self.home.parent, stdin=stdin)
        self.started.append(running)
        return running

    def __call__(
        self, *args: str, stdout: IO[bytes] | None = None, **how: Unpack[RunOptions]
    ) -> CommandResult:
        """Run a command to its end."""
        with closing(
            Running(
                args,
                self.environment(**how.get("env", {})),
                self.home.parent,
                stdin=how.get("stdin"),
                stdout=stdout.fileno() if stdout else None,
            )
        ) as running:
            done = running.wait()
        return _checked(done, how.get("code", 0))

    def fresh(self, *args: str, **how: Unpack[RunOptions]) -> CommandResult:
        """Run a command with an interpreter of its own."""
        return self.program([*CHATMGR, *args], **how)

    def program(self, command: Sequence[str], **how: Unpack[RunOptions]) -> CommandResult:
        """Run any program in the environment of chatmgr."""
        given = how.get("stdin")
        source: dict[str, Any] = {"stdin": subprocess.DEVNULL} if given is None else {"input": given}
        env = self.environment(**how.get("env", {}))
        done = subprocess.run(
            command,
            cwd=self.home.parent,
            env=env,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
            **source,
        )
        assert b"Traceback" not in done.stderr, done.stderr
        return _checked(
            CommandResult(done.returncode, done.stdout.decode(), done.stderr.decode()), how.get("code", 0)
        )

    def refused(
        self, code: int, *args: str, stdin: bytes | None = None, env: dict[str, str] | None = None
    ) -> str:
        """Run a command that must fail with exactly one line on stderr; return that line."""
        return one_line(self(*args, stdin=stdin, code=code, env=env or {}))

    def json(self, *args: str) -> list[dict[str, Any]]:
        """What a command says with ``--json``."""
        return self(*args, "--json").json()

    def turn(self, address: str) -> dict[str, Any]:
        """One turn, as JSON."""
        [document] = self.json("history", address)
        return document

    def provider(self, api: str, base_url: str, name: str = "wire") -> None:
        """Write a provider into the settings, in place of one of that name; its key is in ``WIRE_KEY``."""
        self.home.mkdir(mode=0o700, exist_ok=True)
        path = self.home / "config.toml"
        tables = path.read_text("utf-8").split("\n\n") if path.exists() else []
        tables = [table for table in tables if table and not table.startswith(f"[providers.{name}]")]
        if PATIENCE not in tables:
            tables.insert(0, PATIENCE)
        facts = f'api = "{api}"\nbase_url = "{base_url}"\nkey_env = "WIRE_KEY"'
        path.touch(mode=0o600)
        path.write_text("\n\n".join([*tables, f"[providers.{name}]\n{facts}"]) + "\n\n", "utf-8")

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """What the database holds."""
        with closing(sqlite3.connect(self.home / "chatmgr.db")) as db:
            return db.execute(sql, values).fetchall()

    def said(self) -> list[str]:
        """Every user message in the database, oldest first."""
        return [text for [text] in self.rows("SELECT content FROM messages WHERE role = 'user' ORDER BY id")]


def one_line(done: CommandResult) -> str:
    """The one line that a refused command says on stderr."""
    assert done.err.startswith("chatmgr: "), done.err
    assert done.err.endswith("\n")
    assert done.err.count("\n") == 1, done.err
    return done.err.strip()


def _checked(done: CommandResult, code: int) -> CommandResult:
    shown = f"stdout: {done.out[:2000]}\nstderr: {done.err[:2000]}"
    assert done.code == code, f"exit {done.code}\n{shown}"
    return done


def last_body(wire: WireServer) -> Any:
    """What the newest request that changed anything carried."""
    return [request for request in wire.requests if request.method == "POST"][-1].body
