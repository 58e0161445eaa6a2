"""Values in a server's JSON, whatever stands in their place.

Servers send strings, numbers and null where the API has objects and lists. Each function returns a value
of the type that the caller needs, empty where the server sent something else. None of them raises, and
none ever gives Python's way of writing a value. Pure functions, no I/O.
"""

import json
import math
from typing import Any

_LONGEST_ID = 512  # characters
_LARGEST = 2**53  # of the numbers that every database and every JSON reader holds exactly


def as_object(value: object) -> dict[str, Any]:
    """An object; empty where there is none."""
    return value if isinstance(value, dict) else {}


def as_objects(value: object) -> list[dict[str, Any]]:
    """The objects of a list, without anything else in it; a single object is a list of one."""
    if isinstance(value, list):
        return [element for element in value if isinstance(element, dict)]
    return [value] if isinstance(value, dict) else []


def as_text(value: object) -> str:
    """A string; a number as JSON writes it; empty for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    return to_json(value)


def as_id(value: object) -> str:
    """An id or a name that can be stored, shown and asked for; empty for anything else."""
    text = as_text(value)
    return text if text.isprintable() and len(text) <= _LONGEST_ID else ""


def as_word(value: object) -> str:
    """A status, type or reason: a string in lower case, or the one by which an object names itself."""
    if isinstance(value, dict):
        value = next((value[key] for key in ("type", "reason", "status", "name") if value.get(key)), "")
    return value[:_LONGEST_ID].strip().lower() if isinstance(value, str) else ""


def as_count(value: object) -> int | None:
    """A number of tokens, seconds or events; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, float) and math.isfinite(value):
        value = int(value)
    return value if type(value) is int and 0 <= value <= _LARGEST else None


def to_json(value: object) -> str:
    """A value as JSON writes it; empty for what JSON cannot write."""
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    try:
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return ""
