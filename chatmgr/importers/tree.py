"""From the messages of a source to turns: what is a turn, what answers it, and which paths there are.

A visible message of the user is a turn. All that answers it, up to the next message of the user, is one run
of it; answers beside each other are runs of the same turn. A turn of ours has one answer for all who come
after it. So where the source goes on from several runs, the turn stands once for each of them: a *copy*, with
that run alone, begins a path of its own.

Which of them is the turn itself does not depend on which path is active, since that changes from one export
to the next: it is the run that was gone on from first. Where nobody went on from any, the turn has them all,
and the one on the active path is chosen, or else the last.
"""

from collections.abc import Iterable, Sequence
from dataclasses import field
from datetime import datetime

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.source_conversations import SourceConversation, SourceMessage, SourceRole
from chatmgr.importers.answers import answer_of
from chatmgr.importers.message_graph import active_path, messages_said
from chatmgr.importers.source import Unreadable
from chatmgr.importers.source_turns import (
    UNANSWERED,
    SourceTurn,
    SourceTurns,
    turn_of,
    turns_of_one_path,
)

__all__ = ["SourceTurn", "SourceTurns", "turns_of"]

_REPEATED = 10_000  # messages that may stand in several answers, whatever their number


def turns_of(conversation: SourceConversation) -> SourceTurns:
    """The turns of a conversation; raises ``Unreadable`` where answers branch beyond all reason."""
    if (turns := turns_of_one_path(conversation)) is not None:
        return turns
    drafts = _Walk(conversation).drafts()
    return _Placing(drafts, conversation.model).turns()


@dataclass(slots=True)
class _Draft:
    """A turn that is being put together: the turn and the message that it follows, and its runs.

    A run is a chain of messages; ``places`` are those of the messages in the source. ``followed`` are the
    runs that the source goes on from, each with the place of the first message that does; ``UNANSWERED``
    where it goes on without one. ``active`` is the run on the active path; ``is_active``: the turn is on it.
    """

    message: SourceMessage | None
    before: int
    after: str
    at: datetime | None
    place: int
    runs: list[list[SourceMessage]] = field(default_factory=list)
    places: list[list[int]] = field(default_factory=list)
    followed: dict[int, int] = field(default_factory=dict)
    active: int = UNANSWERED
    is_active: bool = False
    run_before: int = UNANSWERED

    @property
    def is_bare(self) -> bool:
        """Whether the source went on from the message itself, before anybody answered it."""
        if UNANSWERED not in self.followed:
            return False
        return self.followed[UNANSWERED] < min((chain[0] for chain in self.places), default=-1)

    @property
    def main(self) -> int:
        """The run that answers the turn itself; ``UNANSWERED`` where there is none."""
        followed = {run: place for run, place in self.followed.items() if run != UNANSWERED}
        if followed:
            return min(followed, key=followed.__getitem__)
        return self.active if self.active != UNANSWERED else len(self.runs) - 1


class _Walk:
    """Goes through a tree of messages, the active path first, without recursion: chains may be long."""

    def __init__(self, conversation: SourceConversation) -> None:
        messages = {message.id: message for message in conversation.messages}
        self._places = {key: place for place, key in enumerate(messages)}
        self._messages, self._parents = messages_said(messages)
        self._children: dict[str, list[str]] = {}
        for key, parent in self._parents.items():
            self._children.setdefault(parent, []).append(key)
        self._path = active_path(
            self._messages, self._parents, self._children, messages, conversation.current
        )
        self._active = set(self._path)
        self._drafts: list[_Draft] = []
        self._allowed = _REPEATED + 4 * len(messages)

    def drafts(self) -> list[_Draft]:
        """The turns, those before first, their runs in the order of the source."""
        # What is to be placed: a message, the turn and the run that it follows.
        waiting: list[tuple[str, int, int]] = [(key, -1, UNANSWERED) for key in reversed(self._ordered(""))]
        while waiting:
            key, turn, run = waiting.pop()
            message = self._messages[key]
            if message.role is SourceRole.USER:
                turn, run = self._add_turn(message, turn), UNANSWERED
            elif turn < 0:
                turn = self._add_turn(message, -1)
                run = self._add_run(turn, [message])
            elif run == UNANSWERED:
                run = self._add_run(turn, [message])
            else:
                run = self._go_on(turn, run, message)
            self._drafts[turn].is_active = self._drafts[turn].is_active or key in self._active
            waiting += [(child, turn, run) for child in reversed(self._ordered(key))]
        self._find_followed()
        return self._drafts

    def _ordered(self, key: str) -> list[str]:
        """What follows a message: on the active path first, then as it stands in the source."""
        children = self._children.get(key, [])
        return (
            sorted(children, key=lambda child: child not in self._active) if len(children) > 1 else children
        )

    def _add_turn(self, message: SourceMessage, before: int) -> int:
        own = message if message.role is SourceRole.USER else None
        place = self._places[message.id]
        self._drafts.append(_Draft(own, before, self._parents[message.id], message.at, place))
        return len(self._drafts) - 1

    def _add_run(self, turn: int, chain: list[SourceMessage]) -> int:
        self._allowed -= len(chain)
        if self._allowed < 0:
            raise Unreadable("its answers branch more often than any conversation does")
        self._drafts[turn].runs.append(chain)
        return len(self._drafts[turn].runs) - 1

    def _go_on(self, turn: int, run: int, message: SourceMessage) -> int:
        """Add a message to the run that it follows, or to a run beside it where that goes on otherwise."""
        chain = self._drafts[turn].runs[run]
        if chain[-1].id == self._parents[message.id]:
            chain.append(message)
            return run
        return self._add_run(turn, [*_up_to(chain, self._parents[message.id]), message])

    def _find_followed(self) -> None:
        """Find the run that each turn follows: the one that ends with the message before it.

        Where an answer went on after somebody had written, what was there at the time is a run of its own.
        """
        following: dict[int, list[_Draft]] = {}
        for draft in self._drafts:
            following.setdefault(draft.before, []).append(draft)
        last = self._path[-1] if self._path else ""
        for number, draft in enumerate(self._drafts):
            later = following.get(number, ())
            if len(draft.runs) == 1 and not self._is_followed_within(draft.runs[0], later, last):
                self._put_only_run(draft, later, last)
                continue
            ends = {chain[-1].id for chain in draft.runs}
            holders = {message.id: chain for chain in draft.runs for message in chain}
            wanted = {other.after for other in later} | ({last} if draft.is_active else set())
            for key in sorted(wanted & holders.keys() - ends, key=self._places.__getitem__):
                self._add_run(number, _up_to(holders[key], key))
            self._put_in_order(draft, later, last)

    @staticmethod
    def _is_followed_within(chain: Sequence[SourceMessage], later: Iterable[_Draft], last: str) -> bool:
        """Whether the source goes on, or ends, before the end of a turn's only run."""
        end = chain[-1].id
        ends_within = last != end and any(message.id == last for message in chain)
        return ends_within or any(other.after != end for other in later)

    def _put_only_run(self, draft: _Draft, later: Iterable[_Draft], last: str) -> None:
        """As ``_put_in_order``, where there is one run and all that follows does so at its end."""
        draft.places = [[self._places[draft.runs[0][0].id]]]
        for other in later:
            other.run_before = 0
            draft.followed[0] = min(draft.followed.get(0, other.place), other.place)
        ends_here = draft.message is not None and draft.message.id == last
        draft.active = 0 if draft.is_active and not ends_here else UNANSWERED

    def _put_in_order(self, draft: _Draft, later: Iterable[_Draft], last: str) -> None:
        """Let the runs have the order of the source, and know which of them are followed, and active."""
        draft.runs.sort(key=lambda chain: [self._places[message.id] for message in chain])
        draft.places = [[self._places[message.id] for message in chain] for chain in draft.runs]
        numbers = {chain[-1].id: number for number, chain in enumerate(draft.runs)}
        for other in later:
            other.run_before = numbers.get(other.after, UNANSWERED)
            place = draft.followed.get(other.run_before, other.place)
            draft.followed[other.run_before] = min(place, other.place)
            if other.is_active:
                draft.active = other.run_before
        if last in numbers:
            draft.active = numbers[last]


def _up_to(chain: Sequence[SourceMessage], key: str) -> list[SourceMessage]:
    """The beginning of a chain, up to a message."""
    place = next(place for place, message in enumerate(chain) if message.id == key)
    return list(chain[: place + 1])


class _Placing:
    """Gives each turn its place in the list, and each run that others go on from a turn that it answers."""

    def __init__(self, drafts: Sequence[_Draft], model: str) -> None:
        self._drafts = drafts
        self._model = model
        self._turns: list[SourceTurn] = []
        self._places: dict[tuple[int, int], int] = {}  # of the turns, by draft and chosen run

    def turns(self) -> SourceTurns:
        """The turns, each behind the one that it follows."""
        tip = -1
        for number, draft in enumerate(self._drafts):
            parent = self._place(draft.before, draft.run_before) if draft.before >= 0 else -1
            at = draft.at or (self._turns[parent].at if parent >= 0 else None)
            runs = range(0) if draft.is_bare else range(len(draft.runs))
            self._add(number, parent, at, runs, UNANSWERED if draft.is_bare else draft.main, -1)
            if draft.is_bare:
                self._add(number, parent, at, range(len(draft.runs)), draft.main, len(self._turns) - 1)
            if draft.is_active:
                tip = number
        last = self._place(tip, self._drafts[tip].active) if tip >= 0 else -1
        leaves = len(self._turns) - len({turn.parent for turn in self._turns if turn.parent >= 0})
        return SourceTurns(tuple(self._turns), last, leaves)

    def _place(self, number: int, run: int) -> int:
        """The turn that a run answers: the turn itself, or a copy."""
        draft = self._drafts[number]
        if (number, run) not in self._places:
            own = self._places[number, UNANSWERED if draft.is_bare else draft.main]
            turn = self._turns[own]
            self._add(number, turn.parent, turn.at, [] if run == UNANSWERED else [run], run, own)
        return self._places[number, run]

    def _add(
        self, number: int, parent: int, at: datetime | None, chosen_from: Sequence[int], run: int, copy: int
    ) -> None:
        draft = self._drafts[number]
        runs = tuple(answer_of(draft.runs[place], self._model) for place in chosen_from)
        chosen = list(chosen_from).index(run) if run != UNANSWERED else UNANSWERED
        self._places[number, run] = len(self._turns)
        self._turns.append(turn_of(draft.message, parent, at, runs, chosen, copy))
