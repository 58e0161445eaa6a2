"""What the chat's input line is offered: what was said, names, models, and the facts of its toolbar.

Each function opens the database for a moment and lets it go, so that a chat which waits for its next
line holds nothing.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from chatmgr.chat.input.prompt import InputSources
from chatmgr.domain.errors import ChatmgrError
from chatmgr.domain.model import Conversation, Turn
from chatmgr.domain.money import dollars
from chatmgr.ui.context import app

if TYPE_CHECKING:
    from chatmgr.chat.input.picker import Choice
    from chatmgr.chat.session import ChatSession

_HERE, _EVERYWHERE = 200, 5_000
_NAMES = 100_000
_PREVIEWED = 6  # turns
_CHARACTERS = 4_000  # of each

Fact = tuple[int, str]


def sources(talk: "ChatSession") -> InputSources:
    """What a chat's line asks for, of the conversation that the chat is at."""
    return InputSources(
        here=lambda: _here(talk.conversation),
        everywhere=_everywhere,
        toolbar=lambda: talk.facts,
        commands=talk.commands,
        completions={
            "conversation": _conversations,
            "assistant": _assistants,
            "provider": _providers,
            "model": lambda: _models(talk.conversation.provider),
            "tag": lambda: _tags(talk.conversation),
            "title": lambda: _title(talk.conversation),
        },
        slow={"model": lambda: talk.conversation.provider},
        vi=app().settings.get("edit_mode") == "vi",
    )


def _here(conversation: Conversation) -> list[str]:
    """Nothing, where the database cannot be read: the turn will say why."""
    with suppress(ChatmgrError), app().reader as reader:
        return [turn.user for turn in reversed(reader.tail(conversation, _HERE))]
    return []


def _everywhere() -> list[str]:
    with app().reader as reader:
        return list(dict.fromkeys(reader.said(_EVERYWHERE)))


def _conversations() -> list[tuple[str, str]]:
    with app().reader as reader:
        return reader.names("", _NAMES)


def _assistants() -> list[tuple[str, str]]:
    with app().reader as reader:
        return [(one.name, one.instructions) for one in reader.assistants()]


def _tags(conversation: Conversation) -> list[tuple[str, str]]:
    """Those that it has to take off, all others to put on."""
    with app().reader as reader:
        own = reader.again(conversation).tags
        every = [name for name, _ in reader.tags()]
    return [*((f"-{one}", "take off") for one in own), *((f"+{one}", "") for one in every if one not in own)]


def _title(conversation: Conversation) -> list[tuple[str, str]]:
    """The title as it is, to be changed."""
    with app().reader as reader:
        title = reader.again(conversation).title
    return [(title, "as it is")] if title else []


def _providers() -> list[tuple[str, str]]:
    return [(one.name, one.base_url or "in this process") for one in app().settings.providers.values()]


def _models(provider: str) -> list[tuple[str, str]]:
    """What the server lists. Asked in a thread of its own: nothing here reads the database."""
    found = app().providers
    return [(one.id, one.note) for one in found.backend(found.get(provider)).models()]


def facts(conversation: Conversation) -> list[Fact]:
    """The toolbar: conversation, assistant, model, tokens and cost; the rank is in which order they go."""
    found = app()
    try:
        with found.reader as reader:
            model = found.turns.model_of(conversation)
            newest = next(iter(reader.tail(conversation, 1)), None)
            cost, unknown = reader.cost(conversation.pk)
    except ChatmgrError:
        return [(0, conversation.name)]
    tokens = context(conversation, newest)
    priced = f"{dollars(cost)}{' and more' if unknown else ''}" if cost else ""
    return [(0, conversation.name), (3, conversation.assistant), (1, model), (4, tokens), (2, priced)]


def context(conversation: Conversation, newest: Turn | None) -> str:
    """The tokens that the newest turn left in the model's context, and how many fit where that is known."""
    used = (newest.input_tokens or 0) + (newest.output_tokens or 0) if newest else 0
    most = int(app().settings.get("local.context")) if conversation.provider == "local" else 0
    return f"{used:,}" + (f" of {most:,}" if most else "") + " tokens" if used else ""


def choose() -> Conversation | None:
    """Let the person pick a conversation, newest activity first; None if they leave."""
    from chatmgr.chat.input.picker import pick

    with app().reader:
        found = pick(_rows(), _preview, "conversations")
    return found.value if found else None


def _rows() -> "Iterator[Choice[Conversation]]":
    from chatmgr.chat.input.picker import Choice

    for one in app().reader.conversations(0):
        yield Choice(one.name, one.title or _beside(one), one, one.title)


def _beside(one: Conversation) -> str:
    turns = "1 turn" if one.turns == 1 else f"{one.turns:,} turns"
    return f"{turns} · {one.assistant}"


def _preview(row: "Choice[Conversation]") -> str:
    return "\n".join(_lines(row.value))


def _lines(conversation: Conversation) -> Iterable[str]:
    for turn in app().reader.tail(conversation, _PREVIEWED):
        yield f"> {turn.user[:_CHARACTERS]}"
        yield ""
        yield turn.answer[:_CHARACTERS] or f"[{turn.state}]"
        yield ""
