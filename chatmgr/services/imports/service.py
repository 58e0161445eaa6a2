"""Imports conversations: recognises, skips what is known, converts, and merges in batches.

A batch is one transaction, so Ctrl-C or a kill leaves whole conversations. What is known by the digest of its
own bytes is not even converted; a whole file that was imported without a fault before is known by its hash.
"""

from collections.abc import Callable, Sequence
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from chatmgr.domain.errors import UsageFault
from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.interrupts import interrupts
from chatmgr.domain.merging import MergedAssistant, MergedConversation
from chatmgr.importers import registry
from chatmgr.importers.source import Entry, LeftOut, OwnExport, Result, Unreadable
from chatmgr.importers.tree import SourceTurns, turns_of
from chatmgr.services.imports.own_exports import bring_back, foresee
from chatmgr.services.imports.records import Settling, conversation_key, merged_conversation, personas_of
from chatmgr.services.imports.report import Fault, ImportReport
from chatmgr.services.imports.whole_files import fingerprint, size_of
from chatmgr.store.reader.imports import KnownSource

if TYPE_CHECKING:
    from chatmgr.store.reader import Reader
    from chatmgr.store.writer import Writer

_BATCH = 400  # conversations in one transaction
_BATCH_SIZE = 16 << 20  # characters in one, unless one conversation has more
_NAMES = 5  # of new conversations that are told

Progress = Callable[[int, int, int], None]  # bytes done, bytes in all, conversations so far


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to import. ``kind`` insists on a format. ``dry_run``: nothing is written."""

    kind: str = ""
    dry_run: bool = False
    since: datetime | None = None
    assistant: str = ""
    tags: tuple[str, ...] = ()


class ImportService:
    """Imports from files of other programs."""

    def __init__(self, reader: "Reader", writer: Callable[[], "Writer"]) -> None:
        self._reader = reader
        self._writer = writer

    def run(
        self, paths: Sequence[str], options: ImportOptions, progress: Progress | None = None
    ) -> ImportReport:
        """Import what is in files, folders and archives. Raises UsageFault for what is not there."""
        for path in paths:
            if path != "-" and not Path(path).exists():
                raise UsageFault(f"There is no file “{path}”.", "Name a file, a folder or an archive.")
        return _Import(self._reader, self._writer, options, self._settling(options), progress).run(paths)

    def _settling(self, options: ImportOptions) -> Settling:
        assistant = None
        if options.assistant:
            chosen = self._reader.assistants.get(options.assistant)
            key = self._reader.imports.version_key(chosen.version_id)
            assistant = MergedAssistant(key, chosen.name, chosen.instructions)
        return Settling(assistant, options.tags)


@dataclass(slots=True)
class _Batch:
    """What is merged together."""

    conversations: dict[str, MergedConversation] = field(default_factory=dict)
    assistants: dict[str, MergedAssistant] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)  # by the conversation's key
    size: int = 0


class _Import:
    def __init__(
        self,
        reader: "Reader",
        writer: Callable[[], "Writer"],
        options: ImportOptions,
        settling: Settling,
        progress: Progress | None,
    ) -> None:
        self._reader, self._writer = reader, writer
        self._options, self._settling = options, settling
        self._progress = progress or (lambda done, total, conversations: None)
        self._batch = _Batch()
        self._labels = registry.kinds()
        self._known: dict[str, dict[str, KnownSource]] = {}
        self.report = ImportReport()

    def run(self, paths: Sequence[str]) -> ImportReport:
        self._done, self._total, self._met = 0, sum(map(size_of, paths)), 0
        for path in paths:
            self._import(path)
            self._merge()
        return self.report

    def _import(self, path: str) -> None:
        digest = self._fingerprint(path)
        if digest and (summary := self._reader.imports.file(digest)):
            self.report.files += 1
            self._know(summary)
        else:
            before, met = len(self.report.faults), self._conversations()
            try:
                for entry in registry.entries([path], kind=self._options.kind):
                    self._take(entry)
            except OSError as error:
                raise UsageFault(f"“{path}” cannot be read: {error.strerror}.", "") from None
            if digest and not self._options.dry_run and len(self.report.faults) == before:
                self._merge()
                if summary := self._summary(met):
                    self._writer().merging.note_file(digest, summary)
        self._done += size_of(path)
        self._progress(self._done, self._total, self._met)

    def _fingerprint(self, path: str) -> str:
        """What a whole file or folder is known by; empty where it is read again whatever it is."""
        if self._options.since:
            return ""
        try:
            return fingerprint(path, self._options.kind, interrupts.check_work)
        except OSError:  # reading it says what is wrong
            return ""

    def _conversations(self) -> dict[str, int]:
        """How many conversations of each kind were met so far."""
        return {kind: counts.conversations for kind, counts in self.report.sources.items()}

    def _summary(self, before: dict[str, int]) -> str:
        """How many conversations of each kind were met since."""
        counts = {kind: count - before.get(kind, 0) for kind, count in self._conversations().items()}
        return " ".join(f"{kind}={count}" for kind, count in counts.items() if count)

    def _know(self, summary: str) -> None:
        """Count the conversations of a file that was imported before."""
        for pair in summary.split():
            kind, _, count = pair.partition("=")
            self.report.of(kind, self._labels.get(kind, kind)).known += int(count)

    def _take(self, entry: Result) -> None:
        interrupts.check_work()
        if isinstance(entry, OwnExport):
            self._bring_back(entry)
            return
        if isinstance(entry, LeftOut):
            if entry.fault:
                self.report.faults.append(Fault(entry.place, entry.reason))
            else:
                self.report.left_out[entry.reason] += 1
            return
        self._met += 1
        if entry.done:
            self._progress(min(self._done + entry.done, self._total), self._total, self._met)
        counts = self.report.of(entry.kind, self._labels.get(entry.kind, entry.kind))
        known = self._known_of(entry.kind).get(entry.id)
        if known and not known.is_there:
            counts.deleted += 1
        elif known and known.digest == entry.digest:
            counts.known += 1
        elif self._options.since and entry.updated_at and entry.updated_at < self._options.since:
            counts.old += 1
        else:
            self._convert(entry)

    def _bring_back(self, export: OwnExport) -> None:
        """Import a lossless export of our own."""
        self._merge()
        try:
            if self._options.dry_run:
                foresee(export, self._reader, self.report)
            else:
                self._reader.close()
                bring_back(export, self._writer, self.report)
        except Unreadable as error:
            self.report.faults.append(Fault(export.place, str(error)))
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            reason = f"it is not built as an export of chatmgr ({type(error).__name__}: {error})"
            self.report.faults.append(Fault(export.place, reason[:300]))

    def _known_of(self, kind: str) -> dict[str, KnownSource]:
        """What is known of the conversations of a kind, by their ids there: read once."""
        if kind not in self._known:
            self._known[kind] = self._reader.imports.known(kind)
        return self._known[kind]

    def _convert(self, entry: Entry) -> None:
        """Convert a conversation; whatever is wrong with it, the others are imported."""
        try:
            source = entry.read()
            turns = turns_of(source)
        except Unreadable as error:
            self.report.faults.append(Fault(entry.place, str(error)))
            return
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
            reason = f"it is not built as it should be ({type(error).__name__}: {error})"
            self.report.faults.append(Fault(entry.place, reason[:300]))
            return
        if not turns.turns:
            self.report.left_out[f"{self._labels.get(entry.kind, entry.kind)}: nothing was said in it"] += 1
            return
        counts = self.report.of(entry.kind, self._labels.get(entry.kind, entry.kind))
        counts.branches += max(turns.branches - 1, 0)
        counts.files += sum(map(_count_files, turns.turns))
        counts.unmapped.update(source.unmapped)
        fallback = entry.updated_at or datetime.now(UTC)
        merged, assistant = merged_conversation(source, turns, entry.digest, self._settling, fallback)
        self._add(merged, assistant, entry.kind, _length(turns))

    def _add(self, merged: MergedConversation, assistant: MergedAssistant, kind: str, size: int) -> None:
        batch = self._batch
        earlier = batch.conversations.get(merged.key)
        if earlier is not None:
            self._merge()  # the same once more: what changed between the two is merged like any change
            batch = self._batch
        batch.conversations[merged.key] = merged
        batch.assistants[assistant.key] = assistant
        batch.kinds[merged.key] = kind
        batch.size += size
        if len(batch.conversations) >= _BATCH or batch.size >= _BATCH_SIZE:
            self._merge()

    def _merge(self) -> None:
        batch, self._batch = self._batch, _Batch()
        if not batch.conversations:
            return
        if self._options.dry_run:
            self._foresee(batch)
            return
        self._reader.close()
        outcomes = self._writer().merging.merge(
            list(batch.conversations.values()), personas_of(list(batch.assistants.values())), "import"
        )
        for merged in batch.conversations.values():
            if merged.source:
                kind, source_id = merged.source
                self._known_of(kind)[source_id] = KnownSource(merged.digest, True)
        for outcome in outcomes:
            counts = self.report.of(batch.kinds[outcome.key], "")
            setattr(counts, outcome.became, getattr(counts, outcome.became) + 1)
            counts.turns += outcome.turns
            counts.runs += outcome.runs
            if outcome.became == "new" and len(self.report.names) < _NAMES:
                self.report.names.append(outcome.name)

    def _foresee(self, batch: _Batch) -> None:
        """Count what merging would do."""
        for key, merged in batch.conversations.items():
            counts = self.report.of(batch.kinds[key], "")
            there = self._reader.imports.turns_there([turn.key for turn in merged.turns])
            if self._reader.imports.is_there(conversation_key(*merged.source or ("", ""))):
                counts.grown += 1
            else:
                counts.new += 1
            counts.turns += len(merged.turns) - there


def _length(turns: SourceTurns) -> int:
    """The characters and bytes of a conversation, about."""
    return sum(
        len(turn.text)
        + sum(len(file.data) for file in turn.files)
        + sum(len(run.text) + sum(len(item.data or b"") for item in run.items) for run in turn.runs)
        for turn in turns.turns
    )


def _count_files(turn: object) -> int:
    files = len(getattr(turn, "files", ()))
    return files + sum(1 for run in getattr(turn, "runs", ()) for item in run.items if item.data is not None)
