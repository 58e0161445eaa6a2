"""The queue of those who write to a SQLite database: one at a time, each as soon as the one before is done.

SQLite itself has no queue. Who finds the database locked sleeps and tries again, longer each time, and
gives up after the busy timeout; with many writers, somebody always does. So every write transaction first
takes byte 0 of the database's lock file (conversations have the bytes from 1 on, see ``locks``). The
operating system wakes those who wait for it, in order, and frees it when its process ends, however it ends.
Nobody gives up: what is in memory is written, however long that takes.

House-keeping says what it does in the lock file, for those who wait, and lets them write between its steps.
On PostgreSQL there is nothing to queue for.
"""

import errno
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from chatmgr.domain.errors import DatabaseUnreachable
from chatmgr.domain.interrupts import interrupts
from chatmgr.store.locks import file_descriptor, lock_file

ANNOUNCE_SECONDS = 2.0  # a wait that is longer is mentioned
_WRITE = 0
_WAITING = 1 << 48  # shared by all who wait; far past any conversation's key
_STEP = 0.005
_PRESS_SECONDS = 0.1  # until a Ctrl-C is noticed
_YIELD_SECONDS = 5.0  # others that keep coming do not stop house-keeping for ever
_PURPOSE_BYTES = 200
Announce = Callable[[str], None]

_threads: dict[Path, threading.RLock] = {}  # a file lock does not exclude the threads of its process
_depths: dict[Path, int] = {}
_thread = threading.local()  # ``unwanted``: what tells the thread to leave the queue
_left: "dict[int, _Waiter]" = {}  # those nobody waits for any more, and who are in the queue still


@contextmanager
def writing(database: Path, announce: Announce | None = None, purpose: str = "") -> Iterator[None]:
    """Be the only one who writes to a database, for as long as the block lasts.

    ``announce`` is told, once, what a long wait is for. ``purpose`` is what those who wait are told of this
    block, for instance “is emptying the trash”; leave it out for what takes milliseconds.
    """
    path = lock_file(database)
    _check_wanted()
    thread_lock = _threads.setdefault(path, threading.RLock())
    _acquire_thread_lock(thread_lock, announce)
    try:
        if _depths.get(path):
            yield  # this thread is the one already
            return
        descriptor = file_descriptor(path)
        _acquire(descriptor, announce)
        _depths[path] = 1
        try:
            if purpose:
                _tell(descriptor, purpose)
            yield
        finally:
            if purpose:
                _tell(descriptor, "")
            _depths[path] = 0
            _unlock(descriptor, _WRITE)
    finally:
        thread_lock.release()


@contextmanager
def giving_up(unwanted: threading.Event) -> Iterator[None]:
    """Within this block, this thread leaves the queue once the event is set: with DatabaseUnreachable."""
    _thread.unwanted = unwanted
    try:
        yield
    finally:
        _thread.unwanted = None


def let_others_write(database: Path, seconds: float = _YIELD_SECONDS) -> None:
    """Wait, between two steps of house-keeping, until those who wait to write have written.

    Others that keep coming are waited for so many seconds.
    """
    end = time.monotonic() + seconds
    while others_wait(database) and time.monotonic() < end:
        interrupts.sleep(_STEP)


def others_wait(database: Path) -> bool:
    """Whether another process waits to write."""
    descriptor = file_descriptor(lock_file(database))
    if not _try_lock(descriptor, _WAITING):
        return True
    _unlock(descriptor, _WAITING)
    return False


def _acquire_thread_lock(lock: threading.RLock, announce: Announce | None) -> None:
    if lock.acquire(blocking=False):
        return
    announced_at = time.monotonic() + ANNOUNCE_SECONDS
    while not lock.acquire(timeout=_PRESS_SECONDS):
        interrupts.check()
        _check_wanted()
        if announce and time.monotonic() >= announced_at:
            announce(_reason(""))
            announce = None


def _acquire(descriptor: int, announce: Announce | None) -> None:
    """Take the write lock; wait in another thread, so that this one can say so, and hears Ctrl-C.

    One thread at a time: what one who was left behind gives back would be the lock of the whole process.
    """
    waiter = _left.pop(descriptor, None)
    if waiter is None or not waiter.take_up():
        if _try_lock(descriptor, _WRITE):
            return
        waiter = _Waiter(descriptor)
    try:
        if not waiter.started:
            waiter.started = True
            waiter.start()
        if not waiter.wait(ANNOUNCE_SECONDS):
            if announce:
                announce(_reason(_told(descriptor)))
            with interrupts.reacting(lambda _: True):  # as was announced: any press stops the waiting
                waiter.wait()
    except BaseException:
        if waiter.give_up():
            _left[descriptor] = waiter
        raise


class _Waiter:
    """A thread that waits for the write lock; the lock is its process's."""

    def __init__(self, descriptor: int) -> None:
        self.done = threading.Event()
        self._descriptor = descriptor
        self._state = threading.Lock()
        self._given_up = self.started = False
        self._thread = threading.Thread(target=self._queue, name="chatmgr-write-queue", daemon=True)
        self.start = self._thread.start

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the lock; whether this process has it now. KeyboardInterrupt on Ctrl-C."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while not self.done.is_set():
            left = _PRESS_SECONDS if deadline is None else min(deadline - time.monotonic(), _PRESS_SECONDS)
            if left <= 0:
                break
            interrupts.join(self._thread, left)
            if not self.done.is_set():
                _check_wanted()
        return self.done.is_set()

    def _queue(self) -> None:
        _lock(self._descriptor, _WAITING, shared=True)
        _lock(self._descriptor, _WRITE)
        with self._state:
            _unlock(self._descriptor, _WAITING)
            if self._given_up:
                _unlock(self._descriptor, _WRITE)
            self.done.set()

    def give_up(self) -> bool:
        """Leave it behind; whether it is in the queue still."""
        with self._state:
            self._given_up = True
            if self.done.is_set():
                _unlock(self._descriptor, _WRITE)
            return not self.done.is_set()

    def take_up(self) -> bool:
        """Wait for it again; False if it has left the queue."""
        with self._state:
            self._given_up = False
            return not self.done.is_set()


def _check_wanted() -> None:
    unwanted: threading.Event | None = getattr(_thread, "unwanted", None)
    if unwanted is not None and unwanted.is_set():
        raise DatabaseUnreachable("Nobody waits any longer for this to be written.")


def _reason(purpose: str) -> str:
    who = f"another chatmgr process {purpose}" if purpose else "other chatmgr processes write"
    return f"Waiting to write to the database: {who}. Nothing is lost; Ctrl-C stops waiting."


def _tell(descriptor: int, purpose: str) -> None:
    """Write into the lock file what its holder does."""
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        if purpose:
            os.pwrite(descriptor, purpose.encode(), 0)


def _told(descriptor: int) -> str:
    """What the lock's holder says that it does."""
    with suppress(OSError):
        return os.pread(descriptor, _PURPOSE_BYTES, 0).decode("utf-8", "replace").strip("\0\n ")
    return ""


if sys.platform == "win32":

    def _try_lock(descriptor: int, byte: int) -> bool:
        """There, SQLite's own waiting has to do."""
        return True

    def _lock(descriptor: int, byte: int, *, shared: bool = False) -> None:
        pass

    def _unlock(descriptor: int, byte: int) -> None:
        pass
else:
    import fcntl

    def _try_lock(descriptor: int, byte: int) -> bool:
        """Whether a byte is locked now; also true where the file system knows no locks: SQLite says so."""
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
        except OSError as error:
            return error.errno not in {errno.EACCES, errno.EAGAIN}
        return True

    def _lock(descriptor: int, byte: int, *, shared: bool = False) -> None:
        """Wait for a byte, for as long as it takes."""
        while True:
            try:
                fcntl.lockf(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, 1, byte)
            except OSError as error:
                if error.errno != errno.EDEADLK:  # seen where threads wait for locks of several kinds
                    return
                time.sleep(_STEP)
            else:
                return

    def _unlock(descriptor: int, byte: int) -> None:
        with suppress(OSError):
            fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, byte)
