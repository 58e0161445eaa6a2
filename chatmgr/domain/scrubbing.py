"""What a search for secrets found, and what became of it."""

from collections import Counter
from dataclasses import field
from pathlib import Path

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.secret_matches import Occurrence
from chatmgr.domain.stored_texts import NAMES, Place


@dataclass(frozen=True, slots=True)
class Finding:
    """A place in the database where something was found.

    ``address`` is where a person looks for it (a turn, a conversation, an assistant's version), ``field``
    which text it is there. ``sha256`` is set for the bytes of a file.
    """

    place: Place
    address: str
    field: str
    occurrence: Occurrence
    sha256: str = ""

    @property
    def is_name(self) -> bool:
        """Whether it is in a name, which only a person changes."""
        return self.place.table == NAMES


@dataclass(frozen=True, slots=True)
class BackupFindings:
    """What was found in a backup, by kind; ``error`` is why it could not be searched or overwritten."""

    path: Path
    kinds: Counter[str] = field(default_factory=Counter)
    names: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was found. ``unread``: how many files are not text, and were not searched."""

    places: list[Finding]
    backups: list[BackupFindings]
    unread: int = 0
    guesses: bool = False

    def replaced(self) -> list[Finding]:
        """What is to be overwritten: neither names, nor guesses unless they are wanted."""
        return [
            finding
            for finding in self.places
            if not finding.is_name and (finding.occurrence.certain or self.guesses)
        ]

    @property
    def anything(self) -> bool:
        """Whether there is something to be overwritten, in the database or in a backup."""
        return bool(self.replaced()) or any(backup.kinds for backup in self.backups)


@dataclass(frozen=True, slots=True)
class Remainder:
    """What is left after scrubbing: what servers hold, backups that failed, and why bytes may be left."""

    threads: list[tuple[str, str, str]]  # a conversation's name, a provider, a thread's id
    files: list[tuple[str, str]]  # a provider, a file's id
    assistants: list[tuple[str, str, str]]  # an assistant's name, a provider, its id there
    backups: list[BackupFindings]
    unscrubbed: str = ""
