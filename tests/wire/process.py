"""`WireProcess`: a scripted server in a process of its own, for tests that kill their clients.

Mental model: the child lives as long as its standard input; it says its URL in one line on standard
output, and everything that happens to it in a log of JSON lines.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from .parts import Json

ROOT = Path(__file__).resolve().parents[2]


class WireProcess:
    """A running `python -m tests.wire`; files go into `folder`. Faults and options are those of its
    command line.
    """

    def __init__(self, folder: Path, faults: Sequence[Json] = (), options: Sequence[str] = ()) -> None:
        self.log_file = folder / "wire.log"
        self.port_file = folder / "wire.url"
        self._command = [sys.executable, "-m", "tests.wire", "--port-file", str(self.port_file)]
        self._command += ["--log", str(self.log_file), "--faults", json.dumps(list(faults)), *options]
        self.base_url = ""

    def __enter__(self) -> Self:
        self._child = subprocess.Popen(
            self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._child.stdout is not None
        self.base_url = self._child.stdout.readline().strip()
        if not self.base_url:
            raise RuntimeError("the server process did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Leaving its standard input is how to ask it to end; the pipes are closed by communicate().
        self._child.communicate(timeout=20)

    def entries(self, kind: str) -> list[Json]:
        """Return the log's entries of one kind: request, turn, violation or answered."""
        lines = self.log_file.read_text(encoding="utf-8").splitlines(keepends=True)
        # A line without its end is still being written.
        entries = (json.loads(line) for line in lines if line.endswith("\n"))
        return [entry for entry in entries if entry["kind"] == kind]

    @property
    def turns_heard(self) -> list[str]:
        """The user text of every turn for which an answer was begun."""
        return [entry["text"] for entry in self.entries("turn")]

    @property
    def violations(self) -> list[str]:
        """What the published document has against the requests so far."""
        return [entry["text"] for entry in self.entries("violation")]
