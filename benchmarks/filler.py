"""Writes turns as years of use would leave them.

Mental model: a mix of many short conversations, some long ones and a few very long ones, with several
assistants and providers; most turns completed, a few broken off, refused or retried. Every counter that
the ledger keeps (turns, newest run, last activity, the thread's position) is what it would be, so that
``chatmgr db check`` finds nothing. The same seed gives the same rows.
"""

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select

from benchmarks.prose import Prose
from chatmgr.domain.states import RunState
from chatmgr.store.rows import (
    AssistantRow,
    AssistantVersionRow,
    Base,
    ConversationRow,
    MessageRow,
    RunRow,
    ThreadRow,
    TurnRow,
)

SEED = 20_261_130
MODEL = "gpt-4.1"
OPENAI = "https://api.openai.com/v1"
_BEGIN = datetime(2024, 6, 1, tzinfo=UTC)
_DAYS = 700
_ASSISTANTS = 12
_BATCH = 20_000  # rows of messages between two inserts
_ORDER: tuple[type[Base], ...] = (
    AssistantRow,
    AssistantVersionRow,
    ConversationRow,
    TurnRow,
    RunRow,
    MessageRow,
    ThreadRow,
)
_RETRIED = 0.01


@dataclass(frozen=True, slots=True)
class Kind:
    """Where a conversation goes: its provider, and the endpoint that keeps its thread, if one does."""

    provider: str = "openai"
    model: str = MODEL
    endpoint: str = OPENAI
    thread: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """What all turns of one conversation share."""

    conversation: int
    version: int
    kind: Kind


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
    """Writes whole conversations inside one transaction; ``finish`` writes what is still held."""

    def __init__(self, db: Connection, seed: int = SEED) -> None:
        self._db = db
        self._rng = random.Random(seed)
        self._prose = Prose(self._rng)
        self._rows: dict[type[Base], list[dict[str, Any]]] = defaultdict(list)
        self._last = {table: self._newest(table) for table in _ORDER}
        self._versions = self._assistants()

    def _newest(self, table: type[Base]) -> int:
        return int(self._db.scalar(select(func.max(table.__table__.c.id))) or 0)

    def _next(self, table: type[Base]) -> int:
        self._last[table] += 1
        return self._last[table]

    def _hold(self, table: type[Base], **values: Any) -> None:
        self._rows[table].append(values)

    def _assistants(self) -> list[tuple[int, int]]:
        """Personas at version 1, each as its own id and its version's."""
        found = []
        for _ in range(_ASSISTANTS):
            one, version = self._next(AssistantRow), self._next(AssistantVersionRow)
            self._hold(
                AssistantRow,
                id=one,
                name=f"persona-{one}",
                version=1,
                created_at=_BEGIN,
                updated_at=_BEGIN,
                deleted_at=None,
            )
            self._hold(
                AssistantVersionRow,
                id=version,
                assistant_id=one,
                version=1,
                instructions=self._prose.message(),
                model=MODEL,
                provider="",
                params={},
                created_at=_BEGIN,
            )
            found.append((one, version))
        return found

    def mixed(self, turns: int) -> int:
        """Conversations of mixed lengths with so many turns in all; returns how many they are."""
        count, left = 0, turns
        while left:
            length = min(left, self._length())
            openai = self._rng.random() < 0.8
            remote = f"conv_{self._rng.getrandbits(128):032x}"
            kind = Kind(thread=remote) if openai else Kind("ollama", "llama3.2", endpoint="")
            self.conversation(length, kind)
            count, left = count + 1, left - length
        return count

    def _length(self) -> int:
        draw = self._rng.random()
        if draw < 0.7:
            return 1 + int(self._rng.expovariate(1 / 3))
        if draw < 0.97:
            return self._rng.randint(8, 40)
        return self._rng.randint(60, 400) if draw < 0.999 else self._rng.randint(1_000, 3_000)

    def conversation(self, length: int, kind: Kind, name: str = "") -> None:
        """One conversation, from its first turn to its last."""
        number = self._next(ConversationRow)
        assistant, version = self._rng.choice(self._versions)
        began = now = _BEGIN + timedelta(seconds=self._rng.random() * 86_400 * _DAYS)
        run, synced = None, 0
        for position in range(1, length + 1):
            now += timedelta(seconds=self._rng.expovariate(1 / 400))
            run, answered, now = self._turn(_Place(number, version, kind), position, now)
            synced = position if answered else synced
        self._hold(
            ConversationRow,
            id=number,
            key=f"{self._rng.getrandbits(64):016x}",
            name=name or self._prose.name(number),
            title=self._prose.message()[:60].replace("\n", " "),
            assistant_id=assistant,
            model="",
            provider=kind.provider,
            turns=length,
            last_run_id=run,
            created_at=began,
            updated_at=now,
            used_at=now,
            deleted_at=None,
        )
        if kind.thread:
            self._thread(number, kind, synced, began)
        if len(self._rows[MessageRow]) > _BATCH:
            self.finish()

    def _thread(self, conversation: int, kind: Kind, synced: int, began: datetime) -> None:
        """The remote counterpart, in step with the last answered turn."""
        self._hold(
            ThreadRow,
            conversation_id=conversation,
            provider=kind.provider,
            endpoint=kind.endpoint,
            remote_id=kind.thread,
            synced=synced,
            doubtful=False,
            created_at=began,
            dropped_at=None,
        )

    def _turn(self, place: _Place, position: int, now: datetime) -> tuple[int, bool, datetime]:
        """One turn: its newest run, whether that has an answer, and when it ended."""
        turn, began = self._next(TurnRow), now
        text = self._prose.message()
        self._hold(MessageRow, turn_id=turn, run_id=None, role="user", content=text, created_at=began)
        if self._rng.random() < _RETRIED:
            _, _, now = self._run(place, turn, now, _FATES[-1])
        draw = self._rng.random()
        run, answered, now = self._run(place, turn, now, next(one for one in _FATES if draw < one.until))
        self._hold(
            TurnRow,
            id=turn,
            conversation_id=place.conversation,
            position=position,
            run_id=run,
            created_at=began,
        )
        return run, answered, now

    def _run(self, place: _Place, turn: int, now: datetime, fate: _Fate) -> tuple[int, bool, datetime]:
        """One attempt and its answer, if it has one."""
        number = self._next(RunRow)
        ended = now + timedelta(seconds=0.5 + self._rng.expovariate(1 / 6))
        text = "" if fate.state is RunState.FAILED else self._prose.answer()
        counted = fate.state in {RunState.COMPLETED, RunState.INCOMPLETE}
        self._hold(
            RunRow,
            id=number,
            turn_id=turn,
            conversation_id=place.conversation,
            assistant_version_id=place.version,
            provider=place.kind.provider,
            model=place.kind.model,
            state=fate.state.value,
            detail=fate.detail,
            error=fate.error,
            thread_id=place.kind.thread,
            remote_id=f"resp_{self._rng.getrandbits(128):032x}",
            sent_at=now,
            started_at=now,
            finished_at=ended,
            pid=4_321,
            host="desk",
            input_tokens=self._rng.randint(20, 4_000) if counted else None,
            output_tokens=len(text) // 4 if counted else None,
        )
        if text:
            row = {"turn_id": turn, "run_id": number, "role": "assistant", "content": text}
            self._hold(MessageRow, **row, created_at=ended)
        return number, bool(text), ended

    def finish(self) -> None:
        """Write what is held, parents first."""
        for table in _ORDER:
            if rows := self._rows.pop(table, []):
                self._db.execute(insert(table), rows)
