"""An answer of 10 MB: checkpoints beside the text alone, and a search that meets it beside one without it."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.meter import Meter, chatmgr, same
from benchmarks.prose import Prose
from benchmarks.ratios import Result, compare
from benchmarks.sizes import size
from benchmarks.timeline import MODEL
from chatmgr.domain.events import Delta
from chatmgr.domain.model import Assistant
from chatmgr.domain.states import RunState
from chatmgr.store.reader import Reader
from chatmgr.store.writer import RunOutcome, Writer
from chatmgr.turns.progress import Progress
from chatmgr.turns.recorder import Recorder

LENGTH = size(10_000_000)  # characters
CHECKPOINTS, SEARCHED = 2.0, 2.0
_SECONDS = 100  # of the stream: a checkpoint each
_IN_LONG, _IN_SHORT = "zanzibar", "timbuktu"


def long_answers(meter: Meter, folder: Path, runs: int) -> Iterator[Result]:
    """In this process, a long answer kept second by second and at once; then searches, each a process."""
    store = _Store(folder)
    pairs = []
    for _ in range(runs + 1):
        pairs.append((store.answer(_SECONDS, _IN_LONG), store.answer(1, "")))
    yield Result(f"{LENGTH:,} characters in {_SECONDS} checkpoints", "in one", "cpu", pairs[1:], CHECKPOINTS)
    store.short_answer(_IN_SHORT)
    store.close()
    commands = {word: same(chatmgr("history", "-q", word, home=folder)) for word in (_IN_LONG, _IN_SHORT)}
    samples = meter.alternate(commands, runs)
    what = f"a search that meets {LENGTH:,} characters"
    yield compare(what, "that meets none", "cpu", (samples[_IN_LONG], samples[_IN_SHORT]), SEARCHED)


class _Store:
    """A store with one conversation."""

    def __init__(self, home: Path) -> None:
        url = f"sqlite:///{home / 'chatmgr.db'}"
        self._writer, self._reader = Writer(url), Reader(url)
        self._writer.assistants.create("plain", "", MODEL, "wire", {})
        self._persona: Assistant = self._reader.assistants.get("plain")
        self._writer.conversations.create("long", self._persona.id, "", "wire")
        self._pk = self._reader.conversations.get("long").pk
        self._prose = Prose(random.Random(1), {"english": 1.0})

    def answer(self, checkpoints: int, last_word: str) -> float:
        """One turn, its answer saved so many times on the way; returns seconds of CPU."""
        text = ""
        while len(text) < LENGTH // _SECONDS:
            text += f"{self._prose.turn()[1]} "
        deltas = [Delta(text)] * _SECONDS
        deltas[-1] = Delta(f"{text} {last_word}")
        run = self._writer.turns.open(self._pk, self._persona, MODEL, "wire", "http://x", "hello")
        recorder, progress = Recorder(self._writer), Progress()
        began = time.process_time()
        for number, delta in enumerate(deltas, 1):
            progress.add_delta(delta)
            if number % (_SECONDS // checkpoints) == 0:
                recorder.checkpoint(run, progress)
        self._writer.runs.close(run, RunOutcome(RunState.COMPLETED, progress.text, thread_synced=True))
        return time.process_time() - began

    def short_answer(self, word: str) -> None:
        """One more turn, with a short answer."""
        run = self._writer.turns.open(self._pk, self._persona, MODEL, "wire", "http://x", "hello")
        self._writer.runs.close(run, RunOutcome(RunState.COMPLETED, word, thread_synced=True))

    def close(self) -> None:
        """Let go of the database."""
        self._reader.close()
        self._writer.close()
