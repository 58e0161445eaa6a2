"""The two lossless formats: one JSON document, and JSON Lines.

Records arrive as pairs of a kind (``conversation``, ``turn``, ``assistant``, ``file``) and their fields.
They are written one at a time, so neither format holds more than one in memory.
"""

import base64
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain

from chatmgr.domain.control_characters import escaped_json
from chatmgr.domain.lossless_columns import FORMAT, Record, iso

Records = Iterable[tuple[str, Record]]


def export_header(schema: str, version: str, now: datetime) -> Record:
    """The first record of every lossless export."""
    return {"format": FORMAT, "schema": schema, "chatmgr": version, "exported_at": now}


def json_lines(header: Record, records: Records) -> Iterator[str]:
    """JSON Lines. The last line counts the others; without it, the export is incomplete."""
    counts: Counter[str] = Counter()
    yield _encode({"type": "header"} | header) + "\n"
    for kind, record in records:
        counts[kind] += 1
        yield _encode({"type": kind} | record) + "\n"
    yield _encode({"type": "end"} | {f"{kind}s": count for kind, count in sorted(counts.items())}) + "\n"


def json_document(header: Record, records: Records) -> Iterator[str]:
    """One JSON document: turns follow their conversation; assistants and files come last."""
    yield _encode(header)[:-1] + ',\n"conversations": ['
    section, in_transcript, separator = "conversation", False, ""
    for kind, record in chain(records, [("", {})]):
        if kind == "turn":
            yield f"{separator}\n{_encode(record)}"
            separator = ","
            continue
        if in_transcript:
            yield "]}"
            in_transcript, separator = False, ","
        if kind == "conversation":
            yield f'{separator}\n{_encode(record)[:-1]}, "transcript": ['
            in_transcript, separator = True, ""
            continue
        for next_section in _sections(section, kind):
            yield f'\n],\n"{next_section}s": ['
            section, separator = next_section, ""
        if kind:
            yield f"{separator}\n{_encode(record)}"
            separator = ","
    yield "\n]}\n"


_SECTION_ORDER = ("conversation", "assistant", "file")


def _sections(current: str, kind: str) -> tuple[str, ...]:
    """The sections to start before a record of this kind; at the end (no kind), all that are left."""
    end = _SECTION_ORDER.index(kind) if kind else len(_SECTION_ORDER) - 1
    return _SECTION_ORDER[_SECTION_ORDER.index(current) + 1 : end + 1]


def _json_value(value: object) -> object:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)


_encoder = json.JSONEncoder(
    ensure_ascii=False, default=_json_value
)  # json.dumps would make one for each call


def _encode(record: Record) -> str:
    return escaped_json(_encoder.encode(record))
