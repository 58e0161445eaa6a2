"""A PostgreSQL database as one end of a copy. Rows go in by COPY, which is the fastest way there is."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from chatmgr.domain.interrupts import interrupts
from chatmgr.store.copy.shape import Row, Shape
from chatmgr.store.location import libpq_url
from chatmgr.store.search.postgres import POSTGRES_FILL_NAMES, POSTGRES_FILL_TURNS, POSTGRES_INDEX

_INDEXED = ("messages", "runs", "turns", "conversations")  # whose triggers keep the search index in step
_DOCUMENTS = 2_000  # indexed at a time
Progress = Callable[[int, int], None]
_MOMENT = "to_char({name}, 'YYYY-MM-DD HH24:MI:SS.US')"


class PostgresSide:
    """See ``SqliteSide``: the same, for a server."""

    def __init__(self, url: str) -> None:
        from chatmgr.store.postgres_connection import Connection

        self.another = partial(Connection.open, libpq_url(url), autocommit=True)
        self._db = self.another()
        self._run("SET TimeZone = 'UTC'")

    def _run(self, sql: str, values: Sequence[Any] = ()) -> Any:
        return self._db.execute(sql.encode(), values or None)

    def begin_reading(self) -> None:
        """From now on, what is read is of one moment."""
        self._run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def mark(self, revision: str) -> None:
        """Set what the database says that its schema is."""
        self._run("UPDATE alembic_version SET version_num = %s", (revision,))

    def rows(self, shape: Shape, after: Row | None, limit: int) -> list[Row]:
        """The next rows after a key, in the order of keys."""
        where = f"WHERE {_keys(shape)} > ({_marks(shape.key)})" if after else ""
        statement = f"SELECT {_columns(shape)} FROM {shape.name} {where} ORDER BY {_order(shape)} LIMIT %s"
        interrupts.check_work()
        return list(map(shape.converter, self._run(statement, (*(after or ()), limit)).fetchall()))

    def between(self, shape: Shape, after: Row | None, last: Row | None) -> list[Row]:
        """The rows after a key, up to and with another; to the end for None."""
        conditions = [f"{_keys(shape)} > ({_marks(shape.key)})"] if after else []
        conditions += [f"{_keys(shape)} <= ({_marks(shape.key)})"] if last else []
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        statement = f"SELECT {_columns(shape)} FROM {shape.name} {where} ORDER BY {_order(shape)}"
        values = (*(after or ()), *(last or ()))
        return list(map(shape.converter, self._run(statement, values).fetchall()))

    def count(self, shape: Shape) -> int:
        """How many rows a table has."""
        return int(self._run(f"SELECT count(*) FROM {shape.name}").fetchone()[0])

    def prepare(self) -> None:
        """Leave the search index alone: it is filled in the end."""
        for table in _INDEXED:
            self._run(f"ALTER TABLE {table} DISABLE TRIGGER USER")

    def insert(self, shape: Shape, rows: Sequence[Row]) -> None:
        """Add rows, in place of those with the same keys."""
        names = ", ".join(shape.columns)
        rest = [name for name in shape.columns if name not in shape.key]
        change = ", ".join(f"{name} = excluded.{name}" for name in rest)
        action = f"DO UPDATE SET {change}" if change else "DO NOTHING"
        with self._db.transaction():
            self._run(f"CREATE TEMP TABLE incoming (LIKE {shape.name}) ON COMMIT DROP")
            for column in self._run(
                "SELECT attname FROM pg_attribute WHERE attrelid = 'incoming'::regclass AND attnum > 0"
            ).fetchall():
                if column[0] not in shape.columns:
                    self._run(f"ALTER TABLE incoming DROP COLUMN {column[0]}")
            with self._db.cursor().copy(f"COPY incoming ({names}) FROM STDIN".encode()) as copy:
                for row in rows:
                    copy.write_row(row)
            self._run(
                f"INSERT INTO {shape.name} ({names}) SELECT {names} FROM incoming "
                f"ON CONFLICT ({', '.join(shape.key)}) {action}"
            )

    def delete(self, shape: Shape, keys: Sequence[Row]) -> None:
        """Delete rows by their keys."""
        condition = " AND ".join(f"{name} = %s" for name in shape.key)
        with self._db.transaction(), self._db.cursor() as cursor:
            cursor.executemany(f"DELETE FROM {shape.name} WHERE {condition}".encode(), keys)

    def finish(self, shapes: Sequence[Shape], progress: Progress) -> None:
        """Fill the search index, let new ids come after those copied, and the triggers work again."""
        self._index(progress)
        for shape in shapes:
            if shape.has_id:
                sequence = f"pg_get_serial_sequence('{shape.name}', 'id')"
                self._run(f"SELECT setval({sequence}, GREATEST((SELECT max(id) FROM {shape.name}), 1))")
        for table in _INDEXED:
            self._run(f"ALTER TABLE {table} ENABLE TRIGGER USER")

    def _index(self, progress: Progress) -> None:
        """Fill the search index anew, by two connections: it is the server's work, for one core each."""
        self._run("TRUNCATE search")
        self._run("DROP INDEX IF EXISTS ix_search_words")  # faster made at once than added to
        bounds = self._run(
            "SELECT min(id), max(id) FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS number "
            "FROM turns) AS numbered GROUP BY number / %s ORDER BY 1",
            (_DOCUMENTS,),
        ).fetchall()
        with self.another() as other, ThreadPoolExecutor(1) as beside:
            for number in range(0, len(bounds), 2):
                interrupts.check_work()
                progress(number * _DOCUMENTS, len(bounds) * _DOCUMENTS)
                waiting = beside.submit(other.execute, POSTGRES_FILL_TURNS.encode(), bounds[number])
                for bound in bounds[number + 1 : number + 2]:
                    self._run(POSTGRES_FILL_TURNS, bound)
                waiting.result()
        self._run(POSTGRES_FILL_NAMES)
        self._run("SET maintenance_work_mem = '256MB'")
        self._run(POSTGRES_INDEX)
        progress(1, 1)


def _columns(shape: Shape) -> str:
    """What is selected: moments, flags and JSON in the form in which rows are compared."""
    return ", ".join(_selected(shape, name) for name in shape.columns)


def _selected(shape: Shape, name: str) -> str:
    if name in shape.moments:
        return _MOMENT.format(name=name)
    return f"{name}::int" if name in shape.flags else f"{name}::text" if name in shape.documents else name


def _collated(shape: Shape, name: str) -> str:
    """A column of a key in the order of SQLite: by code points."""
    return f'{name} COLLATE "C"' if name in shape.text_key else name


def _keys(shape: Shape) -> str:
    return f"({', '.join(_collated(shape, name) for name in shape.key)})"


def _order(shape: Shape) -> str:
    return ", ".join(_collated(shape, name) for name in shape.key)


def _marks(names: Sequence[str]) -> str:
    return ", ".join(["%s"] * len(names))
