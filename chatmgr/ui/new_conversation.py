"""A new conversation, as the verbs that begin one make it: with its assistant, its provider and its limit."""

from collections.abc import Mapping
from dataclasses import dataclass
from shlex import quote
from typing import Any

from chatmgr.domain.errors import ChatmgrError, UsageFault
from chatmgr.domain.model import Assistant, Attachment, Conversation, Provider, UserMessage
from chatmgr.domain.names import DEFAULT_ASSISTANT, slug, valid_name
from chatmgr.domain.text import valid_text
from chatmgr.services.attachments import check_files
from chatmgr.services.free_names import create_under_free_name
from chatmgr.terminal.console import console
from chatmgr.ui.attachments import instructions_from
from chatmgr.ui.context import app


@dataclass(frozen=True, slots=True)
class WhoAnswers:
    """The assistant that was asked for, and where it answers.

    It is an existing one by ``name``, or a new one with ``instructions`` or ``params`` of its own, or, where
    none of the three was given, the default one. ``asking``: a person is asked before that is taken.
    """

    name: str | None
    instructions: str | None
    model: str
    provider: str
    params: Mapping[str, Any]
    asking: bool = False

    @property
    def is_described(self) -> bool:
        """Whether a new assistant is wanted."""
        return self.instructions is not None or bool(self.params)


@dataclass(frozen=True, slots=True)
class NewConversation:
    """A conversation that was just created, and its assistant.

    ``is_name_made``: nobody chose its name. ``is_assistant_made``: its assistant is new, too, and nobody
    chose the name of that.
    """

    conversation: Conversation
    assistant: Assistant
    is_name_made: bool
    is_assistant_made: bool

    def run_first_turn(self, message: UserMessage, *, as_json: bool, reasoning: bool = False) -> None:
        """Run the first turn, then tell the names that the person cannot know.

        Where it fails, the error tells how to go on: the message is kept.
        """
        from chatmgr.ui.turn_view import send

        name = quote(self.conversation.name)
        try:
            send(self.conversation, message, as_json=as_json, reasoning=reasoning)
        except ChatmgrError as error:
            if self.is_name_made:
                kept = f"It is kept as “{self.conversation.name}”: chatmgr resume {name}"
                error.hint = f"{error.hint}\n{kept}".strip()
            raise
        if self.is_name_made:
            console.note(f"Kept as “{self.conversation.name}”. Go on with: chatmgr resume {name}")
        self.tell_assistant()

    def tell_assistant(self) -> None:
        """Say what the assistant is called, if the person cannot know it."""
        if self.is_assistant_made:
            name = self.assistant.name
            console.note(f"The assistant is called “{name}”. To use it again: chatmgr new -a {quote(name)}")


def create_conversation(
    name: str | None,
    text: str,
    who: WhoAnswers,
    attached: tuple[Attachment, ...] = (),
    limit: int | None = None,
) -> NewConversation:
    """Create a conversation, and its assistant if need be; all checks come before anything is stored.

    Without a name it is called after ``text``, which the person said first, or else after its assistant.
    """
    named = valid_name("conversation", name) if name is not None else None
    if named and app().reader.conversations.find(named):
        raise UsageFault(
            f"There is a conversation “{named}” already.",
            f"Go on with it: chatmgr resume {quote(named)} — or choose another name.",
        )
    assistant, provider = _assistant(named, text, who, attached)
    after_assistant = "" if assistant.name == DEFAULT_ASSISTANT else assistant.name
    has_model = who.model == assistant.model and assistant.provider in {"", provider.name}
    own_model = "" if has_model else who.model
    conversations = app().reader.conversations
    name = create_under_free_name(
        lambda: named or conversations.unused_name(text or after_assistant),
        lambda name: app().writer.conversations.create(
            name, assistant.id, own_model, provider.name, app().here
        ),
    )
    conversation = app().reader.conversations.get(name)
    if limit:
        app().writer.conversations.limit_cost(conversation.pk, limit)
    is_made = who.name is None and who.is_described and not (who.asking and named is None)
    return NewConversation(conversation, assistant, named is None, is_made)


def _assistant(
    conversation: str | None, text: str, who: WhoAnswers, attached: tuple[Attachment, ...]
) -> tuple[Assistant, Provider]:
    """The assistant, created if it does not exist yet, and the provider to begin with."""
    name = _wanted_name(who)
    is_default = name == DEFAULT_ASSISTANT and not who.is_described
    known = app().reader.assistants.find(name) if name else None
    if known is None and name and not (is_default or who.asking or who.instructions is not None):
        known = app().reader.assistants.get(name)
    if known and who.is_described:
        raise UsageFault(
            f"The assistant “{known.name}” exists; -i and --param would change it for others, too.",
            f"Change it with: chatmgr assistant edit {quote(known.name)} — or leave out -a.",
        )
    provider = _provider(who, known.provider if known else "", attached)
    if known is None:
        known = app().assistants.default() if is_default else _created(name or conversation, text, who)
    return known, provider


def _wanted_name(who: WhoAnswers) -> str:
    """The assistant's name as it was given, or is typed now; empty for one that is made without a name."""
    if who.name is not None:
        return valid_name("assistant", who.name)
    if who.is_described:
        return ""
    if not who.asking:
        return DEFAULT_ASSISTANT
    from chatmgr.ui.prompts import ask_assistant

    return valid_name("assistant", ask_assistant(DEFAULT_ASSISTANT))


def _provider(who: WhoAnswers, assistants_provider: str, attached: tuple[Attachment, ...]) -> Provider:
    """The provider to begin with; raises if it cannot take the files."""
    provider = app().providers.choose(who.provider, assistants_provider)
    if provider is None:
        from chatmgr.ui.prompts import provider_or_ask

        provider = provider_or_ask(who.provider, assistants_provider)
    check_files(provider, attached)
    return provider


def _created(name: str | None, text: str, who: WhoAnswers) -> Assistant:
    """A new assistant, called as the person says, or after the conversation or the first message."""
    if name is None and who.asking:
        from chatmgr.ui.prompts import ask_name

        name = ask_name()
    instructions = valid_text(_instructions(who), what="instruction set")
    wanted = valid_name("assistant", name or slug(text))
    name = create_under_free_name(
        lambda: wanted if who.name is not None else _free_assistant_name(wanted),
        lambda name: app().writer.assistants.create(name, instructions, who.model, who.provider, who.params),
    )
    return app().reader.assistants.get(name)


def _free_assistant_name(name: str) -> str:
    taken = [assistant.name for assistant in app().reader.assistants.list()]
    return slug(name, taken) if name in taken else name


def _instructions(who: WhoAnswers) -> str:
    """What a new assistant is told; one with parameters alone is told what the default one is."""
    if who.instructions is not None:
        return instructions_from(who.instructions)
    if who.asking and not who.params:
        from chatmgr.ui.prompts import ask_instructions

        return ask_instructions()
    return app().assistants.default().instructions
