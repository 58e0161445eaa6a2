"""``push`` and ``pull``: two databases that people go on with apart get what the other one has.

A conversation that looks on both sides as it did after the last exchange is not looked at any further. Of one
that changed, only turns and runs whose keys are not there are sent. What both sides changed is brought
together here first, and sent then: the other side takes it only if it is still as it was seen. So whoever
comes second brings together what the first one sent, and of two that come at once, none loses anything.
"""

import platform
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import field

from chatmgr.domain.exchange import Exchanged, Parcel, State
from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.ids import derived_key
from chatmgr.domain.interrupts import interrupts
from chatmgr.store.reader import Reader
from chatmgr.store.writer import Writer
from chatmgr.store.writer.exchange import Delivered, Terms

Progress = Callable[[int, int], None]
_ROUNDS = 5  # for what others change while it is sent
_REMEMBERED = 50  # conversations after which it is noted what was sent
_ABSENT = "absent"  # in place of a fingerprint: the conversation must not be there


@dataclass(slots=True)
class ExchangeReport:
    """What an exchange did: conversations by what became of them, turns and runs that came or went.

    ``parted`` are conversations that went on differently on both sides, each with the one beside it.
    """

    sent: Counter[str] = field(default_factory=Counter)
    received: Counter[str] = field(default_factory=Counter)
    parted: list[tuple[str, str]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    looked_at: int = 0


class Exchange:
    """Two databases: the one here, which remembers, and the one there. ``address`` is where that one is."""

    def __init__(
        self, here: tuple[Reader, Writer], there: tuple[Reader, Writer], address: str, machine: str = ""
    ) -> None:
        self._here, self._writer = here
        self._there, self._there_writer = there
        self._machine = machine or platform.node()
        self._database = derived_key("database", self._there_writer.exchange.identity(), address)
        self.report = ExchangeReport()
        self._look()

    def _look(self) -> None:
        """See what both sides have."""
        self._here.close()
        self._there.close()
        self._mine = self._here.exchange.states()
        self._theirs = self._there.exchange.states()
        self._lines = self._here.exchange.exchanged(self._database)
        self._deleted = self._here.exchange.deleted()
        self._deleted_there = self._there.exchange.deleted()

    def to_pull(self) -> list[State]:
        """What changed there since the last exchange; what is new, unless it is in the trash there."""
        return [
            state
            for key, state in self._theirs.items()
            if state.fingerprint != self._line(key).there
            and key not in self._deleted
            and (key in self._mine or not state.trashed)
        ]

    def to_push(self) -> list[State]:
        """What changed here since the last exchange, and is in no trash here."""
        return [
            state
            for key, state in self._mine.items()
            if state.fingerprint != self._line(key).here
            and not state.trashed
            and (key in self._theirs or key not in self._deleted_there)
        ]

    def foresee(self, states: list[State], *, push: bool) -> ExchangeReport:
        """Count what would be sent, or would come, without changing anything."""
        source, target = (self._here, self._there_writer) if push else (self._there, self._writer)
        known = self._theirs if push else self._mine
        counts = self.report.sent if push else self.report.received
        for state in states:
            missing, attempts = target.exchange.lacks(source.exchange.held(state.pk))
            counts["changed" if state.key in known else "new"] += 1
            counts["turns"] += len(missing)
            counts["runs"] += len(attempts)
        return self.report

    def pull(self, progress: Progress | None = None) -> ExchangeReport:
        """Take what the other side has and this one lacks."""
        for state in _counted(self.to_pull(), progress):
            self._pull(state)
        return self.report

    def push(self, progress: Progress | None = None) -> ExchangeReport:
        """Send what this side has and the other one lacks."""
        for number in range(_ROUNDS):
            lines: dict[str, Exchanged] = {}
            moved = 0
            for state in _counted(self.to_push(), progress if not number else None):
                moved += not self._push(state, lines)
                if len(lines) >= _REMEMBERED:
                    self._remember(lines)
            self._remember(lines)
            self._look()
            if not moved and not self._parted_unsent():
                break
        return self.report

    def deletions(self) -> list[State]:
        """What is deleted here, to the trash or for good, and is not there."""
        gone = self._deleted | {key for key, state in self._mine.items() if state.trashed}
        return [state for key, state in self._theirs.items() if key in gone and not state.trashed]

    def send_deletions(self) -> int:
        """Put what is deleted here into the trash there; returns how many conversations that were."""
        states = self.deletions()
        self._there_writer.trash.put([state.pk for state in states if not state.live])
        return sum(not state.live for state in states)

    def _parted_unsent(self) -> bool:
        """Whether conversations that came to be in this round are still to be sent."""
        beside = {name for _, name in self.report.parted}
        return any(state.name in beside for state in self.to_push())

    def _line(self, key: str) -> Exchanged:
        return self._lines.get(key, Exchanged())

    def _remember(self, lines: dict[str, Exchanged]) -> None:
        self._here.close()
        self._writer.exchange.remember(self._database, lines)
        self._lines |= lines
        lines.clear()

    def _pull(self, state: State) -> Delivered:
        """Bring one conversation of the other side together with what is here."""
        interrupts.check_work()
        self.report.looked_at += 1
        mine, line = self._mine.get(state.key), self._line(state.key)
        if state.live or (mine is not None and mine.live):
            self.report.left.append(state.name)
            return Delivered("busy", state.name)
        parcel = _parcel(self._there, self._writer, state)
        is_sent = mine is None or mine.fingerprint == line.here

        def done(fingerprint: str) -> tuple[str, Exchanged]:
            self._lines[state.key] = Exchanged(fingerprint if is_sent else "", state.fingerprint, parcel.tip)
            return self._database, self._lines[state.key]

        delivered = self._writer.exchange.deliver(
            parcel, Terms("pull", machine=self._machine, base=line.tip), done
        )
        self._count(self.report.received, delivered)
        if delivered.split:
            self.report.parted.append((delivered.name, delivered.split))
        return delivered

    def _push(self, state: State, lines: dict[str, Exchanged]) -> bool:
        """Send one conversation; returns False where the other side changed it meanwhile."""
        interrupts.check_work()
        self.report.looked_at += 1
        theirs, mark = self._theirs.get(state.key), state.fingerprint
        if state.live:
            self.report.left.append(state.name)
            return True
        if theirs is not None and theirs.fingerprint != self._line(state.key).there:
            pulled = self._pull(theirs)
            if pulled.became == "busy":
                return True
            mark = pulled.fingerprint or mark
        parcel = _parcel(self._here, self._there_writer, state)
        expected = theirs.fingerprint if theirs else _ABSENT
        delivered = self._there_writer.exchange.deliver(parcel, Terms("push", expected=expected, follow=True))
        if delivered.became == "busy":
            self.report.left.append(state.name)
        if delivered.became in {"moved", "busy", "deleted"}:
            return delivered.became != "moved"
        self._count(self.report.sent, delivered)
        lines[state.key] = Exchanged(mark, delivered.fingerprint, parcel.tip)
        return True

    @staticmethod
    def _count(counts: Counter[str], delivered: Delivered) -> None:
        counts[delivered.became] += 1
        counts["turns"] += delivered.turns
        counts["runs"] += delivered.runs


def _parcel(source: Reader, target: Writer, state: State) -> Parcel:
    """What a database lacks of a conversation, read as of one moment."""
    with source.snapshot():
        held = source.exchange.held(state.pk)
        turns, runs = target.exchange.lacks(held)
        return source.exchange.parcel(state, held, turns, runs)


def _counted(states: list[State], progress: Progress | None) -> Iterator[State]:
    for number, state in enumerate(states):
        if progress:
            progress(number, len(states))
        yield state
    if progress:
        progress(len(states), len(states))
