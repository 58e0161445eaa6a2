"""The message of a chat completion as items, joined from pieces: text, images, audio, reasoning and calls.

Pieces of a call belong together by their index; servers that send none begin a new call with each id or name.
Pure functions, no I/O.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from chatmgr.backends.items import payloads
from chatmgr.backends.items.making import (
    Json,
    Made,
    Origin,
    clean_json,
    read_citations,
    read_part,
    text_or_json,
)
from chatmgr.backends.items.payloads import LARGEST, Payload
from chatmgr.backends.json_values import as_id, as_object, as_objects, as_text
from chatmgr.domain.items import Item, ItemKind, canonical_json
from chatmgr.domain.stored_items import TOO_LARGE
from chatmgr.domain.text import storable

DETAIL_KEYS = ("reasoning_details", "thinking_blocks")  # reasoning in the form in which servers want it back
ITEM_KEYS = ("tool_calls", "function_call", "audio", "images", "annotations", *DETAIL_KEYS)
_REASONING_KEYS = ("reasoning_content", "reasoning", "thinking")
_JOINED = {"text", "thinking", "summary", "data", "signature"}


class ChatItems:
    """What has arrived of one message besides its text."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._calls: list[Json] = []
        self._legacy: Json = {}
        self._files: list[Made] = []
        self._file_parts: set[str] = set()
        self._annotations: list[Json] = []
        self._details: dict[str, list[Json]] = {}
        self._reasoning: dict[str, str] = {}
        self._audio: Json = {}
        self._audio_bytes = bytearray()
        self._audio_problem = ""
        self.has_calls = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing but text and reasoning in words."""
        parts = (self._calls, self._legacy, self._files, self._annotations, self._details, self._audio)
        return not any(parts)

    def read(self, delta: Json) -> str:
        """Take a piece of the message; returns what its audio says in words."""
        for key in DETAIL_KEYS:
            if details := as_objects(delta.get(key)):
                self._add_details(self._details.setdefault(key, []), details)
        for key in _REASONING_KEYS:
            if isinstance(text := delta.get(key), str) and text:
                self._reasoning[key] = self._reasoning.get(key, "") + text
        self._annotations += as_objects(delta.get("annotations"))
        for part in (*as_objects(delta.get("images")), *_parts(delta.get("content"))):
            self._add_file(part)
        for call in as_objects(delta.get("tool_calls")):
            self._add_call(call)
        if isinstance(legacy := delta.get("function_call"), dict):
            self._legacy = _joined(self._legacy, legacy)
        self.has_calls = bool(self._calls or self._legacy)
        return self._add_audio(as_object(delta.get("audio")))

    def _add_details(self, known: list[Json], details: list[Json]) -> None:
        """Join blocks of reasoning to those before: by their index, else the first one to the last."""
        for at, detail in enumerate(details):
            last = known[-1] if known else {}
            same = last.get("type") == detail.get("type") and last.get("index") == detail.get("index")
            if last and same and (at == 0 or type(detail.get("index")) is int):
                texts = {
                    key: as_text(last.get(key)) + as_text(detail.get(key)) for key in _JOINED & detail.keys()
                }
                known[-1] = {
                    **last,
                    **{key: value for key, value in detail.items() if value is not None},
                    **texts,
                }
            else:
                known.append(dict(detail))

    def _add_file(self, part: Json) -> None:
        kept = storable(canonical_json(clean_json(payloads.cut(part, {"data"})[0])))
        made = [
            replace(made, raw=kept) if isinstance(made, Item) else made
            for made in read_part(part, self._origin)
        ]
        key = hashlib.sha256(repr(sorted(part.items(), key=lambda pair: pair[0])).encode("utf-8", "replace"))
        if made and key.hexdigest() not in self._file_parts:  # some send a part in the deltas and at the end
            self._file_parts.add(key.hexdigest())
            self._files += made

    def _add_call(self, piece: Json) -> None:
        """Join a piece to its call, or begin another one."""
        index, call_id = piece.get("index"), as_text(piece.get("id"))
        function = as_object(piece.get("function") or piece.get("custom"))
        for at, call in reversed(list(enumerate(self._calls))):
            same_index = type(index) is int and call.get("index") == index
            same_id = call_id and call.get("id") == call_id
            if same_id or (same_index and not (call_id and call.get("id"))):
                self._calls[at] = _joined_call(call, piece)
                return
        if self._calls and type(index) is not int and not call_id and not as_text(function.get("name")):
            self._calls[-1] = _joined_call(self._calls[-1], piece)
        elif function or call_id:
            self._calls.append(_joined_call({}, piece))

    def _add_audio(self, audio: Json) -> str:
        """Take a piece of audio; each piece of its bytes is base64 of its own."""
        if not audio:
            return ""
        for key in ("id", "expires_at"):
            if audio.get(key):
                self._audio[key] = audio[key]
        if transcript := as_text(audio.get("transcript")):
            self._audio["transcript"] = as_text(self._audio.get("transcript")) + transcript
        try:
            self._audio_bytes += base64.b64decode(as_text(audio.get("data")))
        except (binascii.Error, ValueError):
            self._audio_problem = "not readable"
        if len(self._audio_bytes) > LARGEST:
            self._audio_bytes.clear()
            self._audio_problem = TOO_LARGE
        return transcript

    def made(self, text: str, *, refused: bool, run_id: str) -> Iterator[list[Made]]:
        """The items of the whole message, in the order in which servers show them."""
        reasoning: Json = {**self._details, **(self._reasoning if self.has_calls else {})}
        if reasoning:
            details = [detail for blocks in self._details.values() for detail in blocks]
            thoughts = (as_text(detail.get("text") or detail.get("thinking")) for detail in details)
            thought = next(iter(self._reasoning.values()), "") or "".join(thoughts)
            summary = "".join(as_text(detail.get("summary")) for detail in details)
            content = {"text": thought, "summary": summary}
            yield [self._origin.item(ItemKind.REASONING, content, reasoning)]
        if text and text != self._audio.get("transcript"):
            citations = read_citations(self._annotations)
            key = "refusal" if refused else "content"
            raw = {key: text, **({"annotations": self._annotations} if self._annotations else {})}
            yield [self._origin.text(text, citations, raw, refused=refused)]
        for file in self._files:
            yield [file]
        if self._audio or self._audio_bytes:
            yield [self._made_audio()]
        for number, call in enumerate(self._calls):
            yield [self._made_call(call, number, run_id)]
        if self._legacy:
            yield [self._made_call({"function": self._legacy}, 0, run_id, legacy=True)]

    def _made_audio(self) -> Made:
        data = bytes(self._audio_bytes)
        type_ = payloads.sniff(data) or "audio/pcm"
        payload = (
            Payload(data, type_) if data else Payload(None, "", self._audio_problem or "the server sent none")
        )
        raw = {**self._audio, **({"data": payloads.hash_of(data)} if data else {})}
        known = {"transcript": as_text(self._audio.get("transcript")), "item_id": self._audio.get("id")}
        return self._origin.file(ItemKind.AUDIO, payload, {"audio": raw}, **known)

    def _made_call(self, call: Json, number: int, run_id: str, *, legacy: bool = False) -> Made:
        tool = "custom" if call.get("custom") else "function"
        function = as_object(call.get(tool))
        name = as_id(function.get("name"))
        arguments = text_or_json(function.get("arguments", function.get("input")))
        call_id = as_id(call.get("id"))
        if not call_id:  # answers need one
            told = f"{run_id} {number} {name} {arguments}".encode("utf-8", "replace")
            call_id = f"call_{hashlib.sha256(told).hexdigest()[:16]}"
        content = {"call_id": call_id, "name": name, "arguments": arguments, "tool": tool}
        known = {key: value for key, value in call.items() if key != "index"}
        raw: Json = {"function_call": self._legacy} if legacy else {**known, "id": call_id, "type": tool}
        return self._origin.item(ItemKind.TOOL_CALL, content, raw, item_id=call_id)


def _parts(content: object) -> list[Json]:
    return as_objects(content) if isinstance(content, (list, dict)) else []


def _joined_call(call: Json, piece: Json) -> Json:
    """A call with one more piece; what is not text of its function is taken as it comes."""
    joined = {**call, **{key: value for key, value in piece.items() if value not in (None, "")}}
    for key in ("function", "custom"):
        if isinstance(part := piece.get(key), dict):
            joined[key] = _joined(as_object(call.get(key)), part)
    return joined


def _joined(function: Json, piece: Json) -> Json:
    """A function with one more piece: its name once, and more of its arguments."""
    joined: dict[str, Any] = {**function, **{key: value for key, value in piece.items() if value is not None}}
    name, more = as_text(function.get("name")), as_text(piece.get("name"))
    joined["name"] = name if more in {"", name} else name + more
    for key in ("arguments", "input"):
        if key in function and key in piece:
            joined[key] = text_or_json(function[key]) + text_or_json(piece[key])
    return joined
