"""Making items of what a server sends, whatever it sends in their place. Pure functions, no I/O."""

import math
from collections.abc import Set
from typing import Any, NamedTuple

from chatmgr.backends.answer_text import Content, read_content
from chatmgr.backends.items import payloads
from chatmgr.backends.items.payloads import Payload
from chatmgr.backends.json_values import as_count, as_id, as_object, as_objects, as_text, as_word, to_json
from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.items import Item, ItemKind, canonical_json
from chatmgr.domain.text import storable

Json = dict[str, Any]
_DEEPEST = 60  # levels of JSON
_LONGEST_URL = 8192  # characters
_LONGEST_QUOTE = 4096
_FILE_TYPES = {"image": ItemKind.IMAGE, "audio": ItemKind.AUDIO, "file": ItemKind.FILE}
_MAY_BE_EMPTY = {"output", "arguments", "call_id", "name"}


class Wanted(NamedTuple):
    """A file that has to be fetched: a ``path`` of the API, or an address (``url``)."""

    kind: ItemKind
    name: str
    id: str = ""
    path: str = ""
    url: str = ""


Made = Item | Wanted


@dataclass(frozen=True, slots=True)
class Origin:
    """The API and the model whose items are made."""

    api: str
    model: str

    def item(self, kind: ItemKind, content: Json, raw: object = None, *, item_id: object = "") -> Item:
        """An item. What is None or empty in ``content`` is left out, but for texts that may be empty."""
        known = {
            key: value
            for key, value in content.items()
            if value not in (None, "", [], {}) or (value == "" and key in _MAY_BE_EMPTY)
        }
        return Item(
            kind,
            clean_json(known),
            storable(canonical_json(clean_json(raw))) if raw is not None else "",
            self.api,
            self.model,
            id=as_id(item_id),
        )

    def file(
        self,
        kind: ItemKind,
        payload: Payload,
        raw: object = None,
        *,
        name: object = "",
        item_id: object = "",
        **known: object,
    ) -> Item:
        """An image, a file or audio, with its bytes or the reason why there are none."""
        from dataclasses import replace

        content_type = payload.content_type or payloads.DEFAULT_TYPE
        content = {
            "name": payloads.file_name(name, content_type, kind.value),
            "content_type": content_type,
            "size": None if payload.data is None else len(payload.data),
            "missing": payload.missing,
            **known,
        }
        return replace(self.item(kind, content, raw, item_id=item_id), data=payload.data)

    def text(
        self, text: str, citations: list[Json], raw: object, *, refused: bool, item_id: object = ""
    ) -> Item:
        """A text with its citations, or a refusal."""
        kind = ItemKind.REFUSAL if refused else ItemKind.TEXT
        content = {"text": text} if refused else {"text": text, "citations": citations}
        return self.item(kind, content, raw, item_id=item_id)


def clean_json(value: Any, depth: int = _DEEPEST) -> Any:
    """JSON that every database holds: text that can be stored, finite numbers, a limited depth."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (dict, list)) and not depth:
        return None
    if isinstance(value, dict):
        return {storable(str(key)): clean_json(inner, depth - 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [clean_json(inner, depth - 1) for inner in value]
    return value if value is None or isinstance(value, (bool, int)) else str(value)


def text_or_json(value: object) -> str:
    """A string as it is, null as nothing, and anything else as JSON."""
    return value if isinstance(value, str) else "" if value is None else to_json(value)


def read_citations(annotations: object, offset: int = 0) -> list[Json]:
    """The citations among annotations, at every API: each with what is known of it.

    ``offset`` is where the annotated text begins in the text of the item.
    """
    citations: list[Json] = []
    for annotation in as_objects(annotations):
        type_ = as_word(annotation.get("type"))
        facts = {**annotation, **as_object(annotation.get(type_))}
        start = as_count(facts.get("start_index", facts.get("index")))
        end = as_count(facts.get("end_index"))
        if type_ == "file_path" and "start_index" not in facts:
            start = None  # its index is one in a list of files
        url = as_text(facts.get("url"))
        citation = {
            "start": None if start is None else start + offset,
            "end": None if end is None else end + offset,
            "url": url if _is_web_address(url) else "",
            "title": as_text(facts.get("title") or facts.get("filename")),
            "file_id": as_id(facts.get("file_id")),
            "quote": as_text(facts.get("quote") or facts.get("content"))[:_LONGEST_QUOTE],
        }
        known = {key: value for key, value in citation.items() if value not in (None, "")}
        if known:
            citations.append(known)
    return citations


def cited_files(annotations: object) -> list[Wanted]:
    """The files that annotations name and that the model made: those in containers, and by path."""
    wanted: list[Wanted] = []
    for annotation in as_objects(annotations):
        type_ = as_word(annotation.get("type"))
        facts = {**annotation, **as_object(annotation.get(type_))}
        file, container = as_id(facts.get("file_id")), as_id(facts.get("container_id"))
        name = as_text(facts.get("filename") or facts.get("text")).rpartition("/")[2]
        if type_ == "container_file_citation" and file and container:
            wanted.append(
                Wanted(kind_of(name), name, file, f"/containers/{_quoted(container)}{_content(file)}")
            )
        elif type_ == "file_path" and file:
            wanted.append(Wanted(kind_of(name), name, file, _content(file)))
    return wanted


def stored_file(kind: ItemKind, file: object, name: str = "") -> list[Wanted]:
    """A file that the server stores under an id; empty where it names none."""
    file_id = as_id(file)
    return [Wanted(kind, name, file_id, _content(file_id))] if file_id else []


def read_part(part: Json, origin: Origin) -> list[Made]:
    """The image, file or audio in a part of a message, in any API's shape; empty for any other part."""
    kind = next((kind for word, kind in _FILE_TYPES.items() if word in as_word(part.get("type"))), None)
    inline = as_object(part.get("inline_data") or part.get("inlineData") or part.get("source"))
    if kind is None:
        type_ = as_text(inline.get("mime_type") or inline.get("mimeType") or inline.get("media_type"))
        kind = kind_of_type(type_) if inline and type_ else None
    if kind is None:
        return []
    key = next((key for key in ("image_url", "image_file", "audio", "image", "file") if part.get(key)), "")
    facts = as_object(part.get(key)) or inline or part
    address = as_text(part.get(key)) or as_text(facts.get("url"))
    base64 = as_text(facts.get("data") or facts.get("b64_json") or facts.get("file_data"))
    if _is_web_address(address):
        return [Wanted(kind, "", url=address)]
    if text := address or base64:
        declared = as_text(facts.get("mime_type") or facts.get("mimeType") or facts.get("media_type"))
        known = {"name": facts.get("filename"), "transcript": as_text(facts.get("transcript"))}
        return [origin.file(kind, payloads.decode(text, declared), **known)]
    return list(stored_file(kind, facts.get("file_id") or part.get("file_id")))


def read_parts(content: object, origin: Origin) -> list[Made]:
    """The images, files and audio in a message's content."""
    return [made for part in as_objects(content) for made in read_part(part, origin)]


def message_items(
    message: Json, content: Content, origin: Origin, base64_keys: Set[str] = frozenset()
) -> list[Made]:
    """A message: its text with citations, and its images and files; none where it says nothing.

    ``content`` is what its API takes for its text. Where there are files, base64 may stand under
    ``base64_keys``.
    """
    files = read_parts(message.get("content"), origin)
    text, citations, wanted = annotated_text(message.get("content"))
    kept, _ = payloads.cut(message, base64_keys if files else frozenset())
    item_id = message.get("id")
    if content.text:
        cited = citations if text == content.text else []
        own = origin.text(content.text, cited, kept, refused=content.refused, item_id=item_id)
    elif files or wanted:
        own = origin.item(ItemKind.OTHER, {"type": "message"}, kept, item_id=item_id)
    else:
        return []
    return [own, *files, *wanted]


def annotated_text(content: object) -> tuple[str, list[Json], list[Wanted]]:
    """The text of a message's parts, its citations by their places in it, and the files that it names."""
    text, citations, wanted = "", list[Json](), list[Wanted]()
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, dict):
            annotations = part.get("annotations") or as_object(part.get("text")).get("annotations")
            citations += read_citations(annotations, len(text))
            wanted += cited_files(annotations)
        text += read_content(part).text
    return text, citations, wanted


def kind_of(name: str) -> ItemKind:
    """Whether a file of this name is an image, audio, or another file."""
    return kind_of_type(payloads.content_type_of(b"", name))


def kind_of_type(content_type: str) -> ItemKind:
    """Whether a file of this content type is an image, audio, or another file."""
    return _FILE_TYPES.get(content_type.partition("/")[0].lower(), ItemKind.FILE)


def _is_web_address(url: str) -> bool:
    """Whether an address may be shown as a link and fetched: no other scheme may be."""
    return url.lower().startswith(("http://", "https://")) and url.isprintable() and len(url) <= _LONGEST_URL


def _content(file_id: str) -> str:
    return f"/files/{_quoted(file_id)}/content"


def _quoted(part: str) -> str:
    from urllib.parse import quote

    return quote(part, safe="")
