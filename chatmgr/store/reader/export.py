"""The reader's pages for exports: which conversations, and their rows with every column."""

from collections.abc import Iterator
from contextlib import contextmanager

from chatmgr.domain.errors import NotFound
from chatmgr.domain.export_schema import COLUMNS, FLAGS, JSON, Record, is_moment
from chatmgr.domain.filters import Filters
from chatmgr.domain.model import Attachment, Conversation, Turn
from chatmgr.store.connection import as_mapping
from chatmgr.store.reader import values
from chatmgr.store.reader.base import Pages


class ExportPages(Pages):
    """Reads whole rows. Each call reads to its end: one connection serves, and sees one moment."""

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read as of one moment, whatever others write meanwhile."""
        source = self._open()
        if source is None:
            yield
        else:
            with source.snapshot():
                yield

    def chosen(self, filters: Filters) -> list[int]:
        """The keys of the conversations that filters choose, newest activity first."""
        return [int(row[0]) for row in self._rows("chosen", **filters.values())]

    def conversation_at(self, pk: int) -> Conversation:
        """The conversation of a key."""
        row = self._first("conversation_at", conversation=pk)
        if row is None:
            raise NotFound("conversation", str(pk))
        return values.conversation(row)

    def files(self, turn: Turn) -> tuple[Attachment, ...]:
        """The files sent with a turn, with their bytes."""
        rows = self._rows("files_of", message=turn.message) if turn.files else ()
        return tuple(
            Attachment(str(name), str(kind), str(sha), bytes(data)) for name, kind, sha, data in rows
        )

    def records(self, table: str, /, **where: object) -> list[Record]:
        """Rows of a table, column by column, the same from either database."""
        columns = COLUMNS[table]
        moments = [name for name in columns if is_moment(name)]
        flags = [name for name in columns if name in FLAGS]
        mappings = [name for name in columns if name in JSON]
        found = [dict(zip(columns, row, strict=True)) for row in self._rows(f"export_{table}", **where)]
        for record in found:
            for name in moments:
                if record[name] is not None:
                    record[name] = values.moment(record[name])
            for name in flags:
                record[name] = bool(record[name])
            for name in mappings:
                record[name] = as_mapping(record[name])
        return found

    def turn_records(self, conversation: int, count: int) -> Iterator[list[Record]]:
        """A conversation's turns with their runs, messages and attachments, ``count`` at a time."""
        after = 0
        while turns := self.records("turns", conversation=conversation, after=after, limit=count):
            after = turns[-1]["position"]
            span = {"conversation": conversation, "first": turns[0]["position"], "last": after}
            messages = _under(turns, "messages", self.records("messages", **span), "turn_id")
            _under(turns, "runs", self.records("runs", **span), "turn_id")
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
