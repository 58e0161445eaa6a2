"""Machines with a database each, on which somebody works at random, and one that they exchange with."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from chatmgr.domain.states import RunState
from chatmgr.domain.turn_target import TurnTarget
from chatmgr.services.exchange import Exchange, ExchangeReport
from chatmgr.store.writer import RunOutcome
from tests.support.store import ENDPOINT, Store, query

WORDS = ("pears", "plums", "figs")
MOST = 5  # conversations of a machine
WORK = ("say", "say", "say", "again", "fork", "undo", "redo", "edit", "rename", "title", "tag", "tag")
RARE = ("archive", "delete", "purge")
EXCHANGES = ("push", "pull", "push", "pull", "kill", "kill")


class Killed(BaseException):
    """In place of a signal: the transaction that it meets is rolled back, and nothing after it happens."""


class Machine:
    """One machine: its database, and what somebody does there."""

    def __init__(self, name: str, store: Store, server: Store) -> None:
        self.name, self.store, self.server = name, store, server
        self._made = 0
        store.assistant()

    def exchange(self) -> Exchange:
        """What this machine and the server have to tell each other now."""
        mine, theirs = (self.store.reader, self.store.writer), (self.server.reader, self.server.writer)
        return Exchange(mine, theirs, "server", machine=self.name)

    def settle(self) -> ExchangeReport:
        """Push, then pull."""
        report = self.exchange().push()
        received = self.exchange().pull()
        report.received += received.received
        return report

    def work(self, chance: random.Random, *, rarely: bool) -> str:
        """Do something; returns what, for whoever looks for a mistake."""
        self._made += 1
        deed = chance.choice((*WORK, *EXCHANGES, *(RARE if rarely else ())))
        if deed in {"push", "pull"}:
            getattr(self.exchange(), deed)()
        elif deed == "kill":
            self._killed(chance)
        else:
            listed = [s for s in self.store.reader.exchange.states().values() if not s.trashed]
            self.store.reader.close()
            if (not listed or chance.random() < 0.2) and len(listed) < MOST:
                self.store.answer(self._text(chance), "yes", f"c{chance.randrange(4)}")
            elif listed:
                chosen = chance.choice(listed)
                getattr(self, f"_{deed}")(chance, chosen.name, chosen.pk)
                deed = f"{deed} {chosen.name}"
            self.store.reader.close()
        return f"{self.name}: {deed}"

    def _killed(self, chance: random.Random) -> None:
        """A push or a pull that dies at one of its writes."""
        with _dying(chance.choice((self.store, self.server)), chance.randrange(1, 40)):
            try:
                getattr(self.exchange(), chance.choice(("push", "pull")))()
            except Killed:
                self.store.reader.close()
                self.server.reader.close()

    def _text(self, chance: random.Random) -> str:
        return f"{chance.choice(WORDS)} {self.name} {self._made}"

    def _run(self, text: str, pk: int, target: TurnTarget | None = None) -> None:
        assistant = self.store.assistant()
        run = self.store.writer.turns.open(pk, assistant, "gpt-x", "openai", ENDPOINT, text, target=target)
        self.store.writer.runs.close(run, RunOutcome(RunState.COMPLETED, text.upper(), thread_synced=True))

    def _say(self, chance: random.Random, _name: str, pk: int) -> None:
        self._run(self._text(chance), pk)

    def _tip(self, name: str) -> int:
        return int(self.store.now(name).turns)

    def _again(self, chance: random.Random, name: str, pk: int) -> None:
        tip = self._tip(name)
        if tip and not self.store.reader.tree.is_shared(pk, tip):
            self._run("", pk, TurnTarget(tip, "retry", again=True))

    def _edit(self, chance: random.Random, name: str, pk: int) -> None:
        if tip := self._tip(name):
            self._run(self._text(chance), pk, TurnTarget(chance.randrange(tip) + 1, "edit"))

    def _undo(self, chance: random.Random, name: str, pk: int) -> None:
        if tip := self._tip(name):
            self.store.writer.tree.move_tip(pk, chance.randrange(tip), "undo")

    def _redo(self, chance: random.Random, name: str, pk: int) -> None:
        last = self.store.reader.tree.last_position(pk)
        if last > self._tip(name):
            self.store.writer.tree.move_tip(pk, last, "redo")

    def _fork(self, chance: random.Random, name: str, pk: int) -> None:
        new = f"f{chance.randrange(1000)}"
        if self.store.reader.conversations.find(new) is None:
            self.store.writer.tree.fork(pk, chance.randrange(self._tip(name) + 1), new)

    def _rename(self, chance: random.Random, _name: str, pk: int) -> None:
        new = f"r{chance.randrange(6)}"
        if self.store.reader.conversations.find(new) is None:
            self.store.writer.conversations.rename({pk: new})

    def _title(self, chance: random.Random, _name: str, pk: int) -> None:
        self.store.writer.conversations.set_title(pk, self._text(chance))

    def _tag(self, chance: random.Random, _name: str, pk: int) -> None:
        tag = chance.choice(WORDS)
        added = chance.random() < 0.6
        self.store.writer.conversations.tag([pk], [tag] if added else [], [] if added else [tag])

    def _archive(self, chance: random.Random, _name: str, pk: int) -> None:
        self.store.writer.conversations.archive([pk])

    def _delete(self, chance: random.Random, _name: str, pk: int) -> None:
        self.store.writer.trash.put([pk])

    def _purge(self, chance: random.Random, _name: str, pk: int) -> None:
        self.store.writer.trash.put([pk])
        self.store.writer.trash.purge([pk])


@contextmanager
def _dying(store: Store, at: int) -> Iterator[None]:
    """While it lasts, the ``at``-th statement that a store's writer runs is never reached."""
    left = at

    def before(*_: Any) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise Killed

    engine = store.writer.database.engine
    event.listen(engine, "before_cursor_execute", before)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", before)


def contents(store: Store) -> dict[str, Any]:
    """What each conversation of a database is, by its key, without what may differ between machines."""
    store.reader.close()
    found: dict[str, Any] = {}
    for state in store.reader.exchange.states().values():
        held = store.reader.exchange.held(state.pk)
        parcel = store.reader.exchange.parcel(state, held, (), ())
        row = parcel.row
        found[state.key] = {
            "turns": sorted((turn.key, turn.parent, tuple(sorted(turn.runs))) for turn in held),
            "tip": parcel.tip,
            "title": row["title"],
            "tags": sorted(parcel.tags),
            "archived": row["archived_at"],
        }
    store.reader.close()
    return found


def texts(store: Store) -> dict[str, str]:
    """Every question of a database, by the key of its turn."""
    asked = "SELECT turns.key, messages.content FROM turns JOIN messages ON messages.turn_id = turns.id"
    return {str(key): str(text) for key, text in query(store.url, f"{asked} WHERE messages.role = 'user'")}
