"""Exporting conversations: turns and records go from the reader to a format as they are read.

Only the keys of the chosen conversations are held in memory, and which assistants and files were exported
already: each of those is exported once, however many turns use it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from chatmgr import __version__
from chatmgr.domain.ids import FAR
from chatmgr.domain.image_size import image_size
from chatmgr.domain.lossless_columns import Record
from chatmgr.domain.model import Conversation, Turn
from chatmgr.domain.redaction import masked_params, safe_url
from chatmgr.domain.stored_items import StoredItem, with_size
from chatmgr.domain.tree import Piece, within
from chatmgr.formats import export_index, lossless_json, transcript_markdown
from chatmgr.formats.transcript import Transcript, TranscriptTurn
from chatmgr.store.migrate import HEAD
from chatmgr.store.reader import Reader
from chatmgr.terminal.turn_lines import ending_note, turn_lines, usage_summary

_PAGE_SIZE = 32  # turns read at a time; each may be a megabyte

EXTENSIONS = {"md": "md", "json": "json", "jsonl": "jsonl", "html": "html", "text": "txt"}


class Exporter:
    """Exports conversations, given by their keys, in a format, piece by piece.

    A negative key is that of a branch: the path that ends in it is what is read. The lossless formats hold
    all paths of a conversation anyway.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def pieces(self, chosen: Iterable[int], form: str) -> Iterator[str]:
        """The export of conversations as one stream; in HTML, only one conversation can be exported so."""
        head = lossless_json.export_header(HEAD, __version__, datetime.now(UTC))
        if form == "jsonl":
            return lossless_json.json_lines(head, self._records(chosen, as_met=True))
        if form == "json":
            return lossless_json.json_document(head, self._records(chosen, as_met=False))
        render = {"md": transcript_markdown.markdown_pieces, "text": _text, "html": _page}[form]
        return (piece for pk in chosen for piece in render(self.transcript(pk)))

    def index(self, files: Mapping[int, str], form: str, now: datetime) -> tuple[str, Iterator[str]]:
        """The name and the content of the index of a folder of exports."""
        if form == "html":
            from chatmgr.formats import transcript_html

            return "index.html", transcript_html.index_page(
                lambda: ((files[pk], self.transcript(pk)) for pk in files), now
            )
        name, pieces = export_index.INDEX_FORMS[form]
        return name, pieces((file, self._reader.export.conversation_at(pk)) for pk, file in files.items())

    def transcript(self, pk: int) -> Transcript:
        """A conversation as the formats for reading take it."""
        conversation = self._reader.export.conversation_at(pk)
        assistant = self._reader.assistants.of(conversation.pk)
        return Transcript(conversation, assistant, lambda: self._turns(conversation))

    def _turns(self, conversation: Conversation) -> Iterator[TranscriptTurn]:
        first = 1
        while turns := list(self._reader.turns.list(conversation, first, first + _PAGE_SIZE - 1)):
            for turn in turns:
                files = self._reader.export.files(turn)
                items = self._items(turn) if turn.items else ()
                yield TranscriptTurn(turn, files, ending_note(turn), usage_summary(turn), items)
            first += _PAGE_SIZE

    def _items(self, turn: Turn) -> tuple[StoredItem, ...]:
        items = self._reader.items.with_bytes(turn.pk)
        return tuple(with_size(item) for item in items)

    def _records(self, chosen: Iterable[int], *, as_met: bool) -> lossless_json.Records:
        """Every record once: assistants and files before their first use if ``as_met``, else at the end."""
        assistants: dict[int, Record] = {}
        files: dict[str, None] = {}
        once = _Once()
        for key in chosen:
            pk = self._reader.export.conversation_at(key).pk if key < 0 else key
            if not once.first(pk):
                continue
            for assistant in self._reader.export.records("assistants", conversation=pk):
                if assistant["id"] not in assistants:
                    assistants[assistant["id"]] = assistant
                    if as_met:
                        yield "assistant", self._assistant(assistant)
            yield "conversation", self._conversation(pk, once)
            for turn in self._turn_records(pk, once):
                for sha256 in _hashes(turn):
                    if sha256 not in files:
                        files[sha256] = None
                        if as_met:
                            yield "file", self._file(sha256)
                yield "turn", turn
        if not as_met:
            for assistant in assistants.values():
                yield "assistant", self._assistant(assistant)
            for sha256 in files:
                yield "file", self._file(sha256)

    def _turn_records(self, pk: int, once: "_Once") -> Iterator[Record]:
        """The turns of a conversation, on its path and beside it, that were not exported yet."""
        for piece in self._reader.export.pieces(pk):
            for rest in once.positions(piece):
                for page in self._reader.export.turn_records(rest, _PAGE_SIZE):
                    yield from page

    def _conversation(self, pk: int, once: "_Once") -> Record:
        export = self._reader.export
        [conversation] = export.records("conversations", conversation=pk)
        conversation["tags"] = [tag["name"] for tag in export.records("tags", conversation=pk)]
        conversation["threads"] = list(map(_masked, export.records("threads", conversation=pk)))
        branches = export.records("branches", conversation=pk)
        conversation["branches"] = [branch for branch in branches if once.first(branch["key"])]
        conversation["path_segments"] = export.records("path_segments", conversation=pk)
        conversation["journal"] = export.records("journal", conversation=pk)
        sources = export.records("sources", conversation=pk)
        conversation["sources"] = [
            source for source in sources if once.first((source["kind"], source["source_id"]))
        ]
        return conversation

    def _assistant(self, assistant: Record) -> Record:
        key = assistant["id"]
        versions = self._reader.export.records("assistant_versions", assistant=key)
        counterparts = self._reader.export.records("remote_assistants", assistant=key)
        assistant["versions"] = list(map(_masked, versions))
        assistant["remote_assistants"] = list(map(_masked, counterparts))
        return assistant

    def _file(self, sha256: str) -> Record:
        [blob] = self._reader.export.records("blobs", sha256=sha256)
        copies = self._reader.export.records("remote_files", sha256=sha256)
        return blob | {"remote_files": list(map(_masked, copies))}


class _Once:
    """What was exported already: several conversations may hold the same turns."""

    def __init__(self) -> None:
        self._keys: set[object] = set()
        self._pieces: dict[int, list[Piece]] = {}

    def first(self, key: object) -> bool:
        """Whether something is met for the first time."""
        is_new = key not in self._keys
        self._keys.add(key)
        return is_new

    def positions(self, piece: Piece) -> list[Piece]:
        """What of a piece was not asked for before."""
        rest = [piece]
        known = self._pieces.setdefault(piece.branch, [])
        for _, first, last in known:
            rest = [*within(rest, 1, first - 1), *within(rest, last + 1, FAR)]
        known.append(piece)
        return sorted(rest)


def _masked(record: Record) -> Record:
    """A record without the keys that earlier versions let into addresses and parameters."""
    if "endpoint" in record:
        return record | {"endpoint": safe_url(record["endpoint"])}
    return record | {"params": masked_params(record["params"])} if "params" in record else record


def _hashes(turn: Record) -> Iterator[str]:
    """The files of a turn: those sent with its message, and those of its items."""
    yield from (file["sha256"] for message in turn["messages"] for file in message["attachments"])
    yield from (item["sha256"] for item in turn["items"] if item["sha256"])


def _text(transcript: Transcript) -> Iterator[str]:
    """As ``history NAME`` prints it to a pipe."""
    for shown in transcript.turns():
        files = (
            (file.name, file.content_type, file.sha256, len(file.data), image_size(file.data))
            for file in shown.files
        )
        yield "\n".join(turn_lines(shown.turn, files, terminal=False, items=shown.items)) + "\n"


def _page(transcript: Transcript) -> Iterator[str]:
    from chatmgr.formats import transcript_html

    return transcript_html.conversation_page(transcript)
