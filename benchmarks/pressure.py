"""Writers, readers and house-keeping on one large store, all at once: ``python -m benchmarks.pressure DIR``.

DIR is the home of a filled store (``python -m benchmarks.fill``); a copy of it is used. So many conversations
send turns, each command a new process, to a scripted server on the loopback. Meanwhile others list and
search, one backs the database up, one exports everything, one empties the trash, and one rebuilds the search
index. At the end every turn must be there, with its whole answer, every command must have ended well, and the
database must be intact.

Then ``trash empty`` of one conversation is measured here and on a store of a thousand turns, in turn.
"""

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.fill import filled
from benchmarks.meter import Meter, chatmgr
from benchmarks.remote import KEY, configure
from benchmarks.timeline import MODEL
from tests.support.store import Store
from tests.wire import WireServer

FEW, TURNS = 1_000, 10  # turns of the small store, and of a conversation that is deleted
TARGET = 3.0


@dataclass(slots=True)
class Tally:
    """What the commands came to."""

    ended: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    slowest: dict[str, float] = field(default_factory=dict)

    def add(self, kind: str, done: subprocess.CompletedProcess[str], seconds: float) -> None:
        """Count a command that has ended."""
        self.ended[kind] += 1
        self.slowest[kind] = max(self.slowest.get(kind, 0.0), round(seconds, 1))
        if done.returncode:
            self.errors.append(f"{kind}: {done.returncode} {done.stderr.strip()[-200:]}")


class Pressure:
    """The commands on one home."""

    def __init__(self, home: Path, env: dict[str, str]) -> None:
        self._home, self._env = home, env
        self.tally = Tally()
        self._over = threading.Event()

    def run(self, kind: str, *words: str) -> None:
        """One command, to its end."""
        command = chatmgr(*words, home=self._home, env=self._env)
        began = time.monotonic()
        done = subprocess.run(
            list(command.argv), env={**self._env, **command.env}, capture_output=True, text=True, check=False
        )
        self.tally.add(kind, done, time.monotonic() - began)

    def send(self, name: str, turns: int) -> None:
        """The turns of one conversation, one after the other."""
        for number in range(turns):
            self.run("send", "send", name, f"{name}: question {number}")

    def read(self, *words: str) -> None:
        """A command that reads, until all is over."""
        while not self._over.is_set():
            self.run("read", *words)

    def all_at_once(self, names: Sequence[str], turns: int) -> None:
        """Everything, each in a thread of its own."""
        copy, export = str(self._home / "copy.db"), str(self._home / "everything.jsonl")
        writers = [threading.Thread(target=self.send, args=(name, turns)) for name in names]
        writers += [
            threading.Thread(target=self.run, args=("backup", "db", "backup", copy)),
            threading.Thread(target=self.run, args=("export", "export", "--all", "-o", export)),
            threading.Thread(target=self.run, args=("trash empty", "trash", "empty", "gone", "--yes")),
            threading.Thread(target=self.run, args=("reindex", "db", "reindex")),
        ]
        readers = [
            threading.Thread(target=self.read, args=words)
            for words in (("history",), ("history", "-q", "river", "-n", "5"), ("history", names[0]))
        ]
        for thread in [*readers, *writers]:
            thread.start()
        for thread in writers:
            thread.join()
        self._over.set()
        for thread in readers:
            thread.join()


def under_pressure(origin: Path, folder: Path, writers: int, turns: int) -> dict[str, object]:
    """Run everything at once on a copy of a store; returns what it came to."""
    home = _copied(origin, folder / "pressure")
    _add(home, "gone", TURNS)
    with WireServer(check=False) as server:
        configure(home, "completions", server.base_url, MODEL)
        pressure = Pressure(home, {**os.environ, **KEY})
        names = [f"pressure-{number}" for number in range(writers)]
        store = Store(f"sqlite:///{home / 'chatmgr.db'}")
        assistant = store.assistant("measured", model=MODEL)
        for name in names:
            store.writer.conversations.create(name, assistant.id, "", "wire")
        store.close()
        began = time.monotonic()
        pressure.all_at_once(names, turns)
        wall = time.monotonic() - began
        pressure.run("check", "db", "check")
    whole = _whole(home, names)
    return {
        "commands": dict(pressure.tally.ended),
        "slowest, s": pressure.tally.slowest,
        "errors": pressure.tally.errors,
        "turns": writers * turns,
        "lost": writers * turns - whole,
        "wall, s": round(wall, 1),
    }


def _whole(home: Path, names: Sequence[str]) -> int:
    """How many turns of these conversations are complete."""
    marks = ", ".join("?" * len(names))
    with closing(sqlite3.connect(home / "chatmgr.db")) as db:
        sql = (
            "SELECT count(*) FROM conversations c JOIN turns t ON t.conversation_id = c.id "
            "JOIN runs r ON r.id = t.run_id JOIN messages a ON a.run_id = r.id "
            f"WHERE c.name IN ({marks}) AND r.state = 'completed' AND a.content <> ''"
        )
        return int(db.execute(sql, list(names)).fetchone()[0])


def _copied(origin: Path, home: Path) -> Path:
    home.mkdir()
    shutil.copyfile(origin / "chatmgr.db", home / "chatmgr.db")
    return home


def _add(home: Path, name: str, turns: int) -> None:
    """A conversation in the trash."""
    store = Store(f"sqlite:///{home / 'chatmgr.db'}")
    for number in range(turns):
        store.answer(f"what about {name}{number}x and the river?", f"it is {name}{number}y, as usual", name)
    store.writer.trash.put([store.now(name).pk])
    store.close()


def deleting(meter: Meter, origin: Path, folder: Path, runs: int) -> list[tuple[float, float, float, float]]:
    """CPU and wall of ``trash empty`` of one conversation, on the large store and on a small one, in turn."""
    homes = [_copied(origin, folder / "large"), _copied(filled(folder / f"{FEW}", FEW), folder / "small")]
    pairs = []
    for number in range(runs + 1):
        took = []
        for home in homes:
            _add(home, f"gone{number}", TURNS)
            sample = meter.run(chatmgr("trash", "empty", f"gone{number}", "--yes", home=home, env=KEY))
            took += [sample.cpu, sample.wall]
        pairs.append((took[0], took[2], took[1], took[3]))
    return pairs[1:]


def main() -> int:
    """Run both, print what they came to, and fail where a turn was lost or a target missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pressure", description="Everything at once.")
    parser.add_argument("home", type=Path, help="the home of a filled store; it is copied, not changed")
    parser.add_argument("--writers", type=int, default=32)
    parser.add_argument("--turns", type=int, default=2, help="of each writer")
    parser.add_argument("--runs", type=int, default=5, help="pairs of deletions that are measured")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chatmgr-bench-") as name, Meter(Path(name)) as meter:
        folder = Path(name)
        outcome = under_pressure(options.home, folder, options.writers, options.turns)
        print(json.dumps(outcome, ensure_ascii=False, indent=1), flush=True)
        pairs = deleting(meter, options.home, folder, options.runs)
    cpu, wall = (sorted(pair[at] / pair[at + 1] for pair in pairs)[len(pairs) // 2] for at in (0, 2))
    for large_cpu, small_cpu, large_wall, small_wall in pairs:
        print(f"trash empty: cpu {large_cpu:.2f} / {small_cpu:.2f}, wall {large_wall:.2f} / {small_wall:.2f}")
    print(f"trash empty, large / {FEW:,}: cpu {cpu:.2f}, wall {wall:.2f}; at most {TARGET}")
    return int(bool(outcome["errors"] or outcome["lost"]) or cpu > TARGET)


if __name__ == "__main__":
    sys.exit(main())
