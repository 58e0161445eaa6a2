"""Writes turns as years of use would leave them.

Mental model: the turns of all conversations in the order of time, so that keys rise with it; several
assistants and providers; most turns completed, a few broken off, refused or retried; files, tags, prices,
an archive and a trash. Every counter that the writer keeps (turns, newest run, last activity, stamp, the
thread's position) is what it would be, so that ``chatmgr db check`` finds nothing, and the search index
is kept by its own triggers. The same seed gives the same rows.
"""

import hashlib
import random
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.prose import RARE, Prose
from benchmarks.sheets import Sheet, stored
from benchmarks.timeline import BEGIN, MODEL, Kind, Talk, in_time, talks
from benchmarks.vocabulary import MIX
from chatmgr.domain.ids import FAR, new_key
from chatmgr.domain.states import RunState
from chatmgr.store import tables

SEED = 20_261_130
RARES = 10  # turns of any store that hold the rare word, evenly spread over its time
_ASSISTANTS = 12
_CHUNK = 20_000  # turns to a transaction
_RETRIED, _WITH_FILE = 0.01, 0.01
_FILES = 40
_TAGS = ("work", "home", "travel", "code", "urgent", "reading", "school", "money")
_TAGGED, _ARCHIVED, _TRASHED = 0.15, 0.05, 0.02
_PER_INPUT, _PER_OUTPUT = 2_000, 8_000  # billionths of a US dollar a token
_ENDED = "UPDATE conversations SET turns = ?, last_run_id = ?, updated_at = ?, used_at = ?, archived_at = ?, "
_ENDED += "deleted_at = ? WHERE id = ?"


@dataclass(frozen=True, slots=True)
class _Fate:
    """How a run may end; it does when a number between 0 and 1 is drawn below ``until``."""

    until: float
    state: RunState
    detail: str = ""
    error: str = ""


_FATES = (
    _Fate(0.965, RunState.COMPLETED),
    _Fate(0.975, RunState.INCOMPLETE, "length"),
    _Fate(0.985, RunState.CANCELLED),
    _Fate(0.99, RunState.INTERRUPTED, error="the stream ended before the answer did"),
    _Fate(1.0, RunState.FAILED, error="openai refused (429): Rate limit reached."),
)


class Filler:
    """Fills an empty store of today's schema, chunk by chunk."""

    def __init__(self, db: sqlite3.Connection, seed: int = SEED, mix: Mapping[str, float] = MIX) -> None:
        self._db = db
        self._rng = random.Random(seed)
        self._prose = Prose(self._rng, mix)
        self._sheets()
        self._ended: list[tuple[Any, ...]] = []
        self._talks = self._turns = self._runs = self._messages = self._stamp = 0
        self._versions = [self._assistant(number) for number in range(1, _ASSISTANTS + 1)]
        self._blobs = [self._blob(number) for number in range(_FILES)]

    def _sheets(self) -> None:
        """Parents first. A turn's answer goes in before its message: so the index gets each turn once."""
        self._assistants = Sheet(tables.assistants, "id name version created_at updated_at")
        self._editions = Sheet(
            tables.assistant_versions,
            "id assistant_id version instructions model provider params created_at key",
        )
        self._conversations = Sheet(
            tables.conversations,
            "id key name title assistant_id model provider turns created_at updated_at used_at folder "
            "branch_id",
        )
        self._branches = Sheet(tables.branches, "id key conversation_id parent_position created_at")
        self._paths = Sheet(tables.path_segments, "conversation_id first branch_id last")
        self._said = Sheet(tables.turns, "id branch_id position run_id created_at stamp key")
        self._tried = Sheet(
            tables.runs,
            "id turn_id conversation_id assistant_version_id provider model state detail error thread_id "
            "remote_id sent_at started_at finished_at pid host input_tokens output_tokens cost key",
        )
        self._answers = Sheet(tables.messages, "id turn_id run_id role content created_at")
        self._questions = Sheet(tables.messages, "id turn_id role content created_at")
        self._files = Sheet(tables.blobs, "sha256 size data")
        self._attached = Sheet(tables.attachments, "message_id position name content_type sha256")
        self._threads = Sheet(
            tables.threads, "conversation_id provider endpoint remote_id synced doubtful created_at branch_id"
        )
        self._tags = Sheet(tables.tags, "conversation_id name")
        self._all = [self._assistants, self._editions, self._branches, self._conversations, self._paths]
        self._all += [self._said, self._tried]
        self._all += [self._answers, self._questions, self._files, self._attached, self._threads, self._tags]

    def _assistant(self, number: int) -> tuple[int, int]:
        """A persona at version 1: its id and its version's."""
        began = stored(BEGIN)
        self._assistants.rows.append((number, f"persona-{number}", 1, began, began))
        told = self._prose.instructions()
        self._editions.rows.append((number, number, 1, told, MODEL, "", "{}", began, self._key(BEGIN)))
        return number, number

    def _key(self, at: float) -> str:
        return new_key(int(at * 1_000), self._rng.randbytes(10))

    def _blob(self, number: int) -> tuple[str, str]:
        """A file's name and its hash."""
        data = self._prose.instructions().encode()
        digest = hashlib.sha256(data).hexdigest()
        self._files.rows.append((digest, len(data), data))
        return f"notes-{number}.txt", digest

    def fill(self, turns: int, extra: Mapping[str, tuple[int, Kind]]) -> int:
        """So many turns in conversations of mixed lengths, and named ones of a given length; returns how
        many conversations that are.
        """
        everyone = talks(self._rng, turns, extra)
        total = sum(person.length for person in everyone)
        every = max(1, total // RARES)
        for talk, at in in_time(self._rng, everyone):
            if talk.turns == 1:
                self._begin(talk, at)
            self._turn(talk, at, rare=self._turns % every == every // 2)
            if talk.turns == talk.length:
                self._end(talk)
            if self._turns % _CHUNK == 0:
                self._write()
        self._write()
        return len(everyone)

    def _begin(self, talk: Talk, at: float) -> None:
        self._talks += 1
        talk.number = self._talks
        talk.name = talk.name or self._prose.name(self._talks)
        talk.assistant, talk.version = self._rng.choice(self._versions)
        key, title, moment = f"{self._rng.getrandbits(64):016x}", self._prose.title(), stored(at)
        row = (talk.number, key, talk.name, title, talk.assistant, "", talk.kind.provider, 0)
        folder = self._rng.choice(("", "", "/home/ann", "/home/ann/src", "/home/ann/papers"))
        self._branches.rows.append((talk.number, self._key(at), talk.number, 0, moment))
        self._conversations.rows.append((*row, moment, moment, moment, folder, talk.number))
        self._paths.rows.append((talk.number, 1, talk.number, FAR))
        if self._rng.random() < _TAGGED:
            for tag in self._rng.sample(_TAGS, self._rng.randint(1, 3)):
                self._tags.rows.append((talk.number, tag))

    def _end(self, talk: Talk) -> None:
        """What its last turn leaves in a conversation's row, and where it went then."""
        now, draw, later = stored(talk.now), self._rng.random(), stored(talk.now + 86_400)
        named = not talk.name.rpartition("-")[2].isdigit()
        archived = later if draw < _ARCHIVED and not named else None
        deleted = later if draw > 1 - _TRASHED and not named else None
        self._ended.append((talk.turns, talk.run, now, now, archived, deleted, talk.number))
        if kind := talk.kind if talk.kind.thread else None:
            row = (talk.number, kind.provider, kind.endpoint, kind.thread, talk.synced)
            self._threads.rows.append((*row, False, stored(talk.began), talk.number))

    def _turn(self, talk: Talk, at: float, *, rare: bool) -> None:
        self._turns += 1
        self._messages += 1
        turn, message, began = self._turns, self._messages, stored(at)
        question, answer = self._prose.turn()
        if rare:
            question = f"{question} {RARE}"
        self._questions.rows.append((message, turn, "user", question, began))
        if self._rng.random() < _WITH_FILE:
            name, digest = self._rng.choice(self._blobs)
            self._attached.rows.append((message, 0, name, "text/plain", digest))
        talk.now = at
        if self._rng.random() < _RETRIED:
            self._run(talk, turn, "", _FATES[-1])
        draw = self._rng.random()
        fate = next(item for item in _FATES if draw < item.until)
        self._run(talk, turn, answer, fate)
        self._stamp = max(int(at), self._stamp + 1)  # what free_stamp finds, as time only goes forward here
        key = self._key(at)
        self._said.rows.append((turn, talk.number, talk.turns, talk.run, began, self._stamp, key))

    def _run(self, talk: Talk, turn: int, answer: str, fate: _Fate) -> None:
        """One attempt and its answer, if it has one; the conversation's newest run."""
        self._runs += 1
        kind, number, began = talk.kind, self._runs, stored(talk.now)
        talk.run = number
        talk.now += 0.5 + self._rng.expovariate(1 / 6)
        ended = stored(talk.now)
        tokens: tuple[int | None, int | None] = (None, None)
        cost = None
        if fate.state in {RunState.COMPLETED, RunState.INCOMPLETE}:
            given, got = int(20 + self._rng.random() * 4_000), len(answer) // 4
            tokens = given, got
            cost = given * _PER_INPUT + got * _PER_OUTPUT if kind.provider == "openai" else None
        remote = f"resp_{self._rng.getrandbits(128):032x}"
        where = (number, turn, talk.number, talk.version, kind.provider, kind.model)
        how = (fate.state.value, fate.detail, fate.error, kind.thread, remote)
        self._tried.rows.append(
            (*where, *how, began, began, ended, 4_321, "desk", *tokens, cost, self._key(talk.now))
        )
        if fate.state is not RunState.FAILED:
            talk.synced = talk.turns
            self._messages += 1
            self._answers.rows.append((self._messages, turn, number, "assistant", answer, ended))

    def _write(self) -> None:
        """Write what is held, in one transaction."""
        self._db.execute("BEGIN IMMEDIATE")
        for sheet in self._all:
            sheet.write(self._db)
        self._db.executemany(_ENDED, self._ended)
        self._ended.clear()
        self._db.execute("COMMIT")
