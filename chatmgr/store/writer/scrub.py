"""Removes what was deleted from the bytes of a SQLite file, at a cost that depends on what was deleted.

Deleted text can be left in four places. Rows and freed pages are zeroed by SQLite (``secure_delete``). The
search index has forgotten the words that nothing else has (``erasure``), in the transaction that deleted
them. Pages that the rows were once moved from keep copies, which ``PageGaps`` clears. The write-ahead log
keeps old pages until it is truncated, which a process prevents that still reads an older state.

A file that is small, or mostly empty by now, is rewritten instead: that costs no more, and makes it smaller.
So is one of which nobody knows where copies are. Rewriting gives way to others who want to write.
"""

import sqlite3
import time
from pathlib import Path
from typing import Any

from chatmgr.domain.interrupts import interrupts
from chatmgr.store.connection import let_ctrl_c_stop
from chatmgr.store.location import BUSY_SECONDS
from chatmgr.store.page_gaps import PageGaps
from chatmgr.store.write_queue import let_others_write, others_wait
from chatmgr.store.writer.database import Database
from chatmgr.store.writer.erasure import NOTE, Remains

SMALL = 16 << 20  # bytes of a file that is rewritten rather than searched
_MOSTLY_EMPTY = 3  # rewritten, too, when this part of its pages is free: one in three
_STEP = 500  # pages of the search index that are merged before others may write again
_INDEXES = ("words", "grams")
_ATTEMPTS = 3  # to rewrite the file while others want to write
_PROGRESS = 20_000  # SQLite's instructions between two looks at who waits
_READERS_SECONDS = 2.0  # so long, others may read on in an older state
_PAUSE = 0.05
_PURPOSE = "is removing what was deleted from the file"
# Tables that are cleared as a whole, with their indexes: they are small, or have no row ids to go by.
_WHOLE_TREES = ("conversations", "tags", "meta", "sources", "answer_parts", "words_idx", "grams_idx")
_SEGMENTS = 8  # numbers of segments that may have been in use beyond the highest one now
_DETAIL = 37  # bits of a row's id in an index's data that count within its segment


class Scrub:
    """One removal; ``run`` returns what prevented it, or "" where nothing is left in the file."""

    def __init__(self, database: Database, path: Path) -> None:
        self._database = database
        self._path = path
        self._db: Any = None

    def run(self) -> str:
        """Remove what was noted as deleted."""
        raw = self._database.engine.raw_connection()
        self._db = raw.driver_connection
        raw.detach()  # its pages are out of date afterwards: it is closed, not used again
        try:
            remains = Remains.parse(self._note())
            if remains is None:
                return ""
            self._db.execute(f"PRAGMA busy_timeout={round(_PAUSE * 1000)}")
            if self._rewriting_pays() or remains.rewrite:
                reason = self._rewrite()
                if not reason or remains.rewrite:
                    return reason or self._finish(None)
            return self._finish(remains)
        except sqlite3.OperationalError as error:
            interrupts.check_work()
            return str(error)
        finally:
            raw.close()

    def _note(self) -> str:
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (NOTE,)).fetchone()
        return row[0] if row else ""

    def _number(self, pragma: str) -> int:
        return int(self._db.execute(f"PRAGMA {pragma}").fetchone()[0])

    def _rewriting_pays(self) -> bool:
        pages, free = self._number("page_count"), self._number("freelist_count")
        return pages * self._number("page_size") <= SMALL or free * _MOSTLY_EMPTY > pages

    def _rewrite(self) -> str:
        """Merge the search index and rewrite the file; gives up where others always want to write."""
        for table in _INDEXES:
            self._merge(table)
        for _ in range(_ATTEMPTS):
            with self._database.writing("is rewriting the database"):
                self._db.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
                self._db.set_progress_handler(self._gives_way, _PROGRESS)
                try:
                    self._db.execute("VACUUM")
                except sqlite3.OperationalError as error:
                    interrupts.check_work()
                    if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                        raise
                else:
                    return ""
                finally:
                    let_ctrl_c_stop(self._db)
                    self._db.execute(f"PRAGMA busy_timeout={round(_PAUSE * 1000)}")
            let_others_write(self._path)
        return "other processes are writing"

    def _gives_way(self) -> bool:
        """Whether rewriting is given up: for others, or for Ctrl-C."""
        return interrupts.stops_work or others_wait(self._path)

    def _merge(self, table: str) -> None:
        """Merge one index of the full-text search into one segment, in steps that are a transaction each."""
        step = -_STEP  # negative at first: merge everything, however few segments there are
        while True:
            with self._database.writing(_PURPOSE):
                before = self._db.total_changes
                self._db.execute(f"INSERT INTO {table}({table}, rank) VALUES ('merge', ?)", (step,))
            if self._db.total_changes - before < 2:
                return
            step = _STEP
            let_others_write(self._path)

    def _finish(self, remains: Remains | None) -> str:
        """Empty the log, clear what was noted, and take the note away; None after a rewriting."""
        end = time.monotonic() + _READERS_SECONDS
        while True:
            with self._database.writing(_PURPOSE):
                if self._empty_log():
                    self._clear(remains)
                    return ""
            if time.monotonic() > end:
                return "another process reads it"
            let_others_write(self._path)
            interrupts.sleep(_PAUSE)

    def _empty_log(self) -> bool:
        """Write the log into the file and begin a transaction in which the log is empty."""
        busy, *_ = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            return False
        self._db.execute("BEGIN IMMEDIATE")
        log = self._path.with_name(self._path.name + "-wal")
        if not log.exists() or log.stat().st_size == 0:
            return True
        self._db.execute("ROLLBACK")  # a program that does not queue has written
        return False

    def _clear(self, remains: Remains | None) -> None:
        if remains:
            gaps = PageGaps(self._path, self._db)
            trees = self._db.execute("SELECT name, tbl_name, rootpage FROM sqlite_master WHERE rootpage > 0")
            for name, table, root in trees.fetchall():
                if table in _WHOLE_TREES:
                    gaps.clear_tree(root)
                elif name == table:
                    gaps.clear_near(root, [*remains.rows.get(name, []), *self._segments(name)])
            gaps.sync()
        self._db.execute("DELETE FROM meta WHERE key = ?", (NOTE,))
        self._db.execute("COMMIT")

    def _segments(self, table: str) -> list[int]:
        """The first rows of the segments of an index: small ones, which share pages, come and go there."""
        if table not in {f"{index}_data" for index in _INDEXES}:
            return []
        last = self._db.execute(f"SELECT max(id) FROM {table}").fetchone()[0] >> _DETAIL
        return [segment << _DETAIL for segment in range(last + _SEGMENTS)]
