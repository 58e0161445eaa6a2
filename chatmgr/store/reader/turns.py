"""Reads turns: what was asked and answered, and the files that went with it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from chatmgr.domain.errors import NotFound
from chatmgr.domain.ids import FAR
from chatmgr.domain.image_size import Pixels
from chatmgr.domain.items import Item
from chatmgr.domain.model import Attachment, Conversation, Message, Run, Turn
from chatmgr.domain.tree import Piece, within
from chatmgr.store.reader.items import items_of, size_of_head
from chatmgr.store.reader.pieces import path_to, read_pieces
from chatmgr.store.reader.query_session import QuerySession
from chatmgr.store.shapes import as_dict, into, moment, moment_or_none, pick

_TURN = into(Turn, started_at=moment_or_none, finished_at=moment_or_none, files=bool, items=bool)
_RUN = into(Run, chosen=bool, items=bool, started_at=moment, finished_at=moment_or_none)


class AttachmentInfo(NamedTuple):
    """An attachment without its bytes; ``size`` counts them, ``pixels`` is the size of an image."""

    name: str
    content_type: str
    sha256: str
    size: int
    pixels: Pixels | None = None


_ATTACHMENT = into(AttachmentInfo, pixels=size_of_head)


class Turns:
    """The turns of conversations, by position: 1 is the first."""

    def __init__(self, session: QuerySession) -> None:
        self._session = session

    def tail(self, conversation: Conversation, count: int) -> list[Turn]:
        """The last turns, in order."""
        pieces = self._path(conversation)
        tip = conversation.turns if conversation.branch else pieces[-1].last if pieces else 0
        return list(self._of(conversation, within(pieces, tip - count + 1, tip)))

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
        for piece in self._path(conversation, position, position):
            place = {"branch": piece.branch, "position": position}
            return [*self._session.rows("turns.runs", _RUN, **place)]
        return []

    def user_messages(self, count: int) -> Iterator[str]:
        """What the user wrote in all conversations, newest first, read as it is consumed."""
        return self._session.column("turns.user_messages", limit=self._session.limit(count))

    def context(self, conversation: int, before: int, after: int = 0) -> list[Message]:
        """What a model is shown of the answered turns between two positions, oldest first."""
        messages: list[Message] = []
        for piece in self._pieces(conversation, after + 1, before - 1):
            messages += self._context_of(piece)
        return messages

    def _context_of(self, piece: Piece) -> list[Message]:
        columns = pick("user", "answer", "message", "turn")
        rows = list(self._session.rows("turns.context", columns, **piece._asdict()))
        items = items_of(self._session, piece) if rows else {}
        files: dict[int, tuple[Attachment, ...]] = {}
        for row in self._session.rows("turns.context_files", as_dict, **piece._asdict()) if rows else ():
            message = row.pop("message")
            files[message] = (*files.get(message, ()), Attachment(**row))
        messages: list[Message] = []
        for user, answer, message, turn in rows:
            messages += (
                Message("user", user, files.get(message, ())),
                Message("assistant", answer, items=items.get(turn, ())),
            )
        return messages

    def items_at(self, conversation: int, position: int) -> tuple[Item, ...]:
        """The items of the turn at a position of a conversation's path, with their bytes."""
        for piece in self._pieces(conversation, position, position):
            for items in items_of(self._session, piece).values():
                return items
        return ()

    def last_answered(self, conversation: int, before: int) -> int:
        """The newest position before ``before`` that has an answer; 0 for none."""
        for piece in reversed(self._pieces(conversation, 1, before - 1)):
            if position := self._session.value("turns.last_answered", 0, **piece._asdict()):
                return int(position)
        return 0

    def attachments(self, turn: Turn) -> list[AttachmentInfo]:
        """The files sent with a turn, without their bytes."""
        if not turn.files:
            return []
        return list(self._session.rows("turns.attachments", _ATTACHMENT, message=turn.message))

    def files_of(self, message: int) -> tuple[Attachment, ...]:
        """The files sent with the message of this primary key, with their bytes."""
        return tuple(self._session.rows("turns.files", into(Attachment), message=message))

    def _pieces(self, conversation: int, first: int = 1, last: int = FAR) -> "list[Piece]":
        return read_pieces(self._session, conversation, first, last)

    def _path(self, conversation: Conversation, first: int = 1, last: int = FAR) -> "list[Piece]":
        """The pieces of the path along which a conversation is looked at."""
        if conversation.branch:
            path = path_to(self._session, conversation.branch)
            return within(path, first, min(last, conversation.turns))
        return self._pieces(conversation.pk, first, last)

    def _of(self, conversation: Conversation, pieces: "list[Piece]") -> Iterator[Turn]:
        for piece in pieces:
            place = {"conversation": conversation.pk, **piece._asdict()}
            for turn in self._session.rows("turns.list", _TURN, **place):
                yield replace(turn, conversation=conversation.name) if conversation.branch else turn

    # Last, so that the annotations above mean Python's own list.
    def list(self, conversation: Conversation, first: int = 1, last: int = FAR) -> Iterator[Turn]:
        """Turns in order, read as they are consumed."""
        return self._of(conversation, self._path(conversation, first, last))
