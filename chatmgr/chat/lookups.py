"""What the chat's input line is offered: earlier messages, names, models, and the facts of its toolbar.

Each function opens the database and closes it again, so that a chat that waits for its next line keeps
no connection.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from chatmgr.chat.input.sources import InputSources
from chatmgr.chat.slash import Command
from chatmgr.completion.path_addresses import path_addresses
from chatmgr.domain.errors import ChatmgrError
from chatmgr.domain.model import Attachment, Conversation, Turn
from chatmgr.domain.money import rounded_dollars
from chatmgr.domain.names import notable_assistant
from chatmgr.domain.states import RunState
from chatmgr.ui.context import app, markdown

_RECALLED_HERE, _RECALLED_EVERYWHERE = 200, 5_000  # messages
_NAMES = 100_000

Fact = tuple[int, str]  # its rank, in which facts give way to others (0 last), and its text


def sources(
    conversation: Callable[[], Conversation],
    toolbar: Callable[[], list[Fact]],
    commands: Callable[[], Mapping[str, Command]],
    attached: Callable[[], Iterable[Attachment]],
) -> InputSources:
    """What a chat's input line asks for; ``conversation`` tells which one the chat is at."""
    return InputSources(
        here=lambda: _messages_here(conversation()),
        everywhere=_messages_everywhere,
        toolbar=toolbar,
        commands=commands,
        completions={
            "conversation": _addresses,
            "place": lambda typed: [*_addresses(typed), *_paths(conversation(), typed)],
            "turn": lambda _: _turns(conversation()),
            "assistant": lambda _: _assistants(),
            "provider": lambda _: _providers(),
            "model": lambda _: _models(conversation().provider),
            "tag": lambda _: _tags(conversation()),
            "title": lambda _: _title(conversation()),
        },
        slow={"model": lambda: conversation().provider},
        attached=attached,
        rendered=markdown(),
        vi=app().settings.get("edit_mode") == "vi",
    )


def _messages_here(conversation: Conversation) -> list[str]:
    """Newest first; nothing where the database cannot be read: the turn will say why."""
    with suppress(ChatmgrError), app().reader as reader:
        return [turn.user for turn in reversed(reader.turns.tail(conversation, _RECALLED_HERE))]
    return []


def _messages_everywhere() -> list[str]:
    with app().reader as reader:
        return list(dict.fromkeys(reader.turns.user_messages(_RECALLED_EVERYWHERE)))


def _conversations() -> list[tuple[str, str]]:
    with app().reader as reader:
        return reader.conversations.names("", _NAMES)


def _addresses(typed: str) -> list[tuple[str, str]]:
    """Conversations, and the last turns of one whose name is typed already, with an @ behind it."""
    name, at, _ = typed.rpartition("@")
    with app().reader as reader:
        conversation = reader.conversations.find(name) if name and at else None
        if conversation is None:
            return _conversations()
        turns = reader.turns.tail(conversation, _RECALLED_HERE)
    return [(f"{name}@{turn.turn}", turn.user) for turn in reversed(turns)]


def _paths(conversation: Conversation, typed: str) -> list[tuple[str, str]]:
    """The other paths of a conversation, and the turns of one whose number is typed already, with an @."""
    with app().reader as reader:
        if typed.startswith("~") and "@" in typed:
            name = reader.conversations.refresh(conversation).name
            known = path_addresses(f"{name}{typed}", reader.tree.named_paths, reader.tree.turns_along)
            return [(address.removeprefix(name), question) for address, question in known]
        others = [path for path in reader.tree.paths(conversation.pk) if not path.current]
    return [(f"~{path.number}", f"another path, which ends at @{path.end}") for path in others]


def _turns(conversation: Conversation) -> list[tuple[str, str]]:
    """The last turns of a conversation, newest first, each with what was asked."""
    with app().reader as reader:
        turns = reader.turns.tail(reader.conversations.refresh(conversation), _RECALLED_HERE)
    return [(f"@{turn.turn}", turn.user) for turn in reversed(turns)]


def _assistants() -> list[tuple[str, str]]:
    with app().reader as reader:
        return [(assistant.name, assistant.instructions) for assistant in reader.assistants.list()]


def _tags(conversation: Conversation) -> list[tuple[str, str]]:
    """Its own tags to remove, all others to add."""
    with app().reader as reader:
        own = reader.conversations.refresh(conversation).tags
        others = [tag for tag, _ in reader.conversations.tags() if tag not in own]
    return [*((f"-{tag}", "remove") for tag in own), *((f"+{tag}", "") for tag in others)]


def _title(conversation: Conversation) -> list[tuple[str, str]]:
    """The present title, to be edited."""
    with app().reader as reader:
        title = reader.conversations.refresh(conversation).title
    return [(title, "as it is")] if title else []


def _providers() -> list[tuple[str, str]]:
    providers = app().settings.providers.values()
    return [(provider.name, provider.endpoint or "in this process") for provider in providers]


def _models(provider: str) -> list[tuple[str, str]]:
    """What the server lists. Runs in a thread of its own, so nothing here reads the database."""
    backend = app().providers.backend(app().providers.get(provider))
    return [(model.id, model.note) for model in backend.models()]


def facts(conversation: Conversation, answering: str = "") -> list[Fact]:
    """What the toolbar shows: conversation, assistant, model, tokens and cost.

    ``answering`` is the model of the turn that runs. Where only the server knows its default model, that is
    named as soon as it is chosen.
    """
    try:
        with app().reader as reader:
            model = answering or app().turns.shown_model(conversation)
            model = model or f"default model of {conversation.provider}"
            newest = next(iter(reader.turns.tail(conversation, 1)), None)
            cost, unpriced = reader.runs.cost(conversation.pk)
    except ChatmgrError:
        return [(0, conversation.name)]
    tokens = context_used(conversation, newest)
    priced = f"{rounded_dollars(cost)}{' and more' if unpriced else ''}" if cost else ""
    waiting = "waiting for you" if newest and newest.state == RunState.REQUIRES_ACTION else ""
    return [
        (0, conversation.name),
        (0, waiting),
        (3, notable_assistant(conversation.assistant, conversation.name)),
        (1, model),
        (4, tokens),
        (2, priced),
    ]


def context_used(conversation: Conversation, newest: Turn | None) -> str:
    """The tokens that the newest turn left in the model's context, and how many fit where that is known."""
    used = (newest.input_tokens or 0) + (newest.output_tokens or 0) if newest else 0
    capacity = int(app().settings.get("local.context")) if conversation.provider == "local" else 0
    return f"{used:,}" + (f" of {capacity:,}" if capacity else "") + " tokens" if used else ""
