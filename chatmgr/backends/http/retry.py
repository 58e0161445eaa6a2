"""Waiting for a server that says "later", visibly, and only where nothing was done yet.

Asked again is what was certainly not heard: a refused connection, a 429 or 503, a conversation that
is locked by another turn. Everything else may have been heard, and is looked up instead of sent twice.
"""

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from chatmgr.domain.errors import ChatmgrError, NetworkDown, ProviderRefused
from chatmgr.domain.events import Event, Waiting

T = TypeVar("T")
_REFUSED_TRIES = 3  # a server that is not there is not there for long, or for good
_HOPELESS = {"insufficient_quota", "billing_hard_limit_reached"}


def retrying(options: Mapping[str, Any], call: Callable[[], T]) -> Generator[Event, None, T]:
    """Call, and while the answer is "later", wait and call again; the call's value is the generator's.

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
    """Seconds after which asking again is right; None where it is not."""
    backoff = 0.25 * 2 ** (attempt - 1)
    if isinstance(error, NetworkDown):
        return backoff * 2 if not error.heard and attempt < _REFUSED_TRIES else None
    if not isinstance(error, ProviderRefused) or error.code in _HOPELESS:
        return None
    if error.status in {429, 503}:
        return backoff * 4 if error.retry_after is None else error.retry_after
    return backoff if busy(error) else None


def busy(error: ProviderRefused) -> bool:
    """Whether a thread is taken by another turn at this moment."""
    told = error.message.lower()
    return error.code == "conversation_locked" or (
        error.status in {400, 409} and ("retry" in told or ("active" in told and "run" in told))
    )


def wait(seconds: float, why: str, *, brief: bool = False) -> Iterator[Event]:
    """Sleep, saying once a second how long it still takes; a moment needs no words.

    What is ``brief`` is said however short it is, but only where it can be taken away again.
    """
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if brief or seconds > 1.0:
            yield Waiting(math.ceil(left), why, brief)
        time.sleep(min(1.0, left))


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
