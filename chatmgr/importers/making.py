"""Makes the items and files that messages of sources consist of."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from chatmgr.domain.items import Item, ItemKind, canonical_json
from chatmgr.domain.model import Attachment
from chatmgr.importers.file_types import name_of, type_of

Content = Mapping[str, Any]
_LONGEST_RAW = 1 << 20  # characters of what nobody understands, and is kept as it is


def text(words: str, citations: Iterable[Content] = ()) -> Item:
    """A text, with what it cites."""
    cited = [dict(citation) for citation in citations]
    return Item(ItemKind.TEXT, {"text": words, **({"citations": cited} if cited else {})})


def texts(words: object) -> tuple[Item, ...]:
    """A text as the only item; nothing where there are no words."""
    return (text(words),) if isinstance(words, str) and words.strip() else ()


def reasoning(words: str) -> Item:
    """What a model wrote to itself."""
    return Item(ItemKind.REASONING, {"text": words})


def tool_call(call_id: str, name: str, arguments: object, **more: object) -> Item:
    """A call of a tool, which is over: with its ``output`` or ``error``, where that is known."""
    written = arguments if isinstance(arguments, str) else as_json(arguments)
    content = {"call_id": call_id, "name": name, "arguments": written, "tool": "function"}
    return Item(ItemKind.TOOL_CALL, {**content, **{key: value for key, value in more.items() if value}})


def tool_result(call_id: str, output: object) -> Item:
    """What came of a call."""
    written = output if isinstance(output, str) else as_json(output)
    return Item(ItemKind.TOOL_RESULT, {"call_id": call_id, "output": written, "declined": False})


def file_item(name: str, data: bytes | None, content_type: str = "", **more: object) -> Item:
    """A file, an image or a recording that came with an answer; without bytes, it says that it is missing."""
    kind_of = type_of(name, data or b"", content_type)
    main = kind_of.partition("/")[0]
    kind = {"image": ItemKind.IMAGE, "audio": ItemKind.AUDIO}.get(main, ItemKind.FILE)
    content: dict[str, object] = {"name": name_of(name, kind_of, str(kind)), "content_type": kind_of}
    if data is None:
        content["missing"] = "it is not in what was imported"
        if kind_of.endswith("/*"):
            del content["content_type"]
    else:
        content["size"] = len(data)
    return Item(kind, {**content, **{key: value for key, value in more.items() if value}}, data=data)


def other(kind: str, raw: object) -> Item:
    """What has no form of ours: kept as it is, up to a megabyte."""
    written = canonical_json(raw)
    return Item(ItemKind.OTHER, {"type": kind}, written if len(written) <= _LONGEST_RAW else "")


def attachment(name: str, data: bytes, content_type: str = "") -> Attachment:
    """A file that was sent with a message."""
    kind = type_of(name, data, content_type)
    default = "image" if kind.startswith("image/") else "file"
    return Attachment(name_of(name, kind, default), kind, hashlib.sha256(data).hexdigest(), data)


def text_file(name: str, words: str) -> Attachment:
    """A text that was sent as a file."""
    return attachment(name or "pasted.txt", words.encode("utf-8", "replace"), "text/plain")


def as_json(value: object) -> str:
    """A value as JSON that a person can read."""
    return json.dumps(value, ensure_ascii=False)


def words_of(value: object) -> str:
    """A text, or an empty one for what is none."""
    return value if isinstance(value, str) else ""


def records_of(value: object) -> list[dict[str, Any]]:
    """The objects in a list; empty for what is none."""
    return [record for record in value if isinstance(record, dict)] if isinstance(value, list) else []


def digest_of(*parts: object) -> str:
    """An id for what has none, made of its content."""
    return hashlib.sha256(canonical_json(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
