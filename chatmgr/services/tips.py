"""What this process has seen of conversations: a message is meant for a path as its author knows it.

Another terminal may have gone on with the conversation meanwhile, undone turns, or switched to another path.
Then nothing is sent: ``TipMoved`` says what happened, and whoever asked decides. A conversation whose tip was
never noted here is not watched.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from chatmgr.domain.addresses import split_path
from chatmgr.domain.errors import DatabaseUnreachable, NotFound, UsageFault
from chatmgr.domain.model import Conversation
from chatmgr.domain.tree import Tip, TipChange, TipMoved
from chatmgr.services.forks import fork_under_free_name, idle
from chatmgr.services.parts import RunnerParts

_SEEN = re.compile(r"(?:~([1-9]\d{0,8})@)?@?(0|[1-9]\d{0,8})")
_ANY = 0  # in place of a branch: whichever the conversation is on


class Tips:
    """The tips that were seen last, by conversation, compared while the conversation is locked."""

    def __init__(self, parts: RunnerParts) -> None:
        self._parts = parts
        self._seen: dict[int, Tip] = {}

    def see(self, conversation: Conversation) -> None:
        """Note that all of a conversation's path, as it is now, is known to the person or the script."""
        with self._parts.reader as reader:
            self._seen[conversation.pk] = reader.tree.tip(conversation.pk)

    def watch(self, conversation: Conversation) -> None:
        """As ``see``, unless something was seen already, or is expected."""
        if conversation.pk not in self._seen:
            self.see(conversation)

    def expect(self, conversation: Conversation, seen: str) -> None:
        """Note what a script says that it saw: the last turn, as ``7``, or with its path, as ``~2@7``."""
        match = _SEEN.fullmatch(seen)
        if match is None:
            raise UsageFault(f"“{seen}” is not the position of a turn.", "For instance: --after 7")
        position = int(match[2])
        with self._parts.reader as reader:
            numbers = reader.tree.numbers(conversation.pk) if match[1] else {}
            ends = {path.number: path.end for path in reader.tree.paths(conversation.pk)}
        branch = next((branch for branch, number in numbers.items() if number == int(match[1])), _ANY)
        if (match[1] and branch == _ANY) or position > ends.get(numbers.get(branch, 0), max(ends.values())):
            address = f"{conversation.name}{match[0] if '@' in match[0] else f'@{match[0]}'}"
            hint = f"“{conversation.name}” ends at @{conversation.turns}."
            raise NotFound("turn", address, (), hint)
        self._seen[conversation.pk] = Tip(branch, position)

    def check(self, conversation: Conversation) -> None:
        """Raise TipMoved where a conversation's path is not the one that was seen."""
        seen = self._seen.get(conversation.pk)
        if seen is None:
            return
        with self._parts.reader as reader:
            now = reader.tree.tip(conversation.pk)
            if now == seen or (seen.branch == _ANY and now.position == seen.position):
                return
            change = reader.tree.change(conversation.pk, seen, now)
        name = split_path(conversation.name)[0] if conversation.branch else conversation.name
        raise TipMoved(name, change)

    @contextmanager
    def locked(self, conversation: Conversation, *, wait: bool = False) -> Iterator[None]:
        """Keep other processes out of a conversation whose path may change now.

        Raises Busy, and TipMoved where its path changed since it was seen. What this process does meanwhile
        is seen.
        """
        with self._parts.runner.locked(conversation, wait=wait):
            self.check(conversation)
            try:
                yield
            finally:
                if conversation.pk in self._seen:
                    with suppress(DatabaseUnreachable):
                        self.see(conversation)

    def fork(self, conversation: Conversation, change: TipChange, *, wait: bool = False) -> Conversation:
        """A new conversation that goes on from what was seen of another.

        Raises Busy while another process has that one; ``wait`` waits for it.
        """
        seen = change.seen
        with self._parts.runner.locked(conversation, wait=wait):
            source = idle(self._parts.reader, conversation)
            name = fork_under_free_name(self._parts, source, seen.position, source.name, seen.branch)
        with self._parts.reader as reader:
            fork = reader.conversations.get(name)
        self.see(fork)
        return fork
