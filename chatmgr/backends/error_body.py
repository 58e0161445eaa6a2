"""The bodies in which servers explain an error, in every shape seen: one message, its codes, its fields.

OpenAI nests an object under ``error``, FastAPI a list under ``detail``, vLLM sends ``{"object": "error"}``,
xAI and LM Studio text under ``error``, Google a list, gateways an error inside the message of another, and
some servers put it into a stream that began with 200. Pure functions, no I/O.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_WRAPPERS = ("error", "errors", "detail", "details", "last_error", "response")
_MESSAGES = ("message", "msg", "error_message", "errorMessage", "error_description", "description", "title")
_CODES = ("code", "type", "status", "reason")
_ANSWER_KEYS = {"choices", "output", "data", "delta", "usage", "item", "part"}
_BARE_KEYS = {"detail", "errors", *_MESSAGES}
_DEEPEST = 5  # wrappers around the message


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """What an error's body says.

    ``message`` is empty where it says nothing. ``codes`` are the server's own codes and types, in lower case,
    ``fields`` the fields of the request that it names, and ``status`` the HTTP status inside the body, or 0.
    """

    message: str = ""
    codes: tuple[str, ...] = ()
    fields: frozenset[str] = field(default_factory=frozenset)
    status: int = 0

    @property
    def code(self) -> str:
        """The code by which the error is best known; empty where there is none."""
        return next((code for code in self.codes if code != "error"), "")


def parse_text(text: str, content_type: str = "") -> ErrorBody:
    """What the text of a body says: JSON, event-stream text, or plain text; nothing of a web page."""
    body = decode(text)
    if body is not None:
        return parse(body)
    if "html" in content_type or re.match(r"\s*<(!doctype|html)", text, re.IGNORECASE):
        return ErrorBody()
    return ErrorBody(" ".join(text.split()))


def decode(text: str) -> Any:
    """The JSON in a body's text, or in the ``data:`` lines of one that is an event stream; else None."""
    candidates = [text, *re.findall(r"^data:\s*(.+)$", text, re.MULTILINE)]
    for candidate in candidates:
        try:
            decoded = json.loads(candidate)
        except (ValueError, RecursionError):  # too deep for any error
            continue
        if decoded is not None:
            return decoded
    return next(iter(candidates[1:]), None)


def parse(body: object) -> ErrorBody:
    """What a decoded body says; a body without any message is its own."""
    codes: list[str] = []
    fields: set[str] = set()
    statuses: list[int] = []
    message = _message(body, codes, fields, statuses, _DEEPEST)
    if not message and body not in ({}, [], None, "", True, False):
        message = json.dumps(body, ensure_ascii=False, default=str)
    return ErrorBody(message, tuple(dict.fromkeys(codes)), frozenset(fields), next(iter(statuses), 0))


def _message(body: object, codes: list[str], fields: set[str], statuses: list[int], depth: int) -> str:
    """The innermost message of a body; notes its codes, fields and statuses."""
    if isinstance(body, str):
        return _text_message(body, codes, fields, statuses, depth)
    if isinstance(body, list):
        messages = (_message(part, codes, fields, statuses, depth - 1) for part in body[:5] if depth)
        return "; ".join(dict.fromkeys(filter(None, messages)))
    if not isinstance(body, Mapping) or not depth:
        return ""
    _note(body, codes, fields, statuses)
    inner = [body.get(key) for key in _WRAPPERS]
    inner += [choice.get("error") for choice in _choices(body)]
    nested = [part for part in inner if isinstance(part, (Mapping, list))]
    texts = [part for part in (body.get(key) for key in _MESSAGES) if isinstance(part, (str, list, Mapping))]
    words = [part for part in inner if isinstance(part, str)]
    for part in (*nested, *texts, *words):
        if message := _message(part, codes, fields, statuses, depth - 1):
            codes += [word.lower() for word in words if word != part and re.fullmatch(r"[\w.-]+", word)]
            return message
    return ""


def _text_message(text: str, codes: list[str], fields: set[str], statuses: list[int], depth: int) -> str:
    """A message, or the one inside it where a gateway quotes its server's body."""
    text = text.strip()
    if depth and text[:1] in {"{", "["}:
        body = decode(text)
        if isinstance(body, (Mapping, list)):
            return _message(body, codes, fields, statuses, depth - 1) or text
    return text


def _note(body: Mapping[str, Any], codes: list[str], fields: set[str], statuses: list[int]) -> None:
    for key in _CODES:
        value = body.get(key)
        if isinstance(value, str) and value:
            codes.append(value.lower())
        number = int(value) if isinstance(value, str) and re.fullmatch(r"[45]\d\d", value) else value
        if isinstance(number, int) and 400 <= number < 600:
            statuses.append(number)
    location = body.get("loc")
    parts = location if isinstance(location, list) else [body.get("param")]
    fields |= {part for part in parts if isinstance(part, str)}


def _choices(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    choices = body.get("choices")
    yield from (
        (choice for choice in choices if isinstance(choice, Mapping)) if isinstance(choices, list) else ()
    )


def reason(body: object) -> str:
    """What a decoded body says, as one line that is never empty."""
    error = parse(body)
    return " ".join(error.message.split()) or error.code or "no reason given"


def is_error(name: str, event: Mapping[str, Any]) -> bool:
    """Whether an event of a stream, or the body of a 200, is an error and no part of an answer.

    ``name`` is the event's name, empty for a body. Objects that have a state of their own, as responses and
    runs do, are not errors, even if they hold one.
    """
    event_type = str(event.get("type") or "")
    if name == "error" or event_type == "error" or event.get("object") == "error":
        return True
    if event.get("object") in {"response", "thread.run"} or event_type.startswith("response."):
        return False
    if event.get("id") and isinstance(event.get("status"), str):
        return False
    if event.get("error") or any(choice.get("error") for choice in _choices(event)):
        return True
    if event.keys() & _ANSWER_KEYS or event.get("object") or event.get("id"):
        return False
    if event_type and not re.search("error|exception|fail", event_type, re.IGNORECASE):
        return False
    return any(event[key] for key in event.keys() & _BARE_KEYS)
