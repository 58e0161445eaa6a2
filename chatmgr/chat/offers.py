"""What there is to choose from: conversations, a provider's models, providers, assistants.

What is in use comes first, so that Enter changes nothing; conversations keep their order.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from chatmgr.chat.choosing import Offer
from chatmgr.chat.input.choice import Choice
from chatmgr.domain.errors import ChatmgrError
from chatmgr.domain.model import Assistant, Conversation, ModelInfo, Provider, Turn
from chatmgr.domain.text import counted
from chatmgr.terminal.console import can_edit_lines
from chatmgr.terminal.conversation_table import about_spans
from chatmgr.terminal.durations import age
from chatmgr.terminal.list_tables import Spans
from chatmgr.terminal.rendered_turn import turn_rows
from chatmgr.terminal.sanitize import clean, one_line, wrap
from chatmgr.terminal.status import Status
from chatmgr.terminal.turn_lines import turn_lines
from chatmgr.ui.context import app, markdown
from chatmgr.ui.transcript_view import answerer_of

T = TypeVar("T")
_PRINTED = 20  # conversations, where nobody can pick; chatmgr history lists them all
_PREVIEW_TURNS = 6
_PREVIEW_CHARACTERS = 8_000  # of a message, or of an answer of text alone: more than any screen shows
_ABOUT_CHARACTERS = 200  # of instructions


def conversations(current: Conversation | None = None) -> Offer[Conversation]:
    """All conversations, newest activity first, with the last of what was said in them."""
    return Offer("conversation", lambda: _conversations(current), _last_turns, _PRINTED)


def _conversations(current: Conversation | None) -> Iterator[Choice[Conversation]]:
    now = datetime.now(UTC)
    here = current.pk if current else 0
    for conversation in app().reader.conversations.list(0):
        facts = (counted(conversation.turns, "turn"), conversation.model, age(conversation.updated_at, now))
        about, is_current = about_spans(conversation), conversation.pk == here
        yield Choice(conversation.name, conversation, about, facts, current=is_current)


def _last_turns(row: Choice[Conversation], width: int, height: int) -> list[str]:
    """The last turns as they look in the chat, as far as they fit."""
    lines: list[str] = []
    turns = app().reader.turns.tail(row.value, _PREVIEW_TURNS)
    for turn, before in reversed(list(zip(turns, [None, *turns], strict=False))):
        lines = [*_turn(turn, before, width), *([""] if lines else []), *lines]
        if len(lines) > height:
            break
    return lines


def _turn(turn: Turn, before: Turn | None, width: int) -> Iterator[str]:
    reader = app().reader
    items, files = reader.items.of(turn), reader.turns.attachments(turn)
    answer = turn.answer if items else turn.answer[-_PREVIEW_CHARACTERS:]
    shown = replace(turn, user=turn.user[:_PREVIEW_CHARACTERS], answer=answer)
    if not markdown():
        return turn_lines(shown, files, terminal=True, items=items)
    answerer = answerer_of(before) if before else None
    return turn_rows(shown, files, items, width=width, now=datetime.now(UTC), before=answerer)


def listed_models(provider: Provider) -> list[ModelInfo]:
    """What a provider's server lists; raises ChatmgrError where it is late, or lists nothing."""
    status = Status(sys.stderr)
    status.waiting_for(f"waiting for {provider.name}")
    try:
        listed = app().providers.models(provider)
    finally:
        status.clear()
    if not listed:
        problem = "lists no models" if listed is not None else "does not list its models in time"
        raise ChatmgrError(f"{provider.name} {problem}.", "Type one: /model NAME")
    return listed


def model_meant(provider: Provider, typed: str, current: str) -> str:
    """The model that a name means, or letters of it; empty where the person leaves the list of several.

    A name that is listed, or that is like none, is taken as it is: servers take names that they do not list.
    """
    listed = app().providers.models_like(provider, typed) if can_edit_lines() else []
    if len(listed) < 2:
        return listed[0].id if listed else typed
    typed_itself = Choice(typed, typed, [("as it is typed; not listed", "fact")])
    offer = models(listed, current)
    return Offer("model", lambda: [typed_itself, *offer.choices()]).pick(typed) or ""


def models(listed: Sequence[ModelInfo], current: str) -> Offer[str]:
    """The models that a server lists, and the one in use, even if it is not listed."""
    infos = {info.id: info.note for info in listed}
    if current and current not in infos:
        infos = {current: "not listed", **infos}
    choices = [Choice(name, name, _words(note), current=name == current) for name, note in infos.items()]
    return Offer("model", lambda: _current_first(choices))


def providers(current: str) -> Offer[str]:
    """The configured providers."""
    choices = [
        Choice(
            provider.name,
            provider.name,
            _words(provider.endpoint or "in this process"),
            (provider.default_model,),
            current=provider.name == current,
        )
        for provider in app().settings.providers.values()
    ]
    return Offer("provider", lambda: _current_first(choices))


def assistants(current: Assistant) -> Offer[Assistant]:
    """All assistants, with their instructions."""

    def choices() -> list[Choice[Assistant]]:
        return _current_first(
            [
                Choice(
                    assistant.name,
                    assistant,
                    _words(assistant.instructions[:_ABOUT_CHARACTERS] or "(no instructions)"),
                    (assistant.model, f"version {assistant.version}"),
                    current=assistant.id == current.id,
                )
                for assistant in app().reader.assistants.list()
            ]
        )

    return Offer("assistant", choices, _instructions)


def _instructions(row: Choice[Assistant], width: int, height: int) -> list[str]:
    text = clean(row.value.instructions[: width * height]).expandtabs(4) or "(no instructions)"
    return wrap(text, width).split("\n")[:height]


def _words(text: str) -> Spans:
    line = one_line(text)
    return [(line, "")] if line else []


def _current_first(choices: Iterable[Choice[T]]) -> list[Choice[T]]:
    return sorted(choices, key=lambda choice: not choice.current)
