"""Addresses as users type them: ``demo``, ``demo@3`` from the start, ``demo@-1`` from the end.

``demo~2`` is another path that a conversation took, and ``demo~2@3`` a turn of that. ``@last`` stands for the
name of the conversation that was used last.
"""

import re

from chatmgr.domain.fast_dataclass import dataclass

LAST = "@last"  # no name contains “@”
_ADDRESS = re.compile(r"(?P<name>.+)@(?P<turn>-?(?:0|[1-9]\d{0,8}))")
_PATH = re.compile(r"(?P<name>.+)~(?P<path>[1-9]\d{0,8})")


@dataclass(frozen=True, slots=True)
class Address:
    """A conversation's name or name prefix, and one of its turns; None means the whole conversation."""

    name: str
    turn: int | None = None


def parse_address(text: str) -> Address:
    """Parse an address. Text that is not one is taken as a name, and will not be found."""
    match = _ADDRESS.fullmatch(text)
    return Address(match["name"], int(match["turn"])) if match else Address(text)


def split_path(name: str) -> tuple[str, int]:
    """A conversation's name and the number of a path; 0 where none is named."""
    match = _PATH.fullmatch(name)
    return (match["name"], int(match["path"])) if match else (name, 0)


def is_last(address: str) -> bool:
    """Whether an address begins with ``@last``, perhaps with a path or a turn after it."""
    return address == LAST or address.startswith((f"{LAST}@", f"{LAST}~"))


def in_shell(address: str) -> str:
    """An address as it is typed in a shell; a tilde inside a word needs no quotes."""
    from shlex import quote

    return address if quote(address.replace("~", "")) == address.replace("~", "") else quote(address)
