"""What an export is made of: the reader's rows and turns, handed to a format as they are read.

Nothing is ever whole in memory but the keys of the chosen conversations, and which assistants and files
were met already: each of those is exported once, however many turns use it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from chatmgr import __version__
from chatmgr.domain.export_schema import Record
from chatmgr.formats import export_index, lossless_json, transcript_markdown
from chatmgr.formats.transcript import Transcript, TranscriptTurn
from chatmgr.store.migrate import HEAD
from chatmgr.store.reader import Reader
from chatmgr.terminal.turn_lines import ending_note, turn_lines, usage_summary

_PAGE = 32  # turns that are read at a time: each may be a megabyte

EXTENSIONS = {"md": "md", "json": "json", "jsonl": "jsonl", "html": "html", "text": "txt"}


class Exporter:
    """Puts conversations, named by their keys, into a format, piece by piece."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def pieces(self, chosen: Iterable[int], form: str) -> Iterator[str]:
        """The export of some conversations in one stream; HTML takes one alone."""
        head = lossless_json.export_header(HEAD, __version__, datetime.now(UTC))
        if form == "jsonl":
            return lossless_json.json_lines(head, self._records(chosen, met_first=True))
        if form == "json":
            return lossless_json.json_document(head, self._records(chosen, met_first=False))
        one = {"md": transcript_markdown.transcript_markdown, "text": _text, "html": _page}[form]
        return (piece for pk in chosen for piece in one(self.entry(pk)))

    def index(self, files: Mapping[int, str], form: str, now: datetime) -> tuple[str, Iterator[str]]:
        """The name and the content of the index of a folder of exports."""
        if form == "html":
            from chatmgr.formats import transcript_html

            return "index.html", transcript_html.index_page(
                lambda: ((files[pk], self.entry(pk)) for pk in files), now
            )
        name, pieces = export_index.INDEX_FORMS[form]
        return name, pieces((file, self._reader.conversation_at(pk)) for pk, file in files.items())

    def entry(self, pk: int) -> Transcript:
        """A conversation as the formats for people take it."""
        reader = self._reader
        return Transcript(reader.conversation_at(pk), reader.assistant_of(pk), lambda: self._said(pk))

    def _said(self, pk: int) -> Iterator[TranscriptTurn]:
        conversation = self._reader.conversation_at(pk)
        first = 1
        while turns := list(self._reader.turns(conversation, first, first + _PAGE - 1)):
            for turn in turns:
                files = self._reader.files(turn)
                yield TranscriptTurn(turn, files, ending_note(turn), usage_summary(turn))
            first += _PAGE

    def _records(self, chosen: Iterable[int], *, met_first: bool) -> lossless_json.Records:
        """Every record once. Assistants and files come before whatever uses them, or all of them last."""
        assistants: dict[int, Record] = {}
        files: dict[str, None] = {}
        for pk in chosen:
            for assistant in self._reader.records("assistants", conversation=pk):
                if assistant["id"] not in assistants:
                    assistants[assistant["id"]] = assistant
                    if met_first:
                        yield "assistant", self._assistant(assistant)
            yield "conversation", self._conversation(pk)
            for turn in (turn for page in self._reader.turn_records(pk, _PAGE) for turn in page):
                for sha256 in _hashes(turn):
                    if sha256 not in files:
                        files[sha256] = None
                        if met_first:
                            yield "file", self._file(sha256)
                yield "turn", turn
        if not met_first:
            for assistant in assistants.values():
                yield "assistant", self._assistant(assistant)
            for sha256 in files:
                yield "file", self._file(sha256)

    def _conversation(self, pk: int) -> Record:
        [found] = self._reader.records("conversations", conversation=pk)
        found["tags"] = [tag["name"] for tag in self._reader.records("tags", conversation=pk)]
        found["threads"] = self._reader.records("threads", conversation=pk)
        return found

    def _assistant(self, found: Record) -> Record:
        key = found["id"]
        found["versions"] = self._reader.records("assistant_versions", assistant=key)
        found["remote_assistants"] = self._reader.records("remote_assistants", assistant=key)
        return found

    def _file(self, sha256: str) -> Record:
        [found] = self._reader.records("blobs", sha256=sha256)
        return found | {"remote_files": self._reader.records("remote_files", sha256=sha256)}


def _hashes(turn: Record) -> Iterator[str]:
    return (file["sha256"] for message in turn["messages"] for file in message["attachments"])


def _text(entry: Transcript) -> Iterator[str]:
    """As ``history NAME`` prints it into a pipe."""
    for said in entry.turns():
        files = ((one.name, one.content_type, one.sha256, len(one.data)) for one in said.files)
        yield "\n".join(turn_lines(said.turn, files, terminal=False)) + "\n"


def _page(entry: Transcript) -> Iterator[str]:
    from chatmgr.formats import transcript_html

    return transcript_html.conversation_page(entry)
