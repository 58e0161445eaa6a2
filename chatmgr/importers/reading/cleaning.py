"""Makes what JSON can say, and databases cannot keep, harmless: NUL is removed, lone surrogates replaced."""

import re
from typing import Any

from chatmgr.domain.text import storable

# One pattern that begins with the same characters whatever it finds, so that the search for it is a fast one.
# What is whole in pairs is passed over; what is left in a group is not.
_ESCAPED = re.compile(r"\\u(?:[dD][89abAB]..\\u[dD][c-fC-F]..|(0000|[dD][89a-fA-F]))")


def needs_cleaning(text: str) -> bool:
    """Whether the JSON text may hold a NUL or a lone surrogate, written as such or escaped."""
    if "\x00" in text:
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return "\\u" in text and any(match[1] for match in _ESCAPED.finditer(text))


def cleaned(text: str) -> str:
    """A text that every database takes."""
    return storable(text.replace("\x00", ""))


def cleaned_value(value: Any) -> Any:
    """A decoded JSON value, in which every text and every key is one that databases take."""
    if isinstance(value, str):
        return cleaned(value)
    if isinstance(value, list):
        return [cleaned_value(member) for member in value]
    if isinstance(value, dict):
        return {cleaned(name): cleaned_value(member) for name, member in value.items()}
    return value
