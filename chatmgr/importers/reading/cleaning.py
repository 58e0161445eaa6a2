"""Makes what JSON can say, and databases cannot keep, harmless: NUL is removed, lone surrogates replaced."""

import re
from typing import Any

from chatmgr.domain.text import storable

_LONE = (
    r"\\u[dD][89abAB]..(?!\\u[dD][c-fC-F])",  # the first half of a pair, without the second
    r"(?<!\\u[dD][89abAB]..)\\u[dD][c-fC-F]",
)
_SUSPICIOUS = re.compile("|".join((*_LONE, r"\\u0000", "[\x00\ud800-\udfff]")))


def needs_cleaning(text: str) -> bool:
    """Whether the JSON text may hold a NUL or a lone surrogate, written as such or escaped."""
    return _SUSPICIOUS.search(text) is not None


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
