"""Reads the lossless exports of chatmgr itself, JSON and JSON Lines, of this version and of earlier ones.

Records come as pairs of a kind and their fields, as ``formats.lossless_json`` wrote them: ``header`` first,
assistants and files before what refers to them, each conversation before its turns.
"""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from chatmgr.domain.ids import FAR, derived_key
from chatmgr.domain.lossless_columns import FORMAT, Record
from chatmgr.importers.source import Unreadable

_MARK = f'"format": "{FORMAT}"'.encode()
_MARKED = 512  # bytes in which an export says that it is one
_NO_KEYS = "0005"  # the revision that brought keys and branches


def recognises(head: bytes) -> bool:
    """Whether a file that begins so is a lossless export."""
    return _MARK in head[:_MARKED]


def records(stream: BinaryIO, newest: str) -> Iterator[tuple[str, Record]]:
    """The records of an export; ``cut`` comes at the end of one that is not whole.

    Raises Unreadable where it is of a schema after ``newest``, or is no export after all.
    """
    pairs = _document(stream) if _is_document(stream) else _lines(stream)
    schema = ""
    older = _Older()
    for kind, record in pairs:
        if kind == "header":
            schema = str(record.get("schema"))
            if schema > newest:
                raise Unreadable(f"a newer chatmgr wrote it (schema {schema}); upgrade this one first")
        elif not schema:
            raise Unreadable("it has no header")
        yield kind, older.completed(kind, record) if schema < _NO_KEYS else record


def _is_document(stream: BinaryIO) -> bool:
    """Whether this is one JSON document: JSON Lines say the type of the first record."""
    head = stream.read(_MARKED)
    stream.seek(0)
    return b'"type": "header"' not in head.partition(b"\n")[0]


def _lines(stream: BinaryIO) -> Iterator[tuple[str, Record]]:
    ended = False
    for line in stream:
        try:
            record = json.loads(line)
            kind = str(record.pop("type"))
        except (ValueError, KeyError, AttributeError):
            break
        if kind == "end":
            ended = True
            break
        yield kind, record
    if not ended:
        yield "cut", {}


def _document(stream: BinaryIO) -> Iterator[tuple[str, Record]]:
    """A document is read whole: what is referred to comes last in it."""
    try:
        document: dict[str, Any] = json.load(stream)
    except (ValueError, RecursionError):
        raise Unreadable("it is not whole. An export as JSON Lines can be read as far as it goes") from None
    yield "header", {name: value for name, value in document.items() if not isinstance(value, list)}
    for kind in ("assistant", "file"):
        for record in document.get(f"{kind}s", ()):
            yield kind, record
    for conversation in document.get("conversations", ()):
        turns = conversation.pop("transcript", ())
        yield "conversation", conversation
        for turn in turns:
            yield "turn", turn


class _Older:
    """Completes records of before there were keys and branches: each conversation was a branch."""

    def __init__(self) -> None:
        self._keys: dict[int, str] = {}

    def completed(self, kind: str, record: Record) -> Record:
        """A record with what later versions have."""
        if kind == "assistant":
            for version in record["versions"]:
                parts = (
                    record["name"],
                    str(version["version"]),
                    version["instructions"],
                    version["created_at"],
                )
                version["key"] = derived_key("version", *parts)
        elif kind == "conversation":
            self._keys[record["id"]] = record["key"]
            self._add_path(record)
        elif kind == "turn":
            record["branch_id"] = record.pop("conversation_id")
            position = str(record["position"])
            record["key"] = derived_key("turn", self._keys[record["branch_id"]], position)
            record.setdefault("items", [])
            for run in record["runs"]:
                run["key"] = derived_key("run", record["key"], run["started_at"], str(run["id"]))
                run["conversation_id"] = record["branch_id"]
        return record

    @staticmethod
    def _add_path(record: Record) -> None:
        pk = record["id"]
        record["branch_id"] = pk
        record["branches"] = [
            {
                "id": pk,
                "key": derived_key("branch", record["key"]),
                "conversation_id": pk,
                "parent_id": None,
                "parent_position": 0,
                "created_at": record["created_at"],
            }
        ]
        record["path_segments"] = [{"conversation_id": pk, "first": 1, "branch_id": pk, "last": FAR}]
        record.setdefault("journal", [])
        record.setdefault("sources", [])
        for thread in record["threads"]:
            thread["branch_id"] = pk
