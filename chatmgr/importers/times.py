"""Times as other programs write them. A time that cannot be read is None; so is zero, and the year 1."""

from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def from_seconds(value: Any) -> datetime | None:
    """Seconds since 1970: a number, or text that is one. Fractions go to microseconds."""
    return _since_epoch(value, 1_000_000)


def from_milliseconds(value: Any) -> datetime | None:
    """Milliseconds since 1970."""
    return _since_epoch(value, 1_000)


def from_either(value: Any) -> datetime | None:
    """Seconds, or milliseconds where so many seconds would be long after today; for sources with both."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return from_milliseconds(number) if number > 1e11 else from_seconds(number)


def _since_epoch(value: Any, microseconds: int) -> datetime | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
        if number <= 0:
            return None
        return _EPOCH + timedelta(microseconds=round(number * microseconds))
    except (TypeError, ValueError, OverflowError):
        return None


def from_iso(value: Any) -> datetime | None:
    """ISO 8601. Without a zone, it is UTC."""
    moment = _parsed(value)
    return None if moment is None else moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def from_local(value: Any) -> datetime | None:
    """ISO 8601. Without a zone, it is the time of this machine."""
    moment = _parsed(value)
    try:
        return None if moment is None else moment.astimezone(UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _parsed(value: Any) -> datetime | None:
    if not isinstance(value, str) or not value.strip():
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return moment if moment.year > 1 else None
