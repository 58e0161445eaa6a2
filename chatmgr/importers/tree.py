"""From the messages of a source to turns: what is a turn, what answers it, and which paths there are.

A visible message of the user is a turn. All that answers it, up to the next message of the user, is one run
of it; answers beside each other are runs of the same turn. The run on the active path is chosen. A turn that
goes on from a run that is not chosen begins a path of its own: there, its turn stands a second time, with
that run chosen, because a turn of ours has one answer for all who come after it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import field
from datetime import datetime

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.items import Item
from chatmgr.domain.model import Attachment
from chatmgr.domain.source_conversations import SourceConversation, SourceMessage, SourceRole
from chatmgr.importers.answers import TEXTS, SourceRun, answer_of, joined_texts, plain_text
from chatmgr.importers.message_graph import active_path, messages_said


@dataclass(frozen=True, slots=True)
class SourceTurn:
    """A turn. ``parent`` is the number of the turn before it in the list, -1 for a first one.

    ``id`` is the message's; empty for answers that nobody asked for. ``run`` is the number of the chosen run,
    -1 where there is none. ``copy`` is the number of the turn that this one repeats, -1 for none.
    """

    id: str
    parent: int
    text: str
    files: tuple[Attachment, ...]
    items: tuple[Item, ...]
    at: datetime | None
    runs: tuple[SourceRun, ...] = ()
    run: int = -1
    copy: int = -1


@dataclass(frozen=True, slots=True)
class SourceTurns:
    """The turns of a conversation, parents first; ``tip`` is the number of the one it ends with, or -1."""

    turns: tuple[SourceTurn, ...]
    tip: int
    branches: int


def turns_of(conversation: SourceConversation) -> SourceTurns:
    """The turns of a conversation, in the order of its active path first."""
    return _Builder(conversation).build()


@dataclass(slots=True)
class _Draft:
    """A turn that is being put together: its runs, each a chain of messages."""

    message: SourceMessage | None
    parent: int
    at: datetime | None
    runs: list[list[SourceMessage]] = field(default_factory=list)
    chosen: int = -1
    copy: int = -1


class _Builder:
    def __init__(self, conversation: SourceConversation) -> None:
        self._model = conversation.model
        messages = {message.id: message for message in conversation.messages}
        self._places = {key: place for place, key in enumerate(messages)}
        self._messages, self._parents = messages_said(messages)
        self._children: dict[str, list[str]] = {}
        for key, parent in self._parents.items():
            self._children.setdefault(parent, []).append(key)
        self._active = active_path(
            self._messages, self._parents, self._children, messages, conversation.current
        )
        self._order = {key: place for place, key in enumerate(self._active)}
        self._drafts: list[_Draft] = []
        self._copies: dict[tuple[int, int], int] = {}

    def build(self) -> SourceTurns:
        """Walk the tree, the active path first, without recursion: chains may be long."""
        tip = -1
        # What is to be placed: a message, the turn and the run that it follows (-1 for none).
        waiting: list[tuple[str, int, int]] = [(key, -1, -1) for key in reversed(self._ordered(""))]
        while waiting:
            key, turn, run = waiting.pop()
            message = self._messages[key]
            if message.role is SourceRole.USER:
                turn, run = self._add_turn(message, turn, run), -1
            elif turn < 0:
                turn = self._add_turn(None, -1, -1, message.at)
                run = self._add_run(turn, message)
            elif run < 0:
                run = self._add_run(turn, message)
            else:
                run = self._go_on(turn, run, message)
            if key in self._order:
                tip = turn
                if run >= 0:
                    self._drafts[turn].chosen = run
            following = self._ordered(key)
            waiting += [(child, turn, run) for child in reversed(following)]
        turns = tuple(self._turn(draft) for draft in _with_times(self._drafts))
        leaves = len(turns) - len({turn.parent for turn in turns if turn.parent >= 0})
        return SourceTurns(turns, tip, leaves)

    def _ordered(self, key: str) -> list[str]:
        """What follows a message: on the active path first, then as it stands in the source."""
        children = self._children.get(key, [])
        return sorted(children, key=lambda child: child not in self._order) if len(children) > 1 else children

    def _add_turn(
        self, message: SourceMessage | None, before: int, run: int, at: datetime | None = None
    ) -> int:
        parent = before
        if before >= 0 and run >= 0 and run != self._chosen(before):
            parent = self._copy(before, run)
        self._drafts.append(_Draft(message, parent, message.at if message else at))
        return len(self._drafts) - 1

    def _chosen(self, turn: int) -> int:
        """The run that answers a turn: the one on the active path, or else the first."""
        return max(self._drafts[turn].chosen, 0)

    def _copy(self, turn: int, run: int) -> int:
        """The turn that stands for another one whose chosen run is this one."""
        if (turn, run) not in self._copies:
            draft = self._drafts[turn]
            self._drafts.append(
                _Draft(draft.message, draft.parent, draft.at, [draft.runs[run]], chosen=0, copy=turn)
            )
            self._copies[turn, run] = len(self._drafts) - 1
        return self._copies[turn, run]

    def _add_run(self, turn: int, message: SourceMessage) -> int:
        self._drafts[turn].runs.append([message])
        return len(self._drafts[turn].runs) - 1

    def _go_on(self, turn: int, run: int, message: SourceMessage) -> int:
        """Add a message to the run that it follows, or to a run beside it where that goes on otherwise."""
        chain = self._drafts[turn].runs[run]
        if chain[-1].id == self._parents[message.id]:
            chain.append(message)
            return run
        place = next(at for at, before in enumerate(chain) if before.id == self._parents[message.id])
        self._drafts[turn].runs.append([*chain[: place + 1], message])
        return len(self._drafts[turn].runs) - 1

    def _turn(self, draft: _Draft) -> SourceTurn:
        # The active path was walked first, but the order of the runs is that of the source.
        order = sorted(
            range(len(draft.runs)), key=lambda run: [self._places[message.id] for message in draft.runs[run]]
        )
        runs = tuple(answer_of(draft.runs[run], self._model) for run in order)
        chosen = order.index(max(draft.chosen, 0)) if runs else -1
        message = draft.message
        if message is None:
            return SourceTurn("", draft.parent, "", (), (), draft.at, runs, chosen, draft.copy)
        plain = plain_text(message.items)
        text, items = joined_texts(message.items) if plain is None else (plain, [])
        return SourceTurn(
            message.id,
            draft.parent,
            text,
            message.files,
            tuple(item for item in items if item.kind not in TEXTS),
            draft.at,
            runs,
            chosen,
            draft.copy,
        )


def _with_times(drafts: Sequence[_Draft]) -> Iterator[_Draft]:
    """Turns without a time have that of the turn before."""
    times: list[datetime | None] = []
    for draft in drafts:
        at = draft.at or (times[draft.parent] if 0 <= draft.parent < len(times) else None)
        times.append(at)
        draft.at = at
        yield draft
