"""What lies beside a file that is imported: pictures, lists of names, projects."""

import io
from functools import cached_property
from typing import Any

from chatmgr.importers.reading.json_stream import JsonValue, json_values
from chatmgr.importers.reading.members import Container
from chatmgr.importers.source import Member, Unreadable

_LARGEST_FILE = 256 << 20  # bytes
_LARGEST_JSON = 64 << 20


class Around:
    """A member of a container, and what is in that; see ``importers.source.Surroundings``.

    ``broken_lines`` counts the lines of the member that could not be read.
    """

    def __init__(self, container: Container, member: Member) -> None:
        self._container = container
        self.member = member
        self.broken_lines = 0

    @cached_property
    def _known(self) -> dict[str, Any]:
        # Kept with the container: each of its files asks for the same lists.
        known: dict[str, Any] = self._container.__dict__.setdefault("known_json", {})
        return known

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
        if name not in self._known:
            self._known[name] = self._read_json(name)
        return self._known[name]

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
