"""What lies beside a file that is imported: pictures, lists of names, projects."""

import io
from typing import Any

from chatmgr.importers.reading.json_stream import JsonValue, json_values
from chatmgr.importers.reading.members import Container
from chatmgr.importers.source import Member, Unreadable

_LARGEST_FILE = 256 << 20  # bytes
_LARGEST_JSON = 64 << 20


class Around:
    """A member of a container, and what is in that; see ``importers.source.Surroundings``.

    ``broken_lines`` counts the lines of the member that could not be read. ``before`` is how many bytes of
    the container's files come before it.
    """

    def __init__(self, container: Container, member: Member, before: int = 0) -> None:
        self._container = container
        self.member = member
        self.broken_lines = 0
        self._before = before

    def done(self, read: int) -> int:
        """How much of what was given is done, in bytes on the disk, where so much of the member was read."""
        return int((self._before + read) * self._container.compression)

    @property
    def single(self) -> bool:
        """Whether a person named just this file."""
        return self._container.single

    def has(self, stem: str) -> bool:
        """Whether there is a file whose name begins with a stem, without reading it."""
        return bool(stem) and self._container.starting_with(stem) is not None

    def file(self, stem: str) -> tuple[str, bytes] | None:
        """The name and the bytes of the file whose name begins with a stem; None where there is none."""
        member = self._container.starting_with(stem) if stem else None
        if member is None:
            return None
        try:
            with member.open() as stream:
                data = stream.read(_LARGEST_FILE + 1)
        except (Unreadable, OSError):
            return None
        return (member.name.rpartition("/")[2], data) if len(data) <= _LARGEST_FILE else None

    def json(self, name: str) -> Any:
        """The content of a small JSON file of this name; None where there is none, or it cannot be read."""
        known = self._container.known_json  # each of its files asks for the same lists
        if name not in known:
            known[name] = self._read_json(name)
        return known[name]

    def _read_json(self, name: str) -> Any:
        member = self._container.named(name)
        if member is None:
            return None
        try:
            with member.open() as stream:
                data = stream.read(_LARGEST_JSON + 1)
        except (Unreadable, OSError):
            return None
        values = [value for value in json_values(io.BytesIO(data)) if isinstance(value, JsonValue)]
        if values and values[0].depth == 0 and len(values) == 1:
            return values[0].value
        return [value.value for value in values]

    def names(self, suffix: str) -> list[Member]:
        """The files whose names end so."""
        return [member for member in self._container.files if member.name.lower().endswith(suffix)]
