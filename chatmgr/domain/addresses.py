"""Addresses as users type them: ``demo``, ``demo@3`` from the start, ``demo@-1`` from the end."""

import re

from chatmgr.domain.fast_dataclass import dataclass

_ADDRESS = re.compile(r"(?P<name>.+)@(?P<turn>-?(?:0|[1-9]\d{0,8}))")


@dataclass(frozen=True, slots=True)
class Address:
    """A conversation's name or name prefix, and one of its turns; None means the whole conversation."""

    name: str
    turn: int | None = None


def parse_address(text: str) -> Address:
    """Parse an address. Text that is not one is taken as a name, and will not be found."""
    match = _ADDRESS.fullmatch(text)
    return Address(match["name"], int(match["turn"])) if match else Address(text)
