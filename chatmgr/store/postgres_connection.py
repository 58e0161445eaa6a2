"""PostgreSQL connections whose statements end with Ctrl-C, even where the server went silent.

psycopg waits in steps of a tenth of a second; between them, and with whatever arrives, it is looked whether
Ctrl-C was pressed. Work that may be stopped ends at once. Whatever a turn has to write is waited for, but
not longer than a few seconds once Ctrl-C was pressed. The statement is cancelled at the server, if that
still listens, and the connection is closed: nobody knows how far the statement came.
"""

import time
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any, Self, TypeVar

import psycopg

from chatmgr.domain.interrupts import interrupts

T = TypeVar("T")
_PATIENCE_SECONDS = 3.0  # after Ctrl-C, for all that is still to be written
_STATEMENT_SECONDS = 1.0  # at least, for each statement
_CANCEL_SECONDS = 0.5


class Connection(psycopg.Connection[Any]):
    """A connection that is made, and waited for, where Ctrl-C is heard."""

    @classmethod
    def open(cls, *arguments: Any, **options: Any) -> Self:
        """Connect; KeyboardInterrupt on Ctrl-C, and soon after one: a silent server takes minutes."""
        pressed = interrupts.seconds_since_press is not None
        try:
            return interrupts.run_beside(
                lambda: cls.connect(*arguments, **options), _STATEMENT_SECONDS if pressed else None
            )
        except TimeoutError:
            interrupts.stop()
            raise

    def wait(self, gen: Generator[Any, Any, T], interval: float = 0.1, *limits: Any, **more: Any) -> T:
        """Wait for what psycopg does step by step.

        Ctrl-C raises KeyboardInterrupt in the main thread, OperationalError in others.
        """
        try:
            return super().wait(_watched(gen, _gives_up(time.monotonic())), interval, *limits, **more)
        except _GivenUp:
            self._abandon()
        if interrupts.is_for_this_thread:
            interrupts.stop()
        raise psycopg.OperationalError("the server does not answer")

    def _abandon(self) -> None:
        with suppress(psycopg.Error):
            self.cancel_safe(timeout=_CANCEL_SECONDS)
        self.pgconn.finish()


class _GivenUp(Exception):
    """Ctrl-C was pressed, and the statement is not waited for any longer."""


def _watched(gen: Generator[Any, Any, T], gives_up: Callable[[], bool]) -> Generator[Any, Any, T]:
    """The same steps, with a look at Ctrl-C after each wait."""
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if gives_up():
                raise _GivenUp
            wanted = gen.send(ready)
    except StopIteration as end:
        result: T = end.value
        return result


def _gives_up(began: float) -> Callable[[], bool]:
    """Whether a statement that began at a time of the clock is not waited for any longer."""

    def gives_up() -> bool:
        if interrupts.stops_work:
            return True
        pressed = interrupts.seconds_since_press
        if pressed is None or pressed < _PATIENCE_SECONDS:
            return False
        return time.monotonic() - began >= _STATEMENT_SECONDS

    return gives_up
