"""Removing secrets from what is kept: finding them everywhere, then overwriting them where they stand.

First go the pages and the backups, then the rows, then what is left in the file's bytes. So whenever a
process is killed, the rows that it did not come to still lead the next one to all the rest.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack
from shlex import quote
from typing import TYPE_CHECKING, Protocol

from chatmgr.domain.errors import Busy
from chatmgr.domain.events import STATELESS
from chatmgr.domain.model import Conversation, LiveRun
from chatmgr.domain.scrubbing import Finding, Findings, Remainder
from chatmgr.domain.secret_matches import LiteralMatcher, Scrubber
from chatmgr.domain.states import RunState
from chatmgr.domain.stored_texts import BYTES, Place, StoredFile, StoredText
from chatmgr.services.parts import StoreParts
from chatmgr.services.scrub_backups import BackupScrub
from chatmgr.services.text_files import decoded, replaced_bytes

if TYPE_CHECKING:
    from chatmgr.services.trash import Trash
    from chatmgr.store.reader import Reader

_GROUP = 200  # places that are overwritten in one transaction
_FILES = 10  # files in one
_FIELDS = {
    ("messages", "content"): "message",
    ("answer_parts", "content"): "unfinished answer",
    ("items", "content"): "item",
    ("items", "raw"): "item, as the server sent it",
    ("attachments", "name"): "file name",
    ("journal", "detail"): "journal",
    ("names", "assistant"): "assistant name",
}
Progress = Callable[[str], None]


class Parts(StoreParts, Protocol):
    """The database, and what removes deleted text from its bytes."""

    @property
    def trash(self) -> "Trash": ...


class ScrubService:
    """Finds and overwrites by one scrubber, in some conversations (``chosen``) or, with None, everywhere."""

    def __init__(
        self, parts: Parts, scrubber: Scrubber, chosen: Sequence[Conversation] | None, *, guesses: bool
    ) -> None:
        self._parts = parts
        self._scrubber = scrubber
        self._chosen = None if chosen is None else {conversation.pk for conversation in chosen}
        self._guesses = guesses

    def search(self, progress: Progress) -> Findings:
        """Look everywhere, and change nothing."""
        with self._parts.reader as reader:
            progress("searching conversations")
            places, unread = self._in_turns(reader)
            progress("searching names, journals and assistants")
            for stored in (
                *reader.texts.of_conversations(self._chosen),
                *reader.texts.of_assistants(self._chosen),
            ):
                places += self._in_text(stored, stored.owner)
        backups = self._backups(places).search(progress)
        return Findings(places, backups, unread, self._guesses)

    def _in_turns(self, reader: "Reader") -> tuple[list[Finding], int]:
        places: list[Finding] = []
        files = _Files(reader, self._scrubber)
        for piece in reader.texts.pieces(self._chosen):
            for stored in reader.texts.of_turns(piece):
                places += self._in_text(stored, "")
            for file in list(reader.texts.files(piece)):
                places += files.search(file)
        addresses = {turn: self._address(reader, turn) for turn in {place.place.turn for place in places}}
        return [
            Finding(
                _belonging(finding.place, addresses[finding.place.turn][0]),
                addresses[finding.place.turn][1],
                finding.field,
                finding.occurrence,
                finding.sha256,
            )
            for finding in places
        ], files.unread

    def _address(self, reader: "Reader", turn: int) -> tuple[int, str]:
        """The conversation that a turn is reported for, and its address; a chosen one before others."""
        holders = reader.texts.holders(turn)
        chosen = [holder for holder in holders if self._chosen is None or holder.pk in self._chosen]
        for holder in [*chosen, *holders]:
            return holder.pk, self._scrubber.mask(holder.address)
        return 0, f"turn {turn}"

    def _in_text(self, stored: StoredText, address: str) -> Iterator[Finding]:
        place = stored.place
        field = _FIELDS.get((place.table, place.field), place.field)
        for occurrence in self._scrubber.search(stored.text, as_json=place.is_json):
            yield Finding(place, self._scrubber.mask(address), field, occurrence)

    def _backups(self, places: Iterable[Finding]) -> BackupScrub:
        """Backups are searched by the same scrubber, or for what was found in the chosen conversations."""
        if self._chosen is None:
            return BackupScrub(self._parts.url, self._scrubber, guesses=self._guesses)
        secrets = {
            finding.occurrence.secret: finding.occurrence.kind
            for finding in places
            if finding.occurrence.certain or self._guesses
        }
        return BackupScrub(self._parts.url, Scrubber(LiteralMatcher(secrets)), guesses=False)

    def apply(self, findings: Findings, progress: Progress) -> Remainder:
        """Overwrite what was found; raises Busy, before anything is changed, where a run is live."""
        replaced = findings.replaced()
        with ExitStack() as locks:
            settled = self._settle(locks)
            remains = self._remains(replaced)
            self._delete_pages(replaced)
            failed = self._backups(findings.places).apply(findings.backups, progress)
            for number, group in enumerate(groups := list(_groups(replaced)), 1):
                progress(f"overwriting: {number} of {len(groups)}")
                self._overwrite(group, settled)
        progress("removing the old text from the file's bytes")
        unscrubbed = self._parts.trash.scrub()
        return Remainder(*remains, failed, unscrubbed)

    def _overwrite(self, group: Sequence[Finding], settled: Collection[int]) -> None:
        from chatmgr.store.writer.overwriting import OverwriteWriter

        kinds: dict[int, Counter[str]] = {}
        for finding in group:
            if finding.place.conversation:
                kinds.setdefault(finding.place.conversation, Counter())[finding.occurrence.kind] += 1
        writer = OverwriteWriter(
            self._parts.writer.database,
            lambda text, is_json: self._scrubber.replace(text, as_json=is_json),
            lambda data: replaced_bytes(data, self._scrubber),
        )
        places = list(dict.fromkeys(finding.place for finding in group))
        writer.overwrite(places, kinds, settled=settled)

    def _settle(self, locks: ExitStack) -> set[int]:
        """Lock the conversations whose run a dead process left; raises Busy for any other live run."""
        with self._parts.reader as reader:
            live_runs = [
                run
                for run in reader.runs.all_live()
                if self._chosen is None or run.conversation_pk in self._chosen
            ]
        for run in live_runs:
            self._lock(run, locks)
        return {run.run_pk for run in live_runs}

    def _lock(self, run: LiveRun, locks: ExitStack) -> None:
        from chatmgr.store.locks import acquire

        shown = self._scrubber.mask(run.conversation)
        name = quote(shown)
        if run.background or run.run_id or run.state is RunState.REQUIRES_ACTION:
            raise Busy(
                f"“{shown}” has an open run, whose answer may still come from its server.",
                f"Let it end first: chatmgr resume {name} — or stop it: chatmgr runs cancel {name}",
            )
        try:
            locks.callback(acquire(self._parts.url, run.conversation_pk, wait=False).release)
        except BlockingIOError:
            raise Busy(
                f"“{shown}” is busy: process {run.pid} on {run.host} is running a turn.",
                f"Wait for it, or stop it: chatmgr runs cancel {name}",
            ) from None

    def _delete_pages(self, replaced: Iterable[Finding]) -> None:
        from chatmgr.services.trash import delete_pages

        changed = {finding.place.conversation for finding in replaced}
        with self._parts.reader as reader:
            every = [*reader.conversations.list(0), *reader.trash.list()] if changed else []
        delete_pages(conversation for conversation in every if conversation.pk in changed)

    def _remains(
        self, replaced: Sequence[Finding]
    ) -> tuple[list[tuple[str, str, str]], list[tuple[str, str]], list[tuple[str, str, str]]]:
        """What servers hold of all this: threads, files and assistants."""
        turns = {finding.place.turn for finding in replaced if finding.place.turn}
        with self._parts.reader as reader:
            holders = {holder.pk: holder.name for turn in turns for holder in reader.texts.holders(turn)}
            threads = [
                (self._scrubber.mask(name), thread.provider, thread.remote_id)
                for pk, name in holders.items()
                for thread in reader.threads.ever(pk)
                if thread.remote_id != STATELESS or thread.responses
            ]
            hashes = sorted({finding.sha256 for finding in replaced if finding.sha256})
            files = [copy for sha256 in hashes for copy in reader.texts.copies(sha256)]
            named = {f.place.assistant: f.address.partition(" (")[0] for f in replaced if f.place.assistant}
            assistants = [
                (name, provider, remote_id)
                for pk, name in named.items()
                for provider, remote_id in reader.assistants.remote_ids(pk).items()
            ]
        return threads, files, assistants


class _Files:
    """Searches files, each once however often it was sent."""

    def __init__(self, reader: "Reader", scrubber: Scrubber) -> None:
        self._reader = reader
        self._scrubber = scrubber
        self._texts: dict[str, list[Finding]] = {}
        self._unread: set[str] = set()

    @property
    def unread(self) -> int:
        """How many files are not text."""
        return len(self._unread)

    def search(self, file: StoredFile) -> Iterator[Finding]:
        """What was found in a file's bytes."""
        if file.sha256 not in self._texts:
            self._texts[file.sha256] = list(self._read(file))
        for finding in self._texts[file.sha256]:
            yield Finding(
                file.place, "", f"file {self._scrubber.mask(file.name)}", finding.occurrence, file.sha256
            )

    def _read(self, file: StoredFile) -> Iterator[Finding]:
        text, _ = decoded(self._reader.texts.data(file.sha256))
        if text is None:
            self._unread.add(file.sha256)
            return
        for occurrence in self._scrubber.search(text):
            yield Finding(file.place, "", file.name, occurrence, file.sha256)


def _belonging(place: Place, conversation: int) -> Place:
    return Place(place.table, place.field, place.pk, place.turn, conversation, place.assistant)


def _groups(replaced: Sequence[Finding]) -> Iterator[list[Finding]]:
    """Findings in groups of one transaction each, those of a row together, and those of a conversation."""
    by_row: dict[tuple[int, str, int], list[Finding]] = {}
    for finding in sorted(replaced, key=lambda f: (f.place.conversation, f.place.turn)):
        row = (finding.place.conversation, finding.place.table, finding.place.pk)
        by_row.setdefault(row, []).append(finding)
    group: list[Finding] = []
    weight = 0
    for findings in by_row.values():
        added = _GROUP // _FILES if any(f.place.field == BYTES for f in findings) else 1
        if group and (
            weight + added > _GROUP or group[-1].place.conversation != findings[0].place.conversation
        ):
            yield group
            group, weight = [], 0
        group += findings
        weight += added
    if group:
        yield group
