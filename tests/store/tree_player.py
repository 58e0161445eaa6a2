"""Plays operations on the tree of turns twice: on a real database, and on the model of it."""

import hashlib
from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from chatmgr.domain.ids import FAR
from chatmgr.domain.model import Attachment
from chatmgr.domain.states import RunState
from chatmgr.domain.turn_target import TurnTarget
from chatmgr.store.location import sqlite_path
from chatmgr.store.writer import OpenRun, RunOutcome, ThreadKey
from tests.store.tree_model import ModelConversation, ModelTurn, Tree
from tests.store.tree_operations import Operation
from tests.support.store import ENDPOINT, Store, query

WORDS = ("pears", "plums", "figs", "dates", "東京")
FILES = (b"", b"", b"", b"a file", b"another file")
MOST = 6  # conversations at a time


class Player:
    """Plays on one database; ``log`` tells what was done, as a user would say it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.tree = Tree()
        self.log: list[str] = []
        self.last_outcome: RunOutcome | None = None  # how the last run ended
        self._assistant = store.assistant()
        self._made = 0

    def play(self, operation: Operation) -> None:
        """One operation; nothing where there is nothing to do it to."""
        act: Callable[[ModelConversation, int, int, int], object] = getattr(self, f"_{operation.kind}")
        first, *rest = operation.numbers
        if operation.kind == "create":
            self._create()
        elif operation.kind in {"restore", "purge"}:
            if trashed := [each for each in self.tree.conversations if each.in_trash]:
                act(trashed[first % len(trashed)], *rest)
        elif listed := self.tree.listed():
            act(listed[first % len(listed)], *rest)

    def wipe(self) -> None:
        """Delete all conversations for good, in an order of its own."""
        writer = self.store.writer.trash
        if listed := self.tree.listed():
            writer.put([conversation.pk for conversation in listed])
        if keys := [conversation.pk for conversation in self.tree.conversations]:
            writer.purge(sorted(keys, key=lambda pk: pk * 7 % 5))

    def _number(self) -> int:
        """A number that nothing else has."""
        self._made += 1
        return self._made

    def _name(self) -> str:
        return f"c{self._number()}"

    def _create(self) -> None:
        if len(self.tree.conversations) < MOST:
            name = self._name()
            self.log.append(f"new {name}")
            self.store.writer.conversations.create(name, self._assistant.id, "", "openai")
            self.tree.create(name).pk = self.store.reader.conversations.taken(name)

    def _fork(self, source: ModelConversation, which: int, at: int, *_: int) -> None:
        """A fork of the visible path, or, one time in three, of any path."""
        if len(self.tree.conversations) >= MOST:
            return
        number, branch, last = source.current, 0, source.tip
        if which % 3 == 0:
            number = which % len(source.paths)
            branch, last = owned_branches(self.store, source)[number], len(source.paths[number].turns)
        name, position = self._name(), at % (last + 1)
        self.log.append(f"fork {source.name}~{number + 1}@{position} {name}")
        self.store.writer.tree.fork(source.pk, position, name, branch=branch)
        made = self.tree.fork(source.paths[number], position, name)
        made.pk = self.store.reader.conversations.taken(name)

    def _say(self, conversation: ModelConversation, word: int, other: int, file: int) -> None:
        text, data = f"{WORDS[word % len(WORDS)]} q{self._number()}", FILES[file % len(FILES)]
        self._ask(conversation, text, data, self._answer(other))

    def _answer(self, number: int) -> str:
        """An answer, or none, one time in five."""
        return f"{WORDS[number % len(WORDS)]} a{self._number()}" if number % 5 else ""

    def _ask(
        self,
        conversation: ModelConversation,
        text: str,
        data: bytes,
        answer: str,
        target: TurnTarget | None = None,
    ) -> None:
        """A new turn at the end, or in place of one."""
        what = (
            f"{target.action} {conversation.name}@{target.position}" if target else f"say {conversation.name}"
        )
        self.log.append(f"{what} {text!r} → {answer!r}" + (f" -f {data!r}" if data else ""))
        position = target.position if target else conversation.tip + 1
        run = self._open(conversation, text, data, target)
        assert run.position == position
        cost = self._close(run, answer, synced=True)
        conversation.tip = position - 1
        self.tree.say(conversation, text, data, answer, cost)
        if conversation.thread is not None:
            conversation.thread = conversation.visible

    def _open(
        self, conversation: ModelConversation, text: str, data: bytes, target: TurnTarget | None
    ) -> OpenRun:
        sha256 = hashlib.sha256(data).hexdigest()
        files = (Attachment("notes.txt", "text/plain", sha256, data),) if data else ()
        where = ("gpt-x", "openai", ENDPOINT)
        return self.store.writer.turns.open(
            conversation.pk, self._assistant, *where, text, attachments=files, target=target
        )

    def _close(self, run: OpenRun, answer: str, *, synced: bool | None, state: RunState | None = None) -> int:
        """End a run; returns its cost, which no other has."""
        cost = self._number()
        self.last_outcome = RunOutcome(state or _state(answer), answer, cost=cost, thread_synced=synced)
        self.store.writer.runs.close(run, self.last_outcome)
        return cost

    def _undo(self, conversation: ModelConversation, count: int, *_: int) -> None:
        self._move(conversation, conversation.tip - count % (conversation.tip + 1), "undo")

    def _redo(self, conversation: ModelConversation, count: int, *_: int) -> None:
        last = len(conversation.path.turns)
        assert self.store.reader.tree.last_position(conversation.pk) == last
        self._move(conversation, conversation.tip + count % (last - conversation.tip + 1), "redo")

    def _move(self, conversation: ModelConversation, position: int, action: str) -> None:
        if position != conversation.tip:
            self.log.append(f"{action} {conversation.name}: to @{position}")
            self.store.writer.tree.move_tip(conversation.pk, position, action)
            conversation.tip = position

    def _edit(self, conversation: ModelConversation, at: int, word: int, answer: int) -> None:
        if conversation.tip:
            text = f"{WORDS[word % len(WORDS)]} q{self._number()}"
            target = TurnTarget(at % conversation.tip + 1, "edit")
            self._ask(conversation, text, b"", self._answer(answer), target)

    def _switch(self, conversation: ModelConversation, which: int, at: int, *_: int) -> None:
        branches = owned_branches(self.store, conversation)
        assert len(branches) == len(conversation.paths)
        number = which % len(branches)
        if number != conversation.current:
            position = at % (len(conversation.paths[number].turns) + 1)
            self.log.append(f"switch {conversation.name}~{number + 1}@{position}")
            self.store.writer.tree.switch(conversation.pk, branches[number], position)
            conversation.current, conversation.tip = number, position

    def _retry(self, conversation: ModelConversation, word: int, *_: int) -> None:
        """Another run of the last turn; where that is not free, a turn like it on a path of its own."""
        if not conversation.tip:
            return
        turn, position = conversation.visible[-1], conversation.tip
        answer = self._answer(word)
        if not self._is_free(conversation):
            target = TurnTarget(position, "retry")
            self._ask(conversation, turn.text, turn.file, answer, target)
            return
        self.log.append(f"retry {conversation.name} → {answer!r}")
        run = self._open(conversation, "", b"", TurnTarget(position, "retry", again=True))
        self.tree.retry(conversation, answer, self._close(run, answer, synced=None))

    def _continue(self, conversation: ModelConversation, word: int, *_: int) -> None:
        """Another run that begins with the last answer; where that is not free, after a copy of its run."""
        if not conversation.tip or not conversation.visible[-1].answer:
            return
        turn, position, free = conversation.visible[-1], conversation.tip, self._is_free(conversation)
        begun, more = turn.answer, self._answer(word)
        more = f" {more}" if more else ""  # a word of its own, for the search
        begun_by = self.store.reader.turns.runs(self.store.now(conversation.name), position)[turn.chosen].pk
        self.log.append(f"continue {conversation.name} → {more!r}")
        target = TurnTarget(position, "continue", "", free, begun, begun_by)
        run = self._open(conversation, turn.text, b"" if free else turn.file, target)
        cost = self._close(run, begun + more, synced=None, state=_state(more))
        if not free:
            self.tree.copy(conversation, turn, turn.chosen)
        self.tree.go_on(conversation, begun + more, cost)

    def _pick(self, conversation: ModelConversation, which: int, *_: int) -> None:
        """Another run for the last turn; where that is not free, a copy of the turn with that run alone."""
        if not conversation.tip:
            return
        turn, position = conversation.visible[-1], conversation.tip
        number, free = which % len(turn.runs), self._is_free(conversation)
        if number == turn.chosen and free:
            return
        self.log.append(f"retry {conversation.name}@{position} --pick {number + 1}")
        current = self.store.now(conversation.name)
        run = self.store.reader.turns.runs(current, position)[number]
        if free:
            self.store.writer.tree.pick(conversation.pk, position, run.pk)
            turn.chosen = number
        else:
            self.store.writer.tree.pick_copy(conversation.pk, position, run.pk)
            self.tree.copy(conversation, turn, number)

    def _is_free(self, conversation: ModelConversation) -> bool:
        """Whether the last turn may be changed: nothing goes on after it, and nobody else holds it."""
        tree, turn = self.store.reader.tree, conversation.visible[-1]
        shared = tree.is_shared(conversation.pk, conversation.tip)
        assert shared == self.tree.shared(conversation, turn)
        return not shared and conversation.path.turns[-1] is turn

    def _rename(self, conversation: ModelConversation, *_: int) -> None:
        name = self._name()
        self.log.append(f"rename {conversation.name} {name}")
        self.store.writer.conversations.rename({conversation.pk: name})
        conversation.name = name

    def _thread(self, conversation: ModelConversation, *_: int) -> None:
        self.log.append(f"thread {conversation.name}")
        key = ThreadKey(conversation.pk, "openai", ENDPOINT)
        self.store.writer.threads.set(key, f"conv_{self._number()}", conversation.tip)
        conversation.thread = conversation.visible

    def _trash(self, conversation: ModelConversation, *_: int) -> None:
        self.log.append(f"delete {conversation.name}")
        self.store.writer.trash.put([conversation.pk])
        conversation.in_trash = True

    def _restore(self, conversation: ModelConversation, *_: int) -> None:
        self.log.append(f"restore {conversation.name}")
        self.store.writer.trash.restore({conversation.pk: conversation.name})
        conversation.in_trash = False

    def _purge(self, conversation: ModelConversation, how_many: int, *_: int) -> None:
        trashed = [each for each in self.tree.conversations if each.in_trash]
        doomed = trashed if how_many % 3 == 0 else [conversation]
        self.log.append(f"trash empty: {', '.join(each.name for each in doomed)}")
        self.store.writer.trash.purge([each.pk for each in doomed])
        self.tree.purge(doomed)


def _state(answer: str) -> RunState:
    return RunState.COMPLETED if answer else RunState.FAILED


def hasten(store: Store) -> None:
    """Do not wait for the disk: nobody pulls the plug here."""

    @event.listens_for(store.writer.database.engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        if sqlite_path(store.url):
            connection.execute("PRAGMA synchronous=OFF")

    store.writer.database.engine.dispose()


def owned_branches(store: Store, conversation: ModelConversation) -> list[int]:
    """The branches that a conversation made, in the order in which its paths are numbered."""
    where = f"conversation_id = {conversation.pk}"
    return [key for (key,) in query(store.url, f"SELECT id FROM branches WHERE {where} ORDER BY id")]


def common(thread: list[ModelTurn], visible: list[ModelTurn]) -> int:
    """How many turns two paths begin with alike."""
    pairs = enumerate(zip(thread, visible, strict=False))
    return next((at for at, (left, right) in pairs if left is not right), min(len(thread), len(visible), FAR))
