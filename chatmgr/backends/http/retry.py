"""Retries: waiting for a server that is not ready, visibly, and only where nothing was done yet.

A request is sent again if it was certainly not heard: a refused connection, a 429 or 503, a conversation that
is locked by another turn. Any other may have been heard, and is looked up instead of sent twice.
"""

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from chatmgr.domain.errors import ChatmgrError, NetworkDown, ProviderRefused
from chatmgr.domain.events import Event, Waiting
from chatmgr.domain.interrupts import interrupts

T = TypeVar("T")
_REFUSED_TRIES = 3  # a server that refuses connections is back soon, or not at all
_NEVER_RETRIED = {"insufficient_quota", "billing_hard_limit_reached"}


def retrying(options: Mapping[str, Any], call: Callable[[], T]) -> Generator[Event, None, T]:
    """Call, and while the server is not ready, wait and call again; returns what the call returns.

    Limits are settings: ``retry_attempts`` calls in all, ``retry_seconds`` of waiting in all.
    """
    attempts = int(options.get("retry_attempts", 5))
    deadline = time.monotonic() + float(options.get("retry_seconds", 60.0))
    attempt = 0
    while True:
        attempt += 1
        try:
            return call()
        except (NetworkDown, ProviderRefused) as error:
            pause = pause_after(error, attempt)
            if pause is None or attempt >= attempts or time.monotonic() + pause > deadline:
                raise
            brief = isinstance(error, NetworkDown)  # may well be the last word: then the error says it all
            yield from wait(pause, _why(error), brief=brief)


def pause_after(error: ChatmgrError, attempt: int) -> float | None:
    """Seconds until the next attempt; None where there must be none."""
    backoff = 0.25 * 2 ** (attempt - 1)
    if isinstance(error, NetworkDown):
        return backoff * 2 if not error.heard and attempt < _REFUSED_TRIES else None
    if not isinstance(error, ProviderRefused) or error.code in _NEVER_RETRIED:
        return None
    if error.status in {429, 503}:
        return backoff * 4 if error.retry_after is None else error.retry_after
    return backoff if busy(error) else None


def busy(error: ProviderRefused) -> bool:
    """Whether another turn has locked the thread at this moment."""
    text = error.message.lower()
    return error.code == "conversation_locked" or (
        error.status in {400, 409} and ("retry" in text or ("active" in text and "run" in text))
    )


def wait(seconds: float, why: str, *, brief: bool = False) -> Iterator[Event]:
    """Sleep, and tell once a second how much is left; a wait of under a second is not told.

    A ``brief`` wait is told however short it is, for a line that can be taken away again.
    """
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if brief or seconds > 1.0:
            yield Waiting(math.ceil(left), why, brief)
        interrupts.sleep(min(1.0, left))


def retry_after(value: str) -> float | None:
    """Seconds from a Retry-After header: a number or a date."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def _why(error: ChatmgrError) -> str:
    if isinstance(error, NetworkDown):
        return "cannot be reached"
    if isinstance(error, ProviderRefused) and error.status == 429:
        return "too many requests"
    if isinstance(error, ProviderRefused) and error.status == 503:
        return "the server is overloaded"
    return "another turn is being run there"
