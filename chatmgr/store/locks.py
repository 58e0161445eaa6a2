"""Who may run a turn of a conversation: one process at a time, and never a dead one.

The operating system, or PostgreSQL, releases a hold when its holder ends, however it ends. So a run
that is live in the database while the hold can be had belongs to a dead process and may be taken
up; no pid is guessed at, and no two processes take up the same run. On SQLite a hold is one byte of
a lock file beside the database, at the conversation's number.
"""

import os
import sys
from pathlib import Path
from typing import Protocol

from chatmgr.domain.errors import DatabaseUnreachable
from chatmgr.store.connection import PostgresSource
from chatmgr.store.location import create_file, sqlite_path

SPACE = 0x63686174  # "chat": keeps our advisory locks apart from those of others


class Hold(Protocol):
    """A conversation held by this process."""

    def release(self) -> None:
        """Let the next one in."""
        ...


# One descriptor a file for the whole process: closing any would drop every lock the process has on it.
_files: dict[Path, int] = {}
_held: set[tuple[Path, int]] = set()  # file locks do not exclude the process that has them


class _FileHold:
    def __init__(self, path: Path, number: int, *, wait: bool) -> None:
        self._key = (path, number)
        if self._key in _held:
            raise BlockingIOError
        if path not in _files:
            create_file(path)
            _files[path] = os.open(path, os.O_RDWR)
        _lock_byte(_files[path], number, wait=wait)
        _held.add(self._key)

    def release(self) -> None:
        path, number = self._key
        _held.discard(self._key)
        _unlock_byte(_files[path], number)


class _ServerHold:
    def __init__(self, url: str, number: int, *, wait: bool) -> None:
        self._source = PostgresSource(url)
        self._lock = f"{SPACE}, {number}"
        call = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
        try:
            [(got,)] = self._source.ask(f"SELECT {call}({self._lock})")
        except BaseException:
            self._source.close()
            raise
        if not wait and not got:
            self._source.close()
            raise BlockingIOError

    def release(self) -> None:
        """Unlock before closing: a server notices a closed connection only after a moment."""
        try:
            self._source.ask(f"SELECT pg_advisory_unlock({self._lock})")
        except DatabaseUnreachable:
            pass  # with the connection the lock is gone
        finally:
            self._source.close()


def take(url: str, number: int, *, wait: bool) -> Hold:
    """Hold conversation ``number``; raises BlockingIOError when another has it and ``wait`` is off."""
    path = sqlite_path(url)
    if path is None:
        return _ServerHold(url, number, wait=wait)
    return _FileHold(path.with_name(path.name + ".lock"), number, wait=wait)


if sys.platform == "win32":
    import msvcrt

    def _lock_byte(file: int, number: int, *, wait: bool) -> None:
        os.lseek(file, number, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError from error

    def _unlock_byte(file: int, number: int) -> None:
        os.lseek(file, number, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _lock_byte(file: int, number: int, *, wait: bool) -> None:
        flags = fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB
        try:
            fcntl.lockf(file, flags, 1, number)
        except OSError as error:
            if wait:
                raise
            raise BlockingIOError from error

    def _unlock_byte(file: int, number: int) -> None:
        fcntl.lockf(file, fcntl.LOCK_UN, 1, number)
