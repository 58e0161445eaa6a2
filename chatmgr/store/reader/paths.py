"""Reads the paths that conversations took: the present one, and those that they left."""

from dataclasses import replace

from chatmgr.domain.errors import NotFound
from chatmgr.domain.model import Conversation
from chatmgr.store.reader.conversations import CONVERSATION
from chatmgr.store.reader.pieces import path_to
from chatmgr.store.reader.query_session import QuerySession


class Paths:
    """The paths of a conversation, numbered from 1 in the order in which it took them: ``name~2``."""

    def __init__(self, session: QuerySession) -> None:
        self._session = session

    def current(self, conversation: Conversation) -> int:
        """The number of the path that a conversation is on."""
        current = self._session.value("paths.current", 0, conversation=conversation.pk)
        return self._branches(conversation).index(current) + 1

    def along(self, conversation: Conversation, number: int) -> Conversation:
        """A conversation looked at along another of its paths, to the end of that: its name is ``name~2``.

        Raises NotFound where there is no path of this number.
        """
        branches = self._branches(conversation)
        if not 1 <= number <= len(branches):
            paths = "one path" if len(branches) == 1 else f"{len(branches)} paths"
            hint = f"“{conversation.name}” has {paths}."
            raise NotFound("path", f"{conversation.name}~{number}", (), hint)
        branch = branches[number - 1]
        return replace(
            conversation, name=f"{conversation.name}~{number}", branch=branch, turns=self._end(branch)
        )

    def ending_in(self, branch: int) -> Conversation:
        """The conversation that made a branch, along the path that ends in it."""
        owner = self._session.first("paths.owner", CONVERSATION, branch=branch)
        if owner is None:
            raise NotFound("path", str(branch))
        return self.along(owner, self._branches(owner).index(branch) + 1)

    def _branches(self, conversation: Conversation) -> list[int]:
        return list(self._session.column("paths.branches", conversation=conversation.pk))

    def _end(self, branch: int) -> int:
        """The last position that the path to a branch has a turn at; 0 for none."""
        for piece in reversed(path_to(self._session, branch)):
            if position := self._session.value("paths.last", 0, **piece._asdict()):
                return int(position)
        return 0
