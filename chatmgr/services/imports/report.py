"""What an import did, counted."""

from collections import Counter
from dataclasses import field

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.source_conversations import Place


@dataclass(slots=True)
class SourceCounts:
    """What was met of one kind of source. Conversations are in one of the first six counts each.

    ``known``: nothing was new about them. ``beside``: what was new is on a path beside what was said here.
    ``deleted``: they were imported before, and deleted since. ``old``: they are older than was asked for.
    """

    label: str
    new: int = 0
    grown: int = 0
    beside: int = 0
    known: int = 0
    deleted: int = 0
    old: int = 0
    turns: int = 0
    runs: int = 0
    branches: int = 0
    files: int = 0
    unmapped: Counter[str] = field(default_factory=Counter)

    @property
    def conversations(self) -> int:
        """All that were met."""
        return self.new + self.grown + self.beside + self.known + self.deleted + self.old


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that could not be imported, and where it is."""

    place: Place
    reason: str


@dataclass(slots=True)
class ImportReport:
    """What an import did: counts by kind of source, what was left out and why, and what was bad.

    ``names`` are the first few conversations that are new. ``files`` counts whole files that were imported
    before.
    """

    sources: dict[str, SourceCounts] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    files: int = 0

    def of(self, kind: str, label: str) -> SourceCounts:
        """The counts of a kind of source."""
        return self.sources.setdefault(kind, SourceCounts(label))

    @property
    def total(self) -> SourceCounts:
        """All kinds together."""
        total = SourceCounts("all")
        names = ("new", "grown", "beside", "known", "deleted", "old", "turns", "runs", "branches", "files")
        for counts in self.sources.values():
            for name in names:
                setattr(total, name, getattr(total, name) + getattr(counts, name))
        return total


def place_words(place: Place) -> str:
    """A place as people read it: the file, the member of it, and which conversation."""
    parts = [str(place.file)]
    if place.member:
        parts.append(place.member)
    where = " › ".join(parts)
    if place.index:
        where += f", no. {place.index:,}"
    return f"{where} (id {place.id})" if place.id else where
