"""Asking a server again until something is done: one loop and one back-off for every API."""

import time
from collections.abc import Callable, Generator
from typing import TypeVar

from chatmgr.backends.http.retry import wait
from chatmgr.domain.events import Event

T = TypeVar("T")
_FIRST_PAUSE = 0.1  # seconds
_LONGEST_PAUSE = 4.0
_GROWTH = 1.6


def poll(
    latest: T,
    ask: Callable[[], Generator[Event, None, T]],
    *,
    done: Callable[[T], bool],
    limit: Callable[[T], float],
    reason: Callable[[T], str],
) -> Generator[Event, None, T]:
    """Ask until ``done`` says so or the time is up; the value is the latest reply.

    ``latest`` is the reply that the caller has already. ``limit`` gives the seconds to wait in all, and
    ``reason`` what the person is told meanwhile; both may depend on the latest reply. The caller finds
    out by that reply, too, whether the time was up.
    """
    started = time.monotonic()
    pause = _FIRST_PAUSE
    while not done(latest) and time.monotonic() + pause - started <= limit(latest):
        yield from wait(pause, reason(latest))
        pause = min(pause * _GROWTH, _LONGEST_PAUSE)
        latest = yield from ask()
    return latest
