"""Ctrl-C: the one owner of the signal in this process.

The handler counts presses and wakes whoever waits; it imports nothing and, while presses are held, raises
nothing. KeyboardInterrupt comes out of the functions here that wait (``wait``, ``sleep``, ``join``,
``run_beside``) and out of ``check``: never in the middle of a commit, an import or a drawing. A press that
comes just before a wait is as good as one during it, because the signal itself writes into a pipe that the
wait listens to.

A turn is stopped only there, and where a statement to a database that has gone silent is given up. Other
verbs, and an upgrade of the database, are stopped in the middle of their work, too: they run ``in_work``,
where ``check_work`` raises and ``stops_work`` has SQLite end a statement. Whoever presses again, because
nothing came of the first press, ends a verb as a kill would. Threads other than the main one are never
interrupted.
"""

import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TypeVar

T = TypeVar("T")
_POLL_SECONDS = 0.02  # how often a wait for a thread looks for a press
_HEED_SECONDS = 1.0  # so long, a press may take to end the process; then the next one does at once
_INTERRUPTED = b"chatmgr: Interrupted.\n"
_EXIT_CODE = 130


class Interrupts:
    """Counts presses of Ctrl-C, and interrupts the main thread where it may be interrupted."""

    def __init__(self) -> None:
        self._installed = False
        self._in_work = self._may_leave = False
        self._first_pressed_at = self._pressed_at = 0.0
        self._signals = self._keys = 0  # two counters: the handler and another thread may come at once
        self._noticed = 0
        self._wake_reader = self._wake_writer = -1
        self._react: Callable[[int], bool] = lambda count: True
        self._scope_start = 0
        self._listener: Callable[[], None] | None = None
        self._before_stop: list[Callable[[], None]] = []

    @property
    def _presses(self) -> int:
        return self._signals + self._keys

    @property
    def count(self) -> int:
        """The presses since the innermost ``reacting`` began."""
        return self._presses - self._scope_start

    def install(self) -> None:
        """Take the signal over, with presses held; a process that was started to ignore it still does."""
        usual = (signal.default_int_handler, signal.SIG_DFL)
        if self._installed or signal.getsignal(signal.SIGINT) not in usual:
            return
        self._wake_reader, self._wake_writer = os.pipe()
        for descriptor in (self._wake_reader, self._wake_writer):
            os.set_blocking(descriptor, False)
        self._arm()  # from now on: a press between a question's text and its wait must not be lost
        signal.signal(signal.SIGINT, self._on_press)
        self._installed = True

    def begin_work(self) -> None:
        """From now on, work may be stopped in the middle; also by a press held so far."""
        self._in_work = self._may_leave = True
        self.check()

    def end_work(self) -> None:
        """From now on, raise only where this class waits."""
        self._in_work = False

    @contextmanager
    def in_work(self) -> Iterator[None]:
        """Within this block, work may be stopped in the middle."""
        outer, self._in_work = self._in_work, True
        try:
            yield
        finally:
            self._in_work = outer

    @contextmanager
    def left_to_others(self) -> Iterator[None]:
        """Within this block, another program has the terminal, and presses are for it."""
        outer, self._may_leave = self._may_leave, False
        try:
            yield
        finally:
            self._may_leave = outer
            self.take()
            self._first_pressed_at = self._pressed_at = 0.0

    @property
    def stops_work(self) -> bool:
        """Whether the work in this thread is to be stopped: Ctrl-C was pressed, and it may be."""
        return self._in_work and self._presses != self._noticed and self._listens()

    @property
    def working(self) -> bool:
        """Whether work may be stopped in the middle now."""
        return self._in_work and self._installed

    @property
    def is_for_this_thread(self) -> bool:
        """Whether this is the thread that Ctrl-C interrupts."""
        return self._listens()

    def check_work(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed and work may be stopped: between two steps of it."""
        if self.stops_work:
            self.check()

    @property
    def seconds_since_press(self) -> float | None:
        """How long ago Ctrl-C was pressed last, noticed or not, in this turn; None if it was not."""
        return time.monotonic() - self._pressed_at if self._pressed_at else None

    def stop(self) -> None:
        """Raise KeyboardInterrupt for a press that was noticed: what it waits for does not come."""
        self._noticed = self._presses
        self._raise()

    @contextmanager
    def reacting(self, react: Callable[[int], bool]) -> Iterator[None]:
        """Within this block, ``react`` is told of presses and returns whether they raise.

        It is called by the wait that notices them, with the number of presses since the block began.
        """
        outer, self._react = self._react, react
        outer_start, self._scope_start = self._scope_start, self._noticed
        if self._presses == self._noticed:
            self._pressed_at = 0.0
        try:
            yield
        finally:
            self._react, self._scope_start = outer, outer_start

    @contextmanager
    def before_stop(self, calm: Callable[[], None]) -> Iterator[None]:
        """Within this block, call ``calm`` before KeyboardInterrupt is raised: it tidies up the screen."""
        self._before_stop.append(calm)
        try:
            yield
        finally:
            self._before_stop.remove(calm)

    @contextmanager
    def listening(self, listener: Callable[[], None]) -> Iterator[None]:
        """Within this block, tell somebody else who waits, as an event loop, that a press may be taken."""
        self._listener = listener
        try:
            yield
        finally:
            self._listener = None

    def press(self, times: int = 1) -> None:
        """Note a Ctrl-C that arrived as a key: the terminal still had the line editor's mode."""
        if times and self._installed:
            self._keys += times
            self._pressed_at = time.monotonic()
            with suppress(BlockingIOError):
                os.write(self._wake_writer, b"\0")

    def take(self) -> bool:
        """Whether Ctrl-C was pressed and not noticed yet; it counts as noticed from now on."""
        pressed, self._noticed = self._presses != self._noticed, self._presses
        return pressed

    def check(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed; called in the main thread, else nothing happens."""
        if self._presses == self._noticed or not self._listens():
            return
        self._noticed = self._presses
        if self._react(self.count):
            self._raise()

    def wait(self, descriptor: int, seconds: float | None = None, *, writing: bool = False) -> bool:
        """Wait until a descriptor can be read from or written to; False when the time is up."""
        poller = select.poll()
        poller.register(descriptor, select.POLLOUT if writing else select.POLLIN)
        if not self._listens():
            return bool(poller.poll(None if seconds is None else seconds * 1000))
        poller.register(self._wake_reader, select.POLLIN)
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            self._arm()
            self.check()
            left = None if deadline is None else max(deadline - time.monotonic(), 0)
            ready = [entry for entry, _ in poller.poll(None if left is None else left * 1000)]
            if self._wake_reader in ready:
                self._drain()
            if descriptor in ready:
                self.check()
                return True
            if left == 0:
                return False

    def read(self, descriptor: int, size: int = 65_536) -> bytes:
        """What there is to read, once there is something; empty at the end."""
        if os.name == "posix":
            self.wait(descriptor)
        return os.read(descriptor, size)

    def sleep(self, seconds: float) -> None:
        """Sleep; Ctrl-C ends it."""
        if not self._listens():
            time.sleep(seconds)
            return
        deadline = time.monotonic() + seconds
        poller = select.poll()
        poller.register(self._wake_reader, select.POLLIN)
        while True:
            self._arm()
            self.check()
            left = deadline - time.monotonic()
            if left <= 0:
                return
            if poller.poll(left * 1000):
                self._drain()

    def join(self, thread: threading.Thread, seconds: float | None = None) -> None:
        """Wait for a thread's end, or until the time is up."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while thread.is_alive():
            self.check()
            left = _POLL_SECONDS if deadline is None else min(deadline - time.monotonic(), _POLL_SECONDS)
            if left <= 0:
                return
            thread.join(left)

    def run_beside(self, function: Callable[[], T], seconds: float | None = None) -> T:
        """Run what cannot be interrupted (an import, a name to be resolved) in a thread, and wait for it.

        Ctrl-C ends the wait, and so does the time; then TimeoutError is raised. The thread goes on:
        ``function`` must do no harm when it ends later.
        """
        if seconds is None and not self._listens():
            return function()
        results: list[T] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                results.append(function())
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=run, name="chatmgr-beside", daemon=True)
        thread.start()
        self.join(thread, seconds)
        if errors:
            raise errors[0]
        if not results:
            raise TimeoutError
        return results[0]

    def _raise(self) -> None:
        for calm in reversed(self._before_stop):
            calm()
        raise KeyboardInterrupt

    def _listens(self) -> bool:
        """Whether this thread is the one that is interrupted."""
        return self._installed and threading.get_ident() == threading.main_thread().ident

    def _arm(self) -> None:
        """Have signals write into the pipe; an event loop that ran meanwhile has taken that away."""
        signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._wake_reader, 4096)

    def _on_press(self, signum: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._may_leave and self._first_pressed_at and now - self._first_pressed_at > _HEED_SECONDS:
            os.write(2, _INTERRUPTED)
            os._exit(_EXIT_CODE)
        self._first_pressed_at = self._first_pressed_at or now
        self._signals += 1
        self._pressed_at = now
        if self._listener is not None:
            self._listener()


interrupts = Interrupts()
