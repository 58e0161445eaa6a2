"""The paths of conversations through the tree of turns: forks, undoing and redoing, other paths.

Nothing is lost by any of it: what a conversation leaves stays as another of its paths.
"""

from typing import NamedTuple

from chatmgr.domain.addresses import in_shell, parse_address, split_path
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.model import Conversation
from chatmgr.domain.names import valid_name
from chatmgr.services.forks import fork_under_free_name, idle
from chatmgr.services.turn_parts import Parts


class Fork(NamedTuple):
    """A conversation that was forked: its name, and the address of the last turn that it shares."""

    name: str
    source: str


class Move(NamedTuple):
    """The last turn of a conversation's path before and after it was moved."""

    before: int
    after: int


class Switch(NamedTuple):
    """The addresses of the last turn of a conversation's path, before and after it took another path."""

    before: str
    after: str


class PathService:
    """Moves conversations along the tree of turns, each while it is locked."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def find(self, name: str) -> Conversation:
        """The conversation of a name, looked at along another of its paths for ``name~2``."""
        conversations = self._parts.reader.conversations
        stem, number = split_path(name)
        if not number or conversations.find(name):
            return conversations.get(name)
        return self._parts.reader.tree.along(conversations.get(stem), number)

    def at(self, address: str) -> tuple[Conversation, int | None]:
        """The conversation of an address, and the position of its turn; None where it names no turn.

        Raises UsageFault for another path: only the one that a conversation is on can be changed.
        """
        typed = parse_address(address)
        conversation = self.find(typed.name)
        if conversation.branch:
            raise UsageFault(
                f"{address} is not on the path that the conversation is on.",
                f"Go there first: chatmgr switch {in_shell(conversation.name)}",
            )
        return conversation, self._position(conversation, typed.turn)

    def _position(self, conversation: Conversation, turn: int | None) -> int | None:
        return None if turn is None else self._parts.reader.turns.get(conversation, turn).turn

    def fork(self, address: str, name: str = "") -> Fork:
        """Let a new conversation go on from a turn; without a name, it gets a free one."""
        typed = parse_address(address)
        source = self.find(typed.name)
        position = self._position(source, typed.turn)
        stem = split_path(source.name)[0] if source.branch else source.name
        name = name and valid_name("conversation", name)
        with self._parts.runner.locked(source):
            current = idle(self._parts.reader, source)
            source = source if source.branch else current
            position = source.turns if position is None else position
            if name:
                self._parts.writer.tree.fork(source.pk, position, name, branch=source.branch)
            else:
                name = fork_under_free_name(self._parts, source, position, stem, source.branch)
        return Fork(name, f"{source.name}@{position}" if position else source.name)

    def undo(self, conversation: Conversation, count: int = 1) -> Move:
        """Take back the last turns, as many as there are; they stay, for a redo."""
        with self._parts.tips.locked(conversation):
            before = idle(self._parts.reader, conversation).turns
            if not before:
                raise UsageFault(f"“{conversation.name}” has no turn to undo.")
            after = max(before - count, 0)
            self._parts.writer.tree.move_tip(conversation.pk, after, "undo")
        return Move(before, after)

    def redo(self, conversation: Conversation, count: int = 1) -> Move:
        """Bring back turns that were undone, as many as there are."""
        with self._parts.tips.locked(conversation):
            before = idle(self._parts.reader, conversation).turns
            last = self._parts.reader.tree.last_position(conversation.pk)
            if last <= before:
                raise UsageFault(f"“{conversation.name}” has no turn to redo.")
            after = min(before + count, last)
            self._parts.writer.tree.move_tip(conversation.pk, after, "redo")
        return Move(before, after)

    def switch(self, address: str) -> Switch:
        """Let a conversation take another of its paths; nothing is done if it is there already."""
        typed = parse_address(address)
        path = self.find(typed.name)
        if not path.branch:
            raise UsageFault(
                f"“{address}” names no path.",
                f"See its paths: chatmgr history {in_shell(path.name)} --tree",
            )
        position = path.turns if typed.turn is None else self._position(path, typed.turn)
        with self._parts.tips.locked(path):
            current = idle(self._parts.reader, path)
            before, after = self.address(current), _on_path(path.name, position or 0)
            if before != after:
                self._parts.writer.tree.switch(path.pk, path.branch, position or 0)
        return Switch(before, after)

    def address(self, conversation: Conversation) -> str:
        """Where a conversation is now, as an address to which it can be switched back."""
        number = self._parts.reader.tree.current(conversation)
        return _on_path(f"{conversation.name}~{number}", conversation.turns)


def _on_path(path: str, position: int) -> str:
    return f"{path}@{position}" if position else path
