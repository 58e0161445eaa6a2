"""Who talks when: conversations over some years, and all their turns in the order of time.

Mental model: many short conversations, some long ones and a few very long ones. Each begins somewhere
in those years and goes on in sittings, between which the others do. Turns come one at a time, from
whichever conversation is next, so that whoever writes them down in that order does what chatmgr did.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import heapify, heappop, heapreplace

MODEL = "gpt-4.1"
OPENAI = "https://api.openai.com/v1"
BEGIN = datetime(2024, 6, 1, tzinfo=UTC).timestamp()
SPAN = 700 * 86_400.0
_PACE = 400.0  # seconds between two turns of a sitting
_APART = 0.02  # how often a sitting ends with a turn
_AWAY = 3 * 86_400.0
_LONG = 500  # turns past which a conversation is one sitting after another, or it would never end


@dataclass(frozen=True, slots=True)
class Kind:
    """Where a conversation goes: its provider, and the endpoint that keeps its thread, if one does."""

    provider: str = "openai"
    model: str = MODEL
    endpoint: str = OPENAI
    thread: str = ""


@dataclass(slots=True)
class Talk:
    """A conversation as it goes on: what its row counts, kept as the writer keeps it."""

    kind: Kind
    length: int
    began: float
    name: str = ""
    number: int = 0
    assistant: int = 0
    version: int = 0
    turns: int = 0
    synced: int = 0
    run: int | None = None
    now: float = 0.0


def talks(rng: random.Random, turns: int, extra: Mapping[str, tuple[int, Kind]]) -> list[Talk]:
    """Conversations with so many turns in all, and the named ones, in the order they begin in."""
    talks, left = [], turns
    while left:
        length = min(left, _length(rng))
        kind = Kind("ollama", "llama3.2", endpoint="")
        if rng.random() < 0.8:
            kind = Kind(thread=f"conv_{rng.getrandbits(128):032x}")
        talks.append(Talk(kind, length, _begin(rng, length)))
        left -= length
    talks += [Talk(kind, length, _begin(rng, length), name) for name, (length, kind) in extra.items()]
    return sorted(talks, key=lambda talk: talk.began)


def _length(rng: random.Random) -> int:
    draw = rng.random()
    if draw < 0.7:
        return 1 + int(rng.expovariate(1 / 3))
    if draw < 0.97:
        return rng.randint(8, 40)
    return rng.randint(60, 400) if draw < 0.999 else rng.randint(1_000, 3_000)


def _begin(rng: random.Random, length: int) -> float:
    """Early enough to come to an end within the years."""
    return BEGIN + rng.random() * max(86_400.0, SPAN - 3 * _PACE * length)


def in_time(rng: random.Random, everyone: list[Talk]) -> Iterator[tuple[Talk, float]]:
    """Each turn: its conversation, whose ``now`` the receiver moves to the turn's end, and when it began."""
    queue = [(value.began, place) for place, value in enumerate(everyone)]
    heapify(queue)
    while queue:
        at, place = queue[0]
        talk = everyone[place]
        talk.turns += 1
        yield talk, at
        if talk.turns == talk.length:
            heappop(queue)
        else:
            heapreplace(queue, (talk.now + _pause(rng, talk), place))


def _pause(rng: random.Random, talk: Talk) -> float:
    away = rng.random() < _APART and talk.length < _LONG and talk.now < BEGIN + SPAN * 0.97
    return rng.expovariate(1 / (_AWAY if away else _PACE))
