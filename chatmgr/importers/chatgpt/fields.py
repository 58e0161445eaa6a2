"""Fields of records whose types nobody promises."""

from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]
_EMPTY: Json = {}


def text_in(record: Json, *names: str) -> str:
    """The first of these fields that is a text with something in it."""
    for name in names:
        value = record.get(name)
        if isinstance(value, str) and value:
            return value
    return ""


def object_in(record: Json, name: str) -> Json:
    """A field that is an object; an empty one where it is not."""
    value = record.get(name)
    return value if isinstance(value, dict) else _EMPTY


def objects_in(record: Json, name: str) -> list[Json]:
    """The objects in a field that is a list."""
    value = record.get(name)
    return [member for member in value if isinstance(member, dict)] if isinstance(value, list) else []


def number_in(record: Json, name: str) -> int | None:
    """A field that is a whole number."""
    value = record.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
