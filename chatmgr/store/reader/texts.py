"""Reads every text that can hold a secret, with its place."""

from collections.abc import Collection, Iterator

from chatmgr.domain.ids import FAR
from chatmgr.domain.stored_texts import BYTES, NAMES, Holder, Place, StoredFile, StoredText
from chatmgr.domain.tree import Piece
from chatmgr.store.reader.query_session import QuerySession
from chatmgr.store.shapes import as_dict, into, pick

_HOLDER = into(Holder, is_shown=bool)


class Texts:
    """Texts of turns, conversations and assistants; ``chosen`` limits them to conversations, by key."""

    def __init__(self, session: QuerySession) -> None:
        self._session = session

    def pieces(self, chosen: Collection[int] | None) -> list[Piece]:
        """The turns of conversations, those included that their paths have left; None for all turns."""
        if chosen is None:
            return [Piece(branch, 1, FAR) for branch in self._session.column("scrub.branches")]
        shape = pick("branch", "first", "last")
        pieces: dict[int, Piece] = {}
        for conversation in chosen:  # all pieces of a branch begin where it does
            for row in self._session.rows("scrub.pieces", shape, conversation=conversation):
                piece = Piece(*row)
                pieces[piece.branch] = max(piece, pieces.get(piece.branch, piece))
        return [pieces[branch] for branch in sorted(pieces)]

    def of_turns(self, piece: Piece) -> Iterator[StoredText]:
        """The texts of turns and their runs; a live answer as a whole."""
        for row in self._session.rows("scrub.turns", as_dict, **piece._asdict()):
            yield StoredText(Place(row["place"], row["field"], row["pk"], turn=row["turn"]), row["text"])

    def files(self, piece: Piece) -> Iterator[StoredFile]:
        """The files of turns."""
        for row in self._session.rows("scrub.files", as_dict, **piece._asdict()):
            yield StoredFile(
                Place(row["place"], BYTES, row["pk"], turn=row["turn"]), row["name"], row["sha256"]
            )

    def data(self, sha256: str) -> bytes:
        """The bytes of a file."""
        return bytes(self._session.value("scrub.bytes", b"", sha256=sha256))

    def of_conversations(self, chosen: Collection[int] | None) -> Iterator[StoredText]:
        """Names, titles, tags and journals."""
        names: dict[int, str] = {}
        for row in self._session.rows("scrub.conversations", as_dict):
            pk, name = row["pk"], row["name"]
            if chosen is None or pk in chosen:
                names[pk] = name
                yield StoredText(Place(NAMES, "name", pk, conversation=pk), name, row["id"])
                yield StoredText(Place("conversations", "title", pk, conversation=pk), row["title"], name)
        for conversation, tag in self._session.rows("scrub.tags", pick("conversation", "name")):
            if conversation in names:
                place = Place(NAMES, "tag", conversation, conversation=conversation)
                yield StoredText(place, tag, names[conversation])
        for row in self._session.rows("scrub.journal", as_dict):
            if (conversation := row["conversation"]) in names:
                place = Place("journal", "detail", row["pk"], conversation=conversation)
                yield StoredText(place, row["text"], names[conversation])

    def of_assistants(self, chosen: Collection[int] | None) -> Iterator[StoredText]:
        """Names, instructions and parameters of assistants: those that conversations used, or all."""
        versions: set[int] | None = None
        if chosen is not None:
            versions = {
                version
                for pk in chosen
                for version in self._session.column("scrub.versions", conversation=pk)
            }
        named: set[int] = set()
        for row in self._session.rows("scrub.assistants", as_dict):
            pk, assistant, name = row["pk"], row["assistant"], row["name"]
            if versions is not None and pk not in versions:
                continue
            if assistant not in named:
                named.add(assistant)
                yield StoredText(Place(NAMES, "assistant", assistant, assistant=assistant), name, name)
            for field in ("instructions", "params"):
                place = Place("assistant_versions", field, pk, assistant=assistant)
                yield StoredText(place, row[field], f"{name} (version {row['version']})")

    def copies(self, sha256: str) -> list[tuple[str, str]]:
        """The copies of a file at servers: the provider, and the id there."""
        return [*self._session.rows("scrub.copies", pick("provider", "remote_id"), sha256=sha256)]

    def holders(self, turn: int) -> list[Holder]:
        """The conversations that hold a turn, those that show it first, then those that left it."""
        holders: dict[int, Holder] = {}
        for holder in self._session.rows("scrub.holders", _HOLDER, turn=turn):
            if holder.pk not in holders or (holder.path and not holders[holder.pk].is_shown):
                holders[holder.pk] = holder
        return list(holders.values())
