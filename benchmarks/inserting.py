"""What a turn costs to keep, at a million as at a thousand; and how large the search index is."""

import random
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fill import filled
from benchmarks.meter import Meter
from benchmarks.prose import Prose
from benchmarks.ratios import Result
from benchmarks.searching import TURNS
from benchmarks.sizes import size
from benchmarks.timeline import MODEL
from chatmgr.domain.model import Assistant
from chatmgr.domain.states import RunState
from chatmgr.store.reader import Reader
from chatmgr.store.writer import RunOutcome, Writer

FEW, OF_ONE_SCRIPT = size(1_000), size(20_000)
SAME, INDEX = 1.15, 0.6
_PAIRS = 20  # turns to a round of the measuring
_TABLES = ("words_data", "words_idx", "grams_data", "grams_idx")
_BYTES = {"data": "length(block)", "idx": "length(term) + 8"}  # a term beside two small numbers
_TEXT = "SELECT sum(length(CAST(text AS BLOB))) FROM searchable"


def inserting(meter: Meter, folder: Path, runs: int) -> Iterator[Result]:
    """A turn opened and closed by the writer in this process, in copies of both stores, in turn."""
    prose = Prose(random.Random(1), {"english": 1.0})
    stores = [_Copied(filled(folder / f"{turns}", turns), meter.folder) for turns in (TURNS, FEW)]
    turns = [prose.turn() for _ in range(runs * _PAIRS)]
    for clock, name in ((time.perf_counter, "wall"), (time.process_time, "cpu")):
        pairs = []
        for question, answer in [turns[0], *turns]:
            large, few = (store.turn(question, answer, clock) for store in stores)
            pairs.append((large, few))
        target = SAME if name == "wall" else None
        yield Result(f"a turn at {TURNS:,}", f"at {FEW:,}", name, pairs[1:], target)
    for store in stores:
        store.close()


@dataclass(frozen=True, slots=True)
class _Conversation:
    pk: int
    assistant: Assistant


class _Copied:
    """A copy of a store, with a conversation of its own to add to."""

    def __init__(self, home: Path, folder: Path) -> None:
        self._path = folder / f"copy-{home.name}.db"
        shutil.copyfile(home / "chatmgr.db", self._path)
        url = f"sqlite:///{self._path}"
        self._writer = Writer(url)
        self._writer.assistants.create("measured", "", MODEL, "openai", {})
        with Reader(url) as reader:
            assistant = reader.assistants.get("measured")
            self._writer.conversations.create("measured", assistant.id, "", "openai")
            self._conversation = _Conversation(reader.conversations.get("measured").pk, assistant)

    def turn(self, question: str, answer: str, clock: Callable[[], float]) -> float:
        """Seconds to keep one turn."""
        where = self._conversation
        began = clock()
        run = self._writer.turns.open(where.pk, where.assistant, MODEL, "openai", "", question)
        self._writer.runs.close(run, RunOutcome(RunState.COMPLETED, answer))
        return clock() - began

    def close(self) -> None:
        """Let go of the copy, and remove it."""
        self._writer.close()
        for end in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + end).unlink(missing_ok=True)


def index(_meter: Meter, folder: Path, _runs: int) -> Iterator[Result]:
    """The bytes of the index against those of all the text that is in it."""
    homes = {f"{TURNS:,} turns, mixed": filled(folder / f"{TURNS}", TURNS)}
    for script in ("english", "japanese"):
        home = filled(folder / f"{OF_ONE_SCRIPT}-{script}", OF_ONE_SCRIPT, {script: 1.0})
        homes[f"{OF_ONE_SCRIPT:,} turns, {script}"] = home
    for what, home in homes.items():
        with closing(sqlite3.connect(home / "chatmgr.db")) as db:
            [text] = db.execute(_TEXT).fetchone()
            parts = [
                db.execute(f"SELECT sum({_BYTES[item.split('_')[1]]}) FROM {item}").fetchone()[0] or 0
                for item in _TABLES
            ]
        target = INDEX if home.name == f"{TURNS}" else None
        note = f"words {(parts[0] + parts[1]) / text:.2f}, trigrams {(parts[2] + parts[3]) / text:.2f}"
        yield Result(f"index of {what}", "its text", "bytes", [(sum(parts), text)], target, note)
