"""Commands, what one run of them took, and the measuring process as this one sees it."""

import importlib.metadata
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[1]
NOTHING = Path(os.devnull)
_PASSED_ON = ("PATH", "PYTHONPATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Command:
    """What to start. ``env`` comes on top of a small common environment."""

    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: Path = NOTHING
    first_byte: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: seconds, seconds of CPU, peak bytes, when it began on the monotonic clock.

    ``first_wall`` and ``first_cpu`` are those of the first byte of output, for a command that asks for it.
    """

    wall: float
    cpu: float
    peak: float
    began: float
    output: bytes
    first_wall: float = 0.0
    first_cpu: float = 0.0


Maker = Callable[[], Command]
"""Prepares one run; what it does is not measured."""


def python(code: str, env: Mapping[str, str] | None = None) -> Command:
    """A Python program given as text."""
    return Command([sys.executable, "-c", code], env or {})


def chatmgr(
    *arguments: str, home: Path, env: Mapping[str, str] | None = None, stdin: Path = NOTHING
) -> Command:
    """A chatmgr command on a home of its own."""
    return Command(
        [sys.executable, "-m", "chatmgr", *arguments], {"CHATMGR_HOME": str(home), **(env or {})}, stdin
    )


def common_environment() -> dict[str, str]:
    """The same for everything that is measured: where chatmgr is not installed, all get the path to it."""
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    try:
        importlib.metadata.distribution("chatmgr")
    except importlib.metadata.PackageNotFoundError:
        environment["PYTHONPATH"] = str(ROOT)
    return environment


class Meter:
    """The measuring process, alive while its ``with`` block runs; commands run in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._common = common_environment()

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("measure.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def run(self, command: Command) -> Sample:
        """Run one command; a failing one is an error, since its figures would mean nothing."""
        stdout, stderr = self.folder / "stdout", self.folder / "stderr"
        order = {
            "argv": list(command.argv),
            "env": {**self._common, **command.env},
            "cwd": str(self.folder),
            "stdin": str(command.stdin),
            "stdout": str(stdout),
            "stderr": str(stderr),
            "first_byte": command.first_byte,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the measuring process died")
        document = json.loads(answer)
        if document["code"] != 0:
            errors = stderr.read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(
                f"{' '.join(command.argv)[:200]} ended with {document['code']}: {errors[-2000:]}"
            )
        return Sample(
            document["wall"],
            document["cpu"],
            document["peak"],
            document["began"],
            stdout.read_bytes(),
            document["first_wall"],
            document["first_cpu"],
        )

    def alternate(self, makers: Mapping[str, Maker], runs: int) -> dict[str, list[Sample]]:
        """Run all commands in turn, ``runs`` times over, after one round that does not count."""
        samples: dict[str, list[Sample]] = {name: [] for name in makers}
        for number in range(runs + 1):
            for name, make in makers.items():
                sample = self.run(make())
                if number:
                    samples[name].append(sample)
        return samples


def same(command: Command) -> Maker:
    """A maker for a command that needs no preparation."""
    return lambda: command
