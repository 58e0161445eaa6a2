"""Rebuilds the search index: batch by batch, and between two of them others write."""

import time
from collections.abc import Callable

from chatmgr.domain.interrupts import interrupts
from chatmgr.store.search import rebuild
from chatmgr.store.write_queue import let_others_write
from chatmgr.store.writer.database import Database

_PURPOSE = "is rebuilding the search index"
_SHARE = 4  # others may write for so many times as long as a batch took
_PAUSE = 0.02  # seconds, before documents that others are writing are tried again


class SearchIndexWriter:
    """The search index as a whole; what keeps it in step with each change is in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rebuild(self, progress: Callable[[int, int], None] = lambda _done, _total: None) -> None:
        """Rebuild the index from the tables, while others write.

        ``progress`` is called with the documents done, and the documents in all, after each batch. Where this
        ends early, the index is incomplete on SQLite, which searches and ``db check`` say; elsewhere it is
        partly the old one.
        """
        with self._database.begin(_PURPOSE) as db:
            total = rebuild.begin(db)
        progress(0, total)
        low, most, count = rebuild.HIGHEST, rebuild.MOST, 0
        while True:
            with self._database.begin(_PURPOSE) as db:
                began = time.monotonic()
                batch = rebuild.index_batch(db, low, most)
            if batch.done:
                break
            low, count = batch.low, count + batch.size
            progress(min(count, total - 1), total)
            if batch.size:
                most = rebuild.MOST
            else:
                most = max(most // 2, 1)
                interrupts.sleep(_PAUSE)
            if self._database.path:
                let_others_write(self._database.path, _SHARE * (time.monotonic() - began))
        progress(total, total)
