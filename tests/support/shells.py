"""Real shells at a pseudo-terminal: what Tab puts into the line, and what then would be run."""

import io
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import pexpect

from tests.support.tools import require

SHELLS = ("bash", "zsh", "fish")
LONG = 60
_BARE = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"], "fish": ["--no-config", "-i"]}
# In place of chatmgr once the line is complete: it writes down its words. Completion asks the real one.
_RECORD = {
    "bash": 'chatmgr() { printf \'%s\\0\' "$@" > "$WORDS"; }',
    "zsh": "chatmgr() { printf '%s\\0' \"$@\" > \"$WORDS\"; }; PS1='$ '",
    "fish": "function chatmgr; printf '%s\\0' $argv > \"$WORDS\"; end",
}


class Shell:
    """A shell with chatmgr's completion."""

    def __init__(self, name: str, env: dict[str, str], folder: Path, load: str, *, bare: bool = True) -> None:
        require(name)
        self._words = folder / "words"
        self._count = 0
        (folder / "work").mkdir(exist_ok=True)
        env = env | {"WORDS": str(self._words), "LC_ALL": "C.UTF-8", "PS1": "$ ", "TERM": "xterm"}
        self._child = pexpect.spawn(
            name,
            _BARE[name] if bare else ["-i"],
            env=env,
            cwd=str(folder / "work"),
            encoding="utf-8",
            codec_errors="replace",
            dimensions=(45, 150),
            timeout=LONG,
        )
        self._child.delaybeforesend = None
        self._type(f"{load}; {_RECORD[name]}" if load else _RECORD[name])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.close(force=True)

    def _type(self, line: str) -> str:
        """Type a line and wait until it is done; returns what was shown meanwhile."""
        self._count += 1
        self._child.send(f"{line}\r")
        self._child.send(f" echo do''ne{self._count}\r")
        self._child.expect(f"done{self._count}")
        return str(self._child.before)

    def complete(self, typed: str) -> list[str]:
        """The words after ``chatmgr`` once the line, with a Tab at its end, is run."""
        self._words.unlink(missing_ok=True)
        self._type(f"chatmgr {typed}\t")
        return self._words.read_text(encoding="utf-8").split("\0")[:-1]

    def listed(self, typed: str, wanted: str) -> str:
        """All that the shell shows until, of several candidates, ``wanted`` is shown; the line is dropped."""
        self._child.logfile_read = seen = io.StringIO()
        self._child.send(f"chatmgr {typed}\t\t")
        self._child.expect_exact(wanted)
        self._type("\x15")
        return seen.getvalue()


def without_chatmgr(env: dict[str, str]) -> dict[str, str]:
    """An environment whose PATH does not lead to chatmgr, as when its venv is not active."""
    ours = Path(sys.executable).parent
    kept = [part for part in env["PATH"].split(os.pathsep) if not (Path(part) / "chatmgr").exists()]
    return env | {"PATH": os.pathsep.join(folder for folder in kept if Path(folder) != ours)}
