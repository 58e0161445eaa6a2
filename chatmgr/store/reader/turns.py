"""Reads turns: what was asked and answered, and the files that went with it."""

from collections.abc import Iterator
from typing import NamedTuple

from chatmgr.domain.errors import NotFound
from chatmgr.domain.model import Attachment, Conversation, Message, Run, Turn
from chatmgr.store.reader.query_session import FAR, QuerySession
from chatmgr.store.shapes import as_dict, into, moment, moment_or_none, pick

_TURN = into(Turn, started_at=moment_or_none, finished_at=moment_or_none, files=bool)
_RUN = into(Run, chosen=bool, started_at=moment, finished_at=moment_or_none)


class AttachmentInfo(NamedTuple):
    """An attachment without its bytes; ``size`` counts them."""

    name: str
    content_type: str
    sha256: str
    size: int


_ATTACHMENT = into(AttachmentInfo)


class Turns:
    """The turns of conversations, by position: 1 is the first."""

    def __init__(self, session: QuerySession) -> None:
        self._session = session

    def tail(self, conversation: Conversation, count: int) -> list[Turn]:
        """The last turns, in order."""
        rows = self._session.rows("turns.tail", _TURN, conversation=conversation.pk, limit=count)
        return list(rows)[::-1]

    def get(self, conversation: Conversation, address: int) -> Turn:
        """The turn at an address: 3 from the start, -1 from the end."""
        position = address if address > 0 else conversation.turns + 1 + address
        if 0 < position <= FAR:
            for turn in self.list(conversation, position, position):
                return turn
        count = conversation.turns
        holds = {0: "no turns yet", 1: "one turn"}.get(count, f"{count} turns")
        begin = "" if address else " Turns begin at 1; -1 is the last."
        hint = f"“{conversation.name}” has {holds}.{begin}"
        raise NotFound("turn", f"{conversation.name}@{address}", (), hint)

    def runs(self, conversation: Conversation, position: int) -> list[Run]:
        """Every run of a turn, in the order they were made."""
        place = {"conversation": conversation.pk, "position": position}
        return list(self._session.rows("turns.runs", _RUN, **place))

    def user_messages(self, count: int) -> Iterator[str]:
        """What the user wrote in all conversations, newest first, read as it is consumed."""
        return self._session.column("turns.user_messages", limit=self._session.limit(count))

    def context(self, conversation: int, before: int, after: int = 0) -> list[Message]:
        """What a model is shown of the answered turns between two positions, oldest first."""
        span = {"conversation": conversation, "before": before, "after": after}
        rows = list(self._session.rows("turns.context", pick("user", "answer", "message"), **span))
        files: dict[int, tuple[Attachment, ...]] = {}
        for row in self._session.rows("turns.context_files", as_dict, **span) if rows else ():
            message = row.pop("message")
            files[message] = (*files.get(message, ()), Attachment(**row))
        messages: list[Message] = []
        for user, answer, message in reversed(rows):
            messages += Message("user", user, files.get(message, ())), Message("assistant", answer)
        return messages

    def last_answered(self, conversation: int, before: int) -> int:
        """The newest position before ``before`` that has an answer; 0 for none."""
        return int(self._session.value("turns.last_answered", 0, conversation=conversation, before=before))

    def attachments(self, turn: Turn) -> list[AttachmentInfo]:
        """The files sent with a turn, without their bytes."""
        if not turn.files:
            return []
        return list(self._session.rows("turns.attachments", _ATTACHMENT, message=turn.message))

    # Last, so that the annotations above mean Python's own list.
    def list(self, conversation: Conversation, first: int = 1, last: int = FAR) -> Iterator[Turn]:
        """Turns in order, read as they are consumed."""
        span = {"conversation": conversation.pk, "first": first, "last": last}
        return self._session.rows("turns.list", _TURN, **span, limit=self._session.limit(0))
