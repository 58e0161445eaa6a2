"""Removing secrets from the backups beside a SQLite database."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from chatmgr.domain.interrupts import interrupts
from chatmgr.domain.scrubbing import BackupFindings
from chatmgr.domain.secret_matches import Scrubber
from chatmgr.services.text_files import decoded, replaced_bytes
from chatmgr.store import scrub_copies
from chatmgr.store.location import sqlite_path

Progress = Callable[[str], None]


class BackupScrub:
    """The backups of one database; PostgreSQL has none that chatmgr made."""

    def __init__(self, url: str, scrubber: Scrubber, *, guesses: bool) -> None:
        self._path = sqlite_path(url)
        self._scrubber = scrubber
        self._guesses = guesses

    def search(self, progress: Progress) -> list[BackupFindings]:
        """What is in each backup; those are left out that have nothing."""
        if self._path is None:
            return []
        findings: list[BackupFindings] = []
        for copy in scrub_copies.backups(self._path):
            progress(f"searching {copy.name}")
            result = self._search(copy)
            if result.kinds or result.names or result.error:
                findings.append(result)
        return findings

    def _search(self, copy: Path) -> BackupFindings:
        kinds: Counter[str] = Counter()
        try:
            for text, as_json in scrub_copies.texts(copy):
                kinds.update(self._kinds(text, as_json=as_json))
            for data in scrub_copies.files(copy):
                text_of_file, _ = decoded(data)
                if text_of_file is not None:
                    kinds.update(self._kinds(text_of_file, as_json=False))
            names = sum(len(self._kinds(name, as_json=False)) for name in scrub_copies.names(copy))
        except (sqlite3.Error, OSError) as error:
            interrupts.check_work()
            return BackupFindings(copy, error=str(error))
        return BackupFindings(copy, kinds, names)

    def _kinds(self, text: str, *, as_json: bool) -> list[str]:
        matches = self._scrubber.search(text, as_json=as_json)
        return [match.kind for match in matches if match.certain or self._guesses]

    def apply(self, findings: Iterable[BackupFindings], progress: Progress) -> list[BackupFindings]:
        """Overwrite the backups that have something; returns those where that failed."""
        failed: list[BackupFindings] = []
        for backup in findings:
            if backup.error:
                failed.append(backup)
            elif backup.kinds:
                progress(f"overwriting {backup.path.name}")
                try:
                    scrub_copies.overwrite(
                        backup.path,
                        lambda text, as_json: self._scrubber.replace(text, as_json=as_json),
                        lambda data: replaced_bytes(data, self._scrubber),
                    )
                except (sqlite3.Error, OSError) as error:
                    interrupts.check_work()
                    failed.append(replace(backup, error=str(error)))
        return failed
