"""The text of an answer: read from content of any shape, joined, and compared with what was streamed."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from chatmgr.backends.json_values import as_text, as_word, to_json
from chatmgr.domain.errors import NetworkDown
from chatmgr.domain.events import Delta, Event, Notice

_PARTS = (str, list, dict)
_DEEPEST = 8  # parts inside parts
_TEXT_KEYS = ("text", "value", "content", "output_text", "parts")
THOUGHT_KEYS = ("reasoning_content", "reasoning", "thinking", "reasoning_details", "thoughts")
_THOUGHT_TYPES = ("think", "reason", "summary", "thought")
_PLAIN_TYPES = ("text", "output_text", "input_text")
_OTHER_KEYS = {"refusal", "role", "annotations", "tool_calls", "function_call", "audio", "image", "image_url"}
_OTHER_KEYS |= {"images", "file", "file_id", "image_file", "inline_data", "inlineData", "index", "id"}


class Content(NamedTuple):
    """What a piece of an answer says; ``refused`` where a part of ``text`` declines to answer."""

    text: str = ""
    reasoning: str = ""
    refused: bool = False


_NOTHING = Content()


def read_content(content: object) -> Content:
    """What content says: a string, null, a part, a list of parts, or an object that a server puts there.

    Images, files and calls of tools say nothing. An object without a type and without any known key is an
    answer in JSON that the server has decoded: it is given as JSON.
    """
    if type(content) is str:
        return Content(content)
    if type(content) is list and len(content) == 1 and (text := _plain_text(content[0])):
        return Content(text)
    return _read(content, _DEEPEST, as_json=True)


def _plain_text(part: object) -> str:
    """The text of the most usual part, found at little cost; empty for any other."""
    if type(part) is not dict or part.get("type") not in _PLAIN_TYPES:
        return ""
    text = part.get("text")
    if type(text) is dict:
        text = text.get("value")
    return text if type(text) is str else ""


def read_message(message: object) -> Content:
    """What a message or a delta says; other than in content, unknown keys of it are no answer."""
    if isinstance(message, dict):
        return _read_part(message, _DEEPEST, as_json=False)
    return read_content(message)


def read_reasoning(item: object) -> str:
    """The text of an item that is reasoning: its summary where there is one, else all of it."""
    if not isinstance(item, dict):
        return read_content(item).text
    parts = next((parts for key in ("summary", "content") if (parts := item.get(key))), None)
    if isinstance(parts, list):
        return "\n\n".join(filter(None, map(read_reasoning, parts)))
    return _first_text(item, ("summary", *THOUGHT_KEYS, *_TEXT_KEYS), _DEEPEST)


def _read(content: object, depth: int, *, as_json: bool) -> Content:
    if not depth:
        return _NOTHING
    if isinstance(content, list):
        parts = [_read(part, depth - 1, as_json=as_json) for part in content if isinstance(part, _PARTS)]
        return Content(
            "".join(part.text for part in parts),
            "".join(part.reasoning for part in parts),
            any(part.refused for part in parts),
        )
    if isinstance(content, dict):
        return _read_part(content, depth, as_json=as_json)
    return Content(as_text(content))


def _read_part(part: dict[str, object], depth: int, *, as_json: bool) -> Content:
    kind = as_word(part.get("type"))
    reasoning = _first_text(part, THOUGHT_KEYS, depth)
    if part.get("thought") is True or any(word in kind for word in _THOUGHT_TYPES):
        return Content("", reasoning or _first_text(part, ("summary", *_TEXT_KEYS), depth))
    for key in _TEXT_KEYS:
        inner = _read(part.get(key), depth - 1, as_json=key != "parts")
        if any(inner):
            return Content(inner.text, inner.reasoning or reasoning, inner.refused)
    if refusal := _read(part.get("refusal"), depth - 1, as_json=False).text:
        return Content(refusal, reasoning, refused=True)
    if as_json and part and not kind and not part.keys() & {*_TEXT_KEYS, *THOUGHT_KEYS, *_OTHER_KEYS}:
        return Content(to_json(part))
    return Content("", reasoning)


def _first_text(part: dict[str, object], keys: Iterable[str], depth: int) -> str:
    """The text of the first key that has any, whichever kind of text that is."""
    for key in keys:
        inner = _read(part.get(key), depth - 1, as_json=False) if part.get(key) else _NOTHING
        if text := inner.reasoning or inner.text:
            return text
    return ""


def join_messages(texts: Iterable[str]) -> str:
    """The messages of one answer as one text.

    Empty texts are left out, and so is one that repeats the text before it: some servers list a message
    twice.
    """
    kept: list[str] = []
    for text in texts:
        if text and text not in kept[-1:]:
            kept.append(text)
    return "\n\n".join(kept)


def remaining_text(complete: str, streamed: str, cursor: int | None = None) -> Iterator[Event]:
    """What the complete text has beyond what was streamed; a notice if the two contradict each other.

    A complete text that is empty, or shorter than what was streamed, says nothing new.
    """
    if complete.startswith(streamed):
        if len(complete) > len(streamed):
            yield Delta(complete[len(streamed) :], cursor)
    elif complete and not streamed.startswith(complete):
        yield Notice("The server's text differs from what was streamed; the server's text is kept.")


def gap_error() -> NetworkDown:
    """The error for an answer of which a piece cannot be read: what there is of it is not the whole."""
    return NetworkDown(
        "The answer has a gap: the server sent a piece of it that cannot be read.",
        broke_off=True,
    )
