"""Running chatmgr as a process and looking at what it said, returned and kept."""

import json
import os
import signal
import socket
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

from tests.wire import WireServer

ROOT = Path(__file__).parents[2]
LONG = 60  # seconds; no command here takes a tenth of it on an idle machine
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


class How(TypedDict, total=False):
    """What is piped in (nothing: /dev/null), more environment, and the exit code that is expected (0)."""

    stdin: bytes | None
    env: dict[str, str]
    code: int


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    def json(self) -> list[dict[str, Any]]:
        """Its standard output as JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]


class Forks:
    """The forking process of ``forks.py``, seen from the tests."""

    def __enter__(self) -> Self:
        self._line, theirs = socket.socketpair()
        self._line.settimeout(LONG)
        command = [sys.executable, "-m", "tests.support.fork_server"]
        self._process = subprocess.Popen(command, stdin=theirs.fileno(), cwd=ROOT)
        theirs.close()
        self._answers = self._line.makefile("rb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._answers.close()
        self._line.close()
        self._process.wait(LONG)

    def run(self, wanted: dict[str, Any], streams: Sequence[int]) -> int:
        """Run one command and return its exit code."""
        sent = json.dumps(wanted).encode()
        socket.send_fds(self._line, [b"%10d" % len(sent)], streams)
        self._line.sendall(sent)
        child = int(self._answers.readline())
        try:
            return int(self._answers.readline())
        except TimeoutError:
            os.kill(child, signal.SIGKILL)
            raise


@dataclass(frozen=True, slots=True)
class Chatmgr:
    """chatmgr with a home and an environment of its own.

    A call runs one command and checks its exit code; ``fresh`` does so with a new interpreter. No
    command may ever show a traceback.
    """

    home: Path
    forks: Forks
    env: dict[str, str] = field(default_factory=dict)

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a command: nothing of chatmgr's or OpenAI's from outside."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CHATMGR_", "OPENAI_", "_CHATMGR"))}
        keyring = "keyring.backends.fail.Keyring"  # so that no test reaches a real one
        ours = {"CHATMGR_HOME": str(self.home), "PYTHON_KEYRING_BACKEND": keyring, "PYTHONPATH": str(ROOT)}
        return kept | ours | self.env | more

    def __call__(self, *args: str, stdout: IO[bytes] | None = None, **how: Unpack[How]) -> Done:
        """Run a command in a fork."""
        given = how.get("stdin")
        with ExitStack() as files:
            piped, out, err = (files.enter_context(tempfile.TemporaryFile()) for _ in range(3))
            piped.write(given or b"")
            piped.seek(0)
            nothing = files.enter_context(Path(os.devnull).open("rb"))
            source = nothing if given is None else piped
            wanted = {"args": args, "env": self.environment(**how.get("env", {}))}
            wanted |= {"cwd": str(self.home.parent)}
            streams = (source.fileno(), (stdout or out).fileno(), err.fileno())
            ended = self.forks.run(wanted, streams)
            return _checked(ended, _all(out), _all(err), how.get("code", 0))

    def fresh(self, *args: str, **how: Unpack[How]) -> Done:
        """Run a command with an interpreter of its own."""
        return self.program([*CHATMGR, *args], **how)

    def program(self, command: Sequence[str], **how: Unpack[How]) -> Done:
        """Run any program in the environment of chatmgr."""
        given = how.get("stdin")
        source: dict[str, Any] = {"stdin": subprocess.DEVNULL} if given is None else {"input": given}
        env = self.environment(**how.get("env", {}))
        done = subprocess.run(
            command, cwd=self.home.parent, env=env, capture_output=True, timeout=LONG, check=False, **source
        )
        return _checked(done.returncode, done.stdout, done.stderr, how.get("code", 0))

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
        [found] = self.json("history", address)
        return found

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


def one_line(done: Done) -> str:
    """The one line that a refused command says on stderr."""
    assert done.err.startswith("chatmgr: "), done.err
    assert done.err.endswith("\n")
    assert done.err.count("\n") == 1, done.err
    return done.err.strip()


def _all(stream: IO[bytes]) -> bytes:
    stream.seek(0)
    return stream.read()


def _checked(ended: int, out: bytes, err: bytes, code: int) -> Done:
    done = Done(ended, out.decode(), err.decode())
    assert "Traceback" not in done.err, done.err
    assert ended == code, f"exit {ended}\nstdout: {done.out[:2000]}\nstderr: {done.err[:2000]}"
    return done


def last_body(wire: WireServer) -> Any:
    """What the newest request that changed anything carried."""
    return [one for one in wire.requests if one.method == "POST"][-1].body
