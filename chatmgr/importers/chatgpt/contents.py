"""What a message of ChatGPT says, by its content type, as items. Types that nobody knows are kept raw."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from chatmgr.domain.items import Item, ItemKind, canonical_json
from chatmgr.importers.chatgpt.assets import Assets
from chatmgr.importers.chatgpt.citations import cited_text
from chatmgr.importers.chatgpt.fields import Json, object_in, objects_in, text_in

API = "chatgpt.com"
CREATE_CANVAS = "canmore.create_textdoc"
_TEXTS = (
    "text",
    "result",
    "output_str",
    "summary",
    "snippet",
    "content",
)  # where tools and unknown types say it
_BACKTICKS = re.compile(r"^ {0,3}(`{3,})", re.MULTILINE)
_IMAGE = "image_asset_pointer"
_TRANSCRIPT = "audio_transcription"
_SOUND = "audio_asset_pointer"
_CALL = "real_time_user_audio_video_asset_pointer"


def parts_of(content: Json) -> list[Any]:
    """The parts of a content: texts, and objects for what is no text."""
    parts = content.get("parts")
    return parts if isinstance(parts, list) else []


def plain_text(content: Json) -> str:
    """All that a content says in words, however it is built."""
    said = [part if isinstance(part, str) else _part_text(part) for part in parts_of(content)]
    said += [value for name in _TEXTS if isinstance(value := content.get(name), str)]
    return "\n\n".join(text for text in said if text.strip())


def _part_text(part: Any) -> str:
    return text_in(part, "text") if isinstance(part, dict) else ""


def text_item(text: str, metadata: Json) -> Item | None:
    """A text with its citations; None where it says nothing."""
    text, citations = cited_text(text, metadata)
    if not text.strip():
        return None
    return Item(ItemKind.TEXT, {"text": text, **({"citations": citations} if citations else {})})


class Contents:
    """The items of the messages of one conversation. ``unmapped`` counts what is kept raw, or left out."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets
        self.unmapped = Counter[str]()

    def said(self, content: Json, metadata: Json, *, by_user: bool) -> Iterator[Item]:
        """What a user or an assistant says to the other."""
        kind = text_in(content, "content_type")
        if kind in ("text", "multimodal_text", ""):
            yield from self._parts(content, metadata, by_user=by_user)
        elif kind == "code":
            yield from _texts(fenced(text_in(content, "text"), text_in(content, "language")), {})
        elif kind == "thoughts":
            yield from _thoughts(content)
        elif kind == "tether_quote":
            yield from _quotation(content)
        else:
            yield from _texts(plain_text(content), metadata)
            yield self.raw(content, kind)

    def raw(self, content: Json, kind: str) -> Item:
        """A content of a type that has no place here, as it is."""
        self.unmapped[kind[:60] or "message"] += 1
        return Item(ItemKind.OTHER, {"type": kind[:60]}, canonical_json(content), api=API)

    def _parts(self, content: Json, metadata: Json, *, by_user: bool) -> Iterator[Item]:
        parts = parts_of(content)
        if len(parts) == 1 and isinstance(parts[0], str):
            yield from _texts(parts[0], metadata)
            return
        words = [part for part in parts if isinstance(part, str)]
        has_objects = len(words) < len(parts)
        if not has_objects:
            yield from _texts("\n\n".join(word for word in words if word.strip()) or "".join(words), metadata)
            return
        transcript = "\n\n".join(_part_text(part) for part in parts if _type(part) == _TRANSCRIPT)
        for part in parts:
            if isinstance(part, str):
                yield from _texts(part, metadata)
            elif isinstance(part, dict):
                yield from self._part(part, transcript, by_user=by_user)

    def _part(self, part: Json, transcript: str, *, by_user: bool) -> Iterator[Item]:
        kind = _type(part)
        if kind == _TRANSCRIPT:
            yield from _texts(text_in(part, "text"), {})
        elif kind == _IMAGE:
            if not by_user:  # those of the user are files of the message
                yield self._assets.made(part)
        elif kind in (_SOUND, _CALL):
            sound = part if kind == _SOUND else object_in(part, _SOUND)
            if item := self._assets.audio(sound, transcript):
                yield item
            else:
                self.unmapped["audio"] += 1
            if part.get("frames_asset_pointers") or part.get("video_container_asset_pointer"):
                self.unmapped["video"] += 1
        else:
            yield from _texts(text_in(part, "text"), {})
            yield self.raw(part, kind)

    def tool_output(self, content: Json, metadata: Json) -> tuple[str, list[Item], str]:
        """What a tool said: its words, its images, and its error."""
        kind = text_in(content, "content_type")
        images = [self._assets.made(part) for part in parts_of(content) if _type(part) == _IMAGE]
        for message in objects_in(object_in(metadata, "aggregate_result"), "messages"):
            if message.get("message_type") == "image":
                images.append(self._assets.made(message))
        if kind == "system_error":
            return (
                "",
                images,
                ": ".join(text for name in ("name", "text") if (text := text_in(content, name))),
            )
        if kind == "computer_output" and (shot := object_in(content, "screenshot")):
            images.append(self._assets.made(shot))
        words = [text for name in ("title", "url") if (text := text_in(content, name))]
        return cited_text("\n".join([*words, plain_text(content)]).strip(), {})[0], images, ""


def _type(part: Any) -> str:
    return text_in(part, "content_type") if isinstance(part, dict) else ""


def _texts(text: str, metadata: Json) -> Iterator[Item]:
    if item := text_item(text, metadata):
        yield item


def _thoughts(content: Json) -> Iterator[Item]:
    for thought in objects_in(content, "thoughts"):
        summary, text = text_in(thought, "summary"), text_in(thought, "content")
        words = "\n\n".join(part for part in (f"**{summary}**" if summary else "", text) if part)
        if words:
            yield Item(ItemKind.REASONING, {"text": words})


def _quotation(content: Json) -> Iterator[Item]:
    quoted = "\n".join(f"> {line}" for line in text_in(content, "text").splitlines())
    url, title = text_in(content, "url"), text_in(content, "title", "domain")
    is_link = url.startswith(("http://", "https://"))
    citation = {"start": 0, "end": len(quoted), **({"url": url} if is_link else {}), "title": title or url}
    if quoted:
        yield Item(ItemKind.TEXT, {"text": quoted, "citations": [citation]})


def fenced(code: str, language: str = "") -> str:
    """Code as a block of Markdown, with a fence that the code does not have itself."""
    if not code.strip():
        return ""
    longest = max((len(match) for match in _BACKTICKS.findall(code)), default=2)
    fence = "`" * (longest + 1)
    language = language if re.fullmatch(r"[\w+#.-]{1,30}", language) and language != "unknown" else ""
    return f"{fence}{language}\n{code.rstrip()}\n{fence}"


def canvas(arguments: str) -> str:
    """The document that a call creates, as a text; empty where it cannot be read. It may be cut short."""
    for end in ("", '"}', '"]}', "}"):
        try:
            document = json.loads(arguments + end, strict=False)
        except (ValueError, RecursionError):
            continue
        if not isinstance(document, dict):
            return ""
        name, kind = text_in(document, "name"), text_in(document, "type")
        text = text_in(document, "content")
        body = fenced(text, kind.partition("/")[2]) if kind.startswith("code/") else text
        return f"**{name}**\n\n{body}" if name and body else body
    return ""
