"""Addresses as they are typed: ``demo``, ``demo@3`` from the start, ``demo@-1`` from the end."""

import re

from chatmgr.domain.values import dataclass

_ADDRESS = re.compile(r"(?P<name>.+)@(?P<turn>-?(?:0|[1-9]\d{0,8}))")


@dataclass(frozen=True, slots=True)
class Address:
    """A conversation's name, or the beginning of one, and a turn of it; None means all of it."""

    name: str
    turn: int | None = None


def parse(text: str) -> Address:
    """What an address means; what is none is a name, and will be found to be nobody's."""
    found = _ADDRESS.fullmatch(text)
    return Address(found["name"], int(found["turn"])) if found else Address(text)
