"""The conversations that the pictures show, with the times at which everything in them was said."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chatmgr.domain.events import Usage
from chatmgr.domain.states import RunState
from chatmgr.store.writer import RunOutcome
from tests.support.sample_stores import SampleStore

FREEZE = "What does gc.freeze() do, and when would I use it?"
FREEZE_ANSWER = """\
It moves every object that is alive now into a *permanent generation* that the collector no longer walks. \
Use it right before a fork:

```python
import gc

gc.disable()
load_everything()  # modules, caches, tables
gc.freeze()
```

| | without | with `gc.freeze()` |
| --- | ---: | ---: |
| shared after the fork | 61 MB | 212 MB |
| collector's pauses | 38 ms | 4 ms |

The children then **share** those pages instead of copying them.
"""
SHORTER = "Say it in one sentence."
SHORTER_ANSWER = (
    "`gc.freeze()` hides everything that is alive from the collector, so that forked children share it."
)
POEM = "A haiku about compilers, please."
POEM_ANSWER = "Semicolons fall —\na thousand lines, one warning:\nunused variable."
TAXES = (
    ("May I deduct a room that I also use for guests?", "Only the share that serves your work."),
    ("How is that share worked out?", "By area: the room's square metres over those of the flat."),
    ("What must I keep as evidence?", "A floor plan, the lease, and a letter of your employer."),
    ("My desk is in the living room.", "Then there is no room to deduct, only the desk."),
    ("And the desk?", "It is equipment. You deduct it in the year in which you paid for it."),
    ("What about the internet at home?", "The share that is for work, if your employer does not pay it."),
    ("Is the lump sum better for me?", "Below 2,000 francs a year it is, and it needs no evidence."),
    ("Can I change my mind next year?", "Yes, each year on its own."),
    ("Draft a letter for my employer.", "“We confirm that Ms Keller works at home on two days a week.”"),
)


@dataclass(frozen=True, slots=True)
class Said:
    """A turn: how long before the others' present it was said, and how its answer ended."""

    ago: timedelta
    user: str
    answer: str
    seconds: float = 4.2
    tokens: tuple[int, int] = (312, 167)
    cost: int = 2_100_000  # billionths of a dollar
    state: RunState = RunState.COMPLETED


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation with its turns, oldest first; ``present`` is its own, where it is of a certain date."""

    name: str
    title: str
    model: str
    assistant: str
    turns: tuple[Said, ...]
    present: datetime | None = None


TALKS = (
    Talk(
        "old-poems",
        "Haiku about compilers",
        "gpt-4.1-mini",
        "poet",
        (
            Said(timedelta(days=20), POEM, POEM_ANSWER, 1.9, (41, 23), 52_000),
            Said(timedelta(days=19.5), "One about linkers.", "Undefined symbol —", 0.8, (80, 6), 40_000),
        ),
        datetime(2024, 3, 31, 12, tzinfo=UTC),
    ),
    Talk(
        "taxes-2026",
        "Deducting a home office, canton Bern",
        "gpt-4.1",
        "accountant",
        tuple(
            Said(
                timedelta(days=6.4 - number // 3, minutes=-20 * (number % 3)),
                question,
                answer,
                6.1,
                (1_210 + 300 * number, 388),
                5_524_000,
            )
            for number, (question, answer) in enumerate(TAXES)
        ),
    ),
    Talk(
        "trip-to-oslo",
        "",
        "gpt-4.1-mini",
        "tutor",
        (
            Said(
                timedelta(hours=29),
                "Plan three days in Oslo with two children, by train from Bern.",
                "Day one: the night train to Hamburg, then",
                2.4,
                (52, 11),
                61_000,
                RunState.INTERRUPTED,
            ),
        ),
    ),
    Talk(
        "review-412",
        "Review of the retry loop",
        "gpt-4.1",
        "reviewer",
        (
            Said(
                timedelta(hours=5.5),
                "What could break in this retry loop?",
                "It retries a POST that the server may have heard.",
                3.3,
                (940, 210),
                3_560_000,
            ),
        ),
    ),
    Talk(
        "gc-freeze",
        "What gc.freeze() does before a fork",
        "gpt-4.1",
        "tutor",
        (
            Said(timedelta(hours=2, minutes=33), FREEZE, FREEZE_ANSWER),
            Said(timedelta(hours=2, minutes=30), SHORTER, SHORTER_ANSWER, 1.1, (497, 24), 1_186_000),
        ),
    ),
)


def build(home: Path, present: datetime | None = None) -> None:
    """Write the conversations into a home's database, as said before ``present``, or else before now.

    Ages are in the middle between two, so that a slow test shows no other.
    """
    path = home / "chatmgr.db"
    with SampleStore(f"sqlite:///{path}") as store, closing(sqlite3.connect(path)) as database:
        for talk in TALKS:
            if store.reader.assistants.find(talk.assistant) is None:
                store.writer.assistants.create(talk.assistant, "Be brief.", talk.model, "openai", {})
            assistant = store.reader.assistants.get(talk.assistant)
            store.writer.conversations.create(talk.name, assistant.id, talk.model, "openai")
            conversation = store.named(talk.name)
            if talk.title:
                store.writer.conversations.set_title(conversation.pk, talk.title)
            for turn in talk.turns:
                run = store.writer.turns.open(
                    conversation.pk, assistant, talk.model, "openai", "x", turn.user
                )
                usage = Usage(*turn.tokens, 0, 0)
                store.writer.runs.close(run, RunOutcome(turn.state, turn.answer, usage=usage, cost=turn.cost))
                said_at = (present or talk.present or datetime.now(UTC)) - turn.ago
                _date(database, conversation.pk, said_at, turn.seconds)


def _date(database: sqlite3.Connection, conversation: int, said_at: datetime, seconds: float) -> None:
    """Move the newest turn and its conversation to the time at which they were said."""
    begun, ended = (
        moment.strftime("%Y-%m-%d %H:%M:%S.%f") for moment in (said_at, said_at + timedelta(seconds=seconds))
    )
    newest = "(SELECT max(id) FROM turns)"
    with database:
        database.execute(f"UPDATE turns SET created_at = ? WHERE id = {newest}", (begun,))
        database.execute(f"UPDATE messages SET created_at = ? WHERE turn_id = {newest}", (begun,))
        database.execute(
            f"UPDATE runs SET started_at = ?, sent_at = ?, finished_at = ? WHERE turn_id = {newest}",
            (begun, begun, ended),
        )
        times = "updated_at = ?, used_at = ?, created_at = min(created_at, ?)"
        database.execute(
            f"UPDATE conversations SET {times} WHERE id = ?", (ended, ended, begun, conversation)
        )
