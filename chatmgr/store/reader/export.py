"""Reads for exports: which conversations, and their rows with every column."""

from collections.abc import Iterator

from chatmgr.domain.errors import NotFound
from chatmgr.domain.filters import Filters
from chatmgr.domain.lossless_columns import COLUMNS, FLAGS, JSON, Record, is_moment
from chatmgr.domain.model import Attachment, Conversation, Turn
from chatmgr.domain.tree import Piece
from chatmgr.store.reader.conversations import CONVERSATION
from chatmgr.store.reader.query_session import QuerySession
from chatmgr.store.reader.tree import Tree
from chatmgr.store.reader.turns import Turns
from chatmgr.store.shapes import as_dict, as_mapping, moment_or_none, pick


class Export:
    """Whole rows. Each call reads to its end: one connection serves, and sees one moment."""

    def __init__(self, session: QuerySession) -> None:
        self._session = session

    def chosen(self, filters: Filters) -> list[int]:
        """The keys of the conversations that filters choose, newest activity first."""
        return list(self._session.column("conversations.keys", **filters.values()))

    def conversation_at(self, pk: int) -> Conversation:
        """The conversation of a key. A negative one is that of a branch: along the path that ends in it."""
        if pk < 0:
            return Tree(self._session).ending_in(-pk)
        conversation = self._session.first("conversations.by_key", CONVERSATION, conversation=pk)
        if conversation is None:
            raise NotFound("conversation", str(pk))
        return conversation

    def files(self, turn: Turn) -> tuple[Attachment, ...]:
        """The files sent with a turn, with their bytes."""
        return Turns(self._session).files_of(turn.message) if turn.files else ()

    def records(self, table: str, /, **where: object) -> list[Record]:
        """Rows of a table, column by column, the same from either database."""
        columns = COLUMNS[table]
        moments = [name for name in columns if is_moment(name)]
        flags = [name for name in columns if name in FLAGS]
        mappings = [name for name in columns if f"{table}.{name}" in JSON]
        records = list(self._session.rows(f"export.{table}", as_dict, **where))
        for record in records:
            for name in moments:
                record[name] = moment_or_none(record[name])
            for name in flags:
                record[name] = bool(record[name])
            for name in mappings:
                record[name] = as_mapping(record[name])
        return records

    def pieces(self, conversation: int) -> list[Piece]:
        """All the turns of a conversation, in pieces: its path, then the paths that it left."""
        rows = self._session.rows("export.pieces", pick("branch", "first", "last"), conversation=conversation)
        return [Piece(*row) for row in rows]

    def turn_records(self, piece: Piece, count: int) -> Iterator[list[Record]]:
        """The turns of a piece with their runs, messages, items and attachments, ``count`` at a time."""
        first = piece.first
        while first <= piece.last:
            span = {"branch": piece.branch, "first": first, "last": piece.last}
            turns = self.records("turns", **span, limit=count)
            if not turns:
                return
            first = turns[-1]["position"] + 1
            span["last"] = turns[-1]["position"]
            messages = _under(turns, "messages", self.records("messages", **span), "turn_id")
            _under(turns, "runs", self.records("runs", **span), "turn_id")
            _under(turns, "items", self.records("items", **span), "turn_id")
            _under(messages, "attachments", self.records("attachments", **span), "message_id")
            yield turns


def _under(parents: list[Record], name: str, children: list[Record], key: str) -> list[Record]:
    """Give each parent the list of its children."""
    lists: dict[int, list[Record]] = {}
    for parent in parents:
        lists[parent["id"]] = parent[name] = []
    for child in children:
        lists[child[key]].append(child)
    return children
