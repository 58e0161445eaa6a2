"""What the three APIs of one server have in common: the model that answers, ids, time, paging, limits.

Mental model: a `World` is the part of a provider that is the same behind every protocol. `think` is the
model: it gets the whole memory of a conversation and returns an `Outcome`, already cut into deltas and
already spoiled by faults.
"""

from __future__ import annotations

import itertools
import re
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from .faults import Fault, Plan
from .parts import Json, RefusedError, Said

Reply = Callable[[list[Said], str | None], str]
Abandoned = Literal["finish", "drop", "input_only"]
"""What happens to a turn whose client went away: it ends normally, leaves no trace, or leaves only its
input.
"""
ItemT = TypeVar("ItemT", bound=Mapping[str, Any])
HUGE = "é" * 2**19  # two bytes each: 1 MB on the wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Wild:
    """How a server that only resembles OpenAI's differs from it.

    `conversation_key` is where a response names its conversation (None: nowhere). With `own_memory`, the
    model reads the first 20 items of a conversation, and from its first response on only what was said in
    responses. `response_delete` is the status that answers every DELETE of a response. With `text_as_list`,
    the text of a message is a list of objects. `same_second` is the order in which the messages of a second
    are listed, and then all of them are of one second.
    """

    bare_ids: bool = False
    no_usage: bool = False
    no_streaming: bool = False
    message_delete: Literal[404, 405] | None = None
    conversation_key: Literal["conversation", "conversation_id"] | None = "conversation"
    own_memory: bool = False
    nameless_events: bool = False
    response_delete: Literal[405, 501] | None = None
    early_usage: bool = False
    text_as_list: bool = False
    same_second: Literal["reversed", "answers first", "questions first"] | None = None
    run_id_ignored: bool = False


# Seen of OGX 1.5: conversations hold items and answers, responses never name them, the stream has no
# `event:` lines, and items that were added by hand count only for the first 20 and before the first response.
OGX = Wild(conversation_key=None, own_memory=True, nameless_events=True)
# Seen of Myla 0.2: ids without a prefix, no usage, no stream, and a message's text in a list.
MYLA = Wild(bare_ids=True, no_usage=True, no_streaming=True, text_as_list=True)
# Seen of agentic-api 0.9: `conversation` is null, `conversation_id` is set (also to an id that is unknown),
# responses cannot be deleted, and a refusal to do so has no body.
AGENTIC_API = Wild(conversation_key="conversation_id", response_delete=405)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the model made of a turn: its answers in deltas, how the turn ends, and what that cost."""

    answers: list[list[str]]
    end: Literal["completed", "incomplete", "failed", "error"]
    fault: Fault
    refusal: bool
    input_tokens: int

    @property
    def output_tokens(self) -> int:
        """One token per delta."""
        return sum(map(len, self.answers))


def echo(messages: list[Said], instructions: str | None) -> str:
    """Answer so that a test can see what was remembered: the default reply."""
    users = [text for role, text in messages if role == "user"]
    return f"{len(users)} user turns; you said: {users[-1] if users else ''!r}"


def words(text: str) -> list[str]:
    """Split into words that keep the white space before them, so that joining gives the text back."""
    return re.findall(r"\s*\S+|\s+$", text)


@dataclass(slots=True)
class World:
    """The shared state and settings of one server; `lock` guards everything the APIs keep."""

    reply: Reply = echo
    split: Callable[[str], list[str]] = words
    deltas: int | None = None
    abandoned: Abandoned = "finish"
    wild: Wild = field(default_factory=Wild)
    background_polls: int = 2
    thoughts: Sequence[str] = ()
    cached: int = 0
    context: int | None = None
    sees: bool = True
    files: dict[str, Json] = field(default_factory=dict)
    run_scripts: deque[Sequence[str]] = field(default_factory=deque)
    log: Callable[[Json], None] = lambda entry: None
    turns_heard: list[str] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def new_id(self, prefix: str) -> str:
        """Make an id nobody has seen before."""
        return uuid.uuid4().hex if self.wild.bare_ids else f"{prefix}_{uuid.uuid4().hex}"

    def now(self) -> int:
        """The time as the APIs write it."""
        return 1_700_000_000 if self.wild.same_second else int(time.time())

    def think(self, memory: list[Said], instructions: str | None, plan: Plan) -> Outcome:
        """Hear a turn, and decide everything about its answer."""
        heard = next((text for role, text in reversed(memory) if role == "user"), "")
        self.turns_heard.append(heard)
        self.log({"kind": "turn", "text": heard})
        pieces = self._pieces(self.reply(list(memory), instructions))
        if plan.has("huge_delta"):
            pieces.append(HUGE)
        ending = plan.get("incomplete") or plan.get("failed") or plan.get("error")
        if ending:
            pieces = pieces[: max(1, len(pieces) // 2)]
        return Outcome(
            answers=[pieces, list(pieces)] if plan.has("answer_twice") else [pieces],
            end=_end(ending),
            fault=ending or Fault(kind="failed"),
            refusal=plan.has("refusal"),
            input_tokens=_tokens(memory, instructions),
        )

    def refuse_too_long(self, memory: list[Said], instructions: str | None, *, plain: bool = False) -> None:
        """Refuse a prompt beyond the context as OpenAI does, or (`plain`) as it does without numbers."""
        tokens = _tokens(memory, instructions)
        if self.context is None or tokens <= self.context:
            return
        message = (
            f"This model's maximum context length is {self.context} tokens. However, your messages resulted "
            f"in {tokens} tokens. Please reduce the length of the messages."
        )
        if plain:
            message = "Your input exceeds the context window of this model. Please adjust your input."
        raise RefusedError(400, message, "context_length_exceeded", "messages")

    def _pieces(self, text: str) -> list[str]:
        pieces = self.split(text)
        if self.deltas is None or not pieces:
            return pieces
        return list(itertools.islice(itertools.cycle(pieces), self.deltas))


def _tokens(memory: list[Said], instructions: str | None) -> int:
    """One token per word."""
    return sum(len(text.split()) for _, text in memory) + len((instructions or "").split())


def _end(ending: Fault | None) -> Literal["completed", "incomplete", "failed", "error"]:
    if ending and (ending.kind == "incomplete" or ending.kind == "failed" or ending.kind == "error"):
        return ending.kind
    return "completed"


def check_metadata(metadata: object) -> Json:
    """Refuse metadata beyond 16 pairs of 64/512 characters, which the document says only in prose."""
    if metadata is None:
        return {}
    if not isinstance(metadata, dict):
        raise RefusedError(
            400, "Invalid type for 'metadata': expected an object.", "invalid_type", "metadata"
        )
    if len(metadata) > 16:
        message = f"Invalid 'metadata': too many properties. Expected at most 16, but got {len(metadata)}."
        raise RefusedError(400, message, "object_above_max_properties", "metadata")
    for key, value in metadata.items():
        if len(key) > 64 or not isinstance(value, str) or len(value) > 512:
            message = f"Invalid 'metadata.{key}': string too long or not a string."
            raise RefusedError(400, message, "string_above_max_length", "metadata")
    return metadata


def page(items: Sequence[ItemT], query: Mapping[str, str]) -> Json:
    """Cut one page out of `items`, which are given oldest first; newest first is the default, as
    everywhere.
    """
    limit = int(query.get("limit", "20"))
    if not 1 <= limit <= 100:
        raise RefusedError(
            400, f"Invalid 'limit': {limit} is not between 1 and 100.", "invalid_value", "limit"
        )
    ordered = list(items) if query.get("order", "desc") == "asc" else list(reversed(items))
    ids = [item["id"] for item in ordered]
    for cursor in ("after", "before"):
        if cursor in query and query[cursor] not in ids:
            raise RefusedError(
                400, f"Invalid '{cursor}': no such object: {query[cursor]}", "invalid_value", cursor
            )
    start = ids.index(query["after"]) + 1 if "after" in query else 0
    stop = ids.index(query["before"]) if "before" in query else len(ordered)
    page = ordered[start:stop]
    chosen = page[-limit:] if "before" in query and "after" not in query else page[:limit]
    return {
        "object": "list",
        "data": chosen,
        "first_id": chosen[0]["id"] if chosen else None,
        "last_id": chosen[-1]["id"] if chosen else None,
        "has_more": len(page) > len(chosen),
    }
