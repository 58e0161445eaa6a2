"""A lock for each conversation: only one process at a time runs a turn of it.

The operating system, or PostgreSQL, releases a lock when the process that has it ends, however it ends. So
a run that is live in the database while its conversation can be locked belongs to a dead process, and
whoever got the lock may take the run over. No process id is guessed at, and no two processes take over the
same run. On SQLite a lock is one byte of a lock file beside the database, at the conversation's key. On
PostgreSQL it is an advisory lock.
"""

import errno
import os
import sys
from pathlib import Path
from typing import Protocol

from chatmgr.domain.errors import DatabaseUnreachable
from chatmgr.store.connection import PostgresSource
from chatmgr.store.location import create_file, no_locks, sqlite_path

SPACE = 0x63686174  # "chat": keeps our advisory locks apart from those of other programs


class Lock(Protocol):
    """A lock that this process has."""

    def release(self) -> None:
        """Let the next process in."""
        ...


# One descriptor per file for the whole process: closing any would drop every lock that the process has on it.
_descriptors: dict[Path, int] = {}
_locked: set[tuple[Path, int]] = set()  # a file lock does not exclude the process that has it


def lock_file(database: Path) -> Path:
    """Where the locks of a SQLite database are."""
    return database.with_name(database.name + ".lock")


def file_descriptor(path: Path) -> int:
    """The descriptor of a file that locks are taken on, made if need be; it stays open."""
    if path not in _descriptors:
        create_file(path)
        _descriptors[path] = os.open(path, os.O_RDWR)
    return _descriptors[path]


class _FileLock:
    def __init__(self, path: Path, conversation: int, *, wait: bool) -> None:
        self._key = (path, conversation)
        if self._key in _locked:
            raise BlockingIOError
        try:
            _lock_byte(file_descriptor(path), conversation, wait=wait)
        except BlockingIOError:
            raise
        except OSError as error:
            raise no_locks(path, error) from error
        _locked.add(self._key)

    def release(self) -> None:
        path, conversation = self._key
        _locked.discard(self._key)
        _unlock_byte(_descriptors[path], conversation)


class _AdvisoryLock:
    def __init__(self, url: str, conversation: int, *, wait: bool) -> None:
        self._source = PostgresSource(url)
        self._key = f"{SPACE}, {conversation}"
        function = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
        try:
            acquired = self._take(url, f"SELECT {function}({self._key})")
        except BaseException:
            self._source.close()
            raise
        if not wait and not acquired:
            self._source.close()
            raise BlockingIOError

    def _take(self, url: str, statement: str) -> object:
        """Take the lock; what the server answered. One question, unless a pooler is in between."""
        taken = self._source.ask(f"{statement} WHERE pg_backend_pid() = {self._source.greeted_by}")
        if not taken:
            from chatmgr.store.poolers import refuse_lost_sessions

            refuse_lost_sessions(url, self._source)
            taken = self._source.ask(statement)
        [(acquired,)] = taken
        return acquired

    def release(self) -> None:
        """Unlock before closing: a server notices a closed connection only after a moment."""
        try:
            self._source.ask(f"SELECT pg_advisory_unlock({self._key})")
        except (DatabaseUnreachable, KeyboardInterrupt):
            pass  # the lock went with the connection
        finally:
            self._source.close()


def acquire(url: str, conversation: int, *, wait: bool) -> Lock:
    """Lock a conversation, by its key.

    Where another process has the lock, waits for it, or raises BlockingIOError if ``wait`` is off. Raises
    DatabaseUnreachable where the file system has no locks.
    """
    path = sqlite_path(url)
    if path is None:
        return _AdvisoryLock(url, conversation, wait=wait)
    return _FileLock(lock_file(path), conversation, wait=wait)


if sys.platform == "win32":
    import msvcrt

    def _lock_byte(descriptor: int, offset: int, *, wait: bool) -> None:
        os.lseek(descriptor, offset, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError from error

    def _unlock_byte(descriptor: int, offset: int) -> None:
        os.lseek(descriptor, offset, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    _LOCKED = {errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK}

    def _lock_byte(descriptor: int, offset: int, *, wait: bool) -> None:
        flags = fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB
        try:
            fcntl.lockf(descriptor, flags, 1, offset)
        except OSError as error:
            if error.errno not in _LOCKED:  # else the file system, or its server, has no locks
                raise
            raise BlockingIOError from error

    def _unlock_byte(descriptor: int, offset: int) -> None:
        fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, offset)
