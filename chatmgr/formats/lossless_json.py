"""The two lossless forms: one JSON document, and JSON Lines.

Records come as pairs of a kind (``conversation``, ``turn``, ``assistant``, ``file``) and what it is made of,
and go out one at a time, so that neither form ever holds more than one in memory.
"""

import base64
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain

from chatmgr.domain.export_schema import FORMAT, Record, iso

Records = Iterable[tuple[str, Record]]


def export_header(schema: str, version: str, now: datetime) -> Record:
    """What every lossless export begins with."""
    return {"format": FORMAT, "schema": schema, "chatmgr": version, "exported_at": now}


def json_lines(head: Record, records: Records) -> Iterator[str]:
    """JSON Lines. The last line counts the others: without it the export is not whole."""
    counts: Counter[str] = Counter()
    yield _encode({"type": "header"} | head) + "\n"
    for kind, record in records:
        counts[kind] += 1
        yield _encode({"type": kind} | record) + "\n"
    yield _encode({"type": "end"} | {f"{kind}s": count for kind, count in sorted(counts.items())}) + "\n"


def json_document(head: Record, records: Records) -> Iterator[str]:
    """One JSON document; turns follow their conversation, assistants and files come last."""
    yield _encode(head)[:-1] + ',\n"conversations": ['
    section, opened, separator = "conversation", False, ""
    for kind, record in chain(records, [("", {})]):
        if kind == "turn":
            yield f"{separator}\n{_encode(record)}"
            separator = ","
            continue
        if opened:
            yield "]}"
            opened, separator = False, ","
        if kind == "conversation":
            yield f'{separator}\n{_encode(record)[:-1]}, "transcript": ['
            opened, separator = True, ""
            continue
        for following in _sections(section, kind):
            yield f'\n],\n"{following}s": ['
            section, separator = following, ""
        if kind:
            yield f"{separator}\n{_encode(record)}"
            separator = ","
    yield "\n]}\n"


_ORDER = ("conversation", "assistant", "file")


def _sections(now: str, kind: str) -> tuple[str, ...]:
    """The sections to begin on the way to a kind; all that are left at the end."""
    end = _ORDER.index(kind) if kind else len(_ORDER) - 1
    return _ORDER[_ORDER.index(now) + 1 : end + 1]


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)


_encode = json.JSONEncoder(ensure_ascii=False, default=_plain).encode  # made once: dumps makes one a call
