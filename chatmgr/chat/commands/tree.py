"""Earlier turns without loss: forks, other answers, turns said differently, other paths."""

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from chatmgr.chat.commands.group import CommandGroup
from chatmgr.chat.slash import Command
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.model import Conversation
from chatmgr.domain.tree import TipMoved
from chatmgr.services.way_back import CHAT
from chatmgr.terminal.console import console
from chatmgr.terminal.sanitize import one_line
from chatmgr.ui import transcript_view
from chatmgr.ui.context import app
from chatmgr.ui.path_lines import forked, moved, switched

_HEADING = "Earlier turns and other paths"
_TURN = re.compile(r"@(-?[1-9]\d{0,8})")
_COUNT = re.compile(r"[1-9]\d{0,8}")
_PATH = re.compile(r"~([1-9]\d{0,8})(@[1-9]\d{0,8})?")
_OPTIONS = {"-m": "model", "--model": "model", "--provider": "provider", "--pick": "pick"}


@dataclass(slots=True)
class _Retry:
    """What was typed after ``/retry``."""

    turn: int | None = None
    model: str = ""
    provider: str = ""
    pick: int = 0


class TreeCommands(CommandGroup):
    """``/fork``, ``/retry``, ``/continue``, ``/undo``, ``/redo``, ``/tree``."""

    def commands(self) -> tuple[Command, ...]:
        """The entries of the table."""
        return (
            Command(
                "/retry",
                "[@TURN] [-m MODEL]",
                "have the last turn answered again, or an earlier one; --pick N takes answer N",
                _HEADING,
                self._retry,
                "turn",
                asks=True,
            ),
            Command(
                "/continue", "", "go on with an answer that was cut off", _HEADING, self._continue, asks=True
            ),
            Command("/undo", "[N]", "take back the last turn, or the last N", _HEADING, self._undo),
            Command("/redo", "[N]", "bring back a turn that was undone, or N", _HEADING, self._redo),
            Command(
                "/fork",
                "[@TURN] [NEW]",
                "let a new conversation go on from the last turn, or from an earlier one",
                _HEADING,
                self._fork,
                "turn",
            ),
            Command("/tree", "", "show all paths of the conversation", _HEADING, self._tree),
        )

    def _retry(self, typed: str) -> None:
        retry = _parsed_retry(typed)
        tree = app().tree
        if retry.pick:
            if retry.model or retry.provider:
                raise UsageFault("--pick asks nobody.", "Leave out --provider and -m, or leave out --pick.")
            report = tree.pick(self._conversation, retry.turn, retry.pick, CHAT)
            self._session.refresh()
            console.note(report)
            return
        self._session.run(
            lambda conversation: tree.retry(
                conversation, retry.turn, provider=retry.provider, model=retry.model, commands=CHAT
            )
        )
        self._session.refresh()

    def _continue(self, typed: str) -> None:
        if typed:
            raise UsageFault("/continue takes no argument.")
        self._session.run(lambda conversation: app().tree.go_on(conversation, commands=CHAT))
        self._session.refresh()

    def _undo(self, typed: str) -> None:
        self._move(typed, "/undo", "/redo")

    def _redo(self, typed: str) -> None:
        self._move(typed, "/redo", "/undo")

    def _move(self, typed: str, command: str, back: str) -> None:
        if typed and not _COUNT.fullmatch(typed):
            raise UsageFault(f"“{one_line(typed, 32)}” is not a number.", f"For instance: {command} 2")
        paths, conversation = app().paths, self._conversation
        with nothing_unseen(conversation):
            move = (paths.undo if command == "/undo" else paths.redo)(conversation, int(typed or 1))
        self._session.refresh()
        console.note(moved(conversation, move, back, " "))

    def _fork(self, typed: str) -> None:
        turn, name = split_turn(typed)
        conversation = self._conversation
        position = conversation.turns if turn is None else app().reader.turns.get(conversation, turn).turn
        address = conversation.name + (f"@{position}" if position else "")
        fork = app().paths.fork(address, name)
        console.note(forked(fork, f"Go there: /switch {fork.name}"))

    def _tree(self, typed: str) -> None:
        from chatmgr.ui.tree_view import show_tree

        if typed:
            raise UsageFault("/tree takes no argument.")
        show_tree(self._conversation, pager=False, commands=CHAT)


def switch_path(conversation: Conversation, typed: str) -> None:
    """Take another path of the chat's conversation: ``~2`` or ``~2@5``."""
    if not _PATH.fullmatch(typed):
        raise UsageFault(f"“{one_line(typed, 32)}” names no path.", "For instance: /switch ~1; see /tree")
    with nothing_unseen(conversation):
        switch = app().paths.switch(f"{conversation.name}{typed}")
    with app().reader as reader:
        current = reader.conversations.refresh(conversation)
        transcript_view.show_tail(current, int(app().settings.get("tail")))
    back = CHAT.switch(current.name, switch.before.removeprefix(current.name))
    console.note(switched(current, switch, back))


@contextmanager
def nothing_unseen(conversation: Conversation) -> Iterator[None]:
    """Refuse to change a path that somebody else changed meanwhile: once that is said, it is seen."""
    try:
        yield
    except TipMoved as tip_moved:
        app().tips.see(conversation)
        tip_moved.message = f"{tip_moved.change.described(conversation.name)} Nothing was changed."
        tip_moved.hint = "Look first: /history"
        raise


def split_turn(typed: str) -> tuple[int | None, str]:
    """A turn (``@3``), if what was typed begins with one, and the rest."""
    word, *rest = typed.split(maxsplit=1) or [""]
    match = _TURN.fullmatch(word)
    return (int(match[1]), rest[0] if rest else "") if match else (None, typed)


def _parsed_retry(typed: str) -> _Retry:
    example = "For instance: /retry, /retry @3, /retry -m gpt-5, /retry --pick 1"
    try:
        words = shlex.split(typed)
    except ValueError:
        raise UsageFault("A quotation mark is not closed.", example) from None
    retry = _Retry()
    while words:
        word = words.pop(0)
        if match := _TURN.fullmatch(word):
            retry.turn = int(match[1])
        elif word in _OPTIONS and words:
            value, field = words.pop(0), _OPTIONS[word]
            if field == "pick" and not _COUNT.fullmatch(value):
                raise UsageFault(f"“{one_line(value, 32)}” is not the number of a run.", example)
            setattr(retry, field, int(value) if field == "pick" else value)
        else:
            raise UsageFault(f"/retry does not know “{one_line(word, 32)}”.", example)
    return retry
