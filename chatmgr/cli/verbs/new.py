"""``chatmgr new``: an assistant and a named conversation, then the chat or one turn."""

import sys
from contextlib import nullcontext
from dataclasses import dataclass, replace
from shlex import quote

import click

from chatmgr.chat.session import run_chat
from chatmgr.cli.model_params import params_from
from chatmgr.cli.params import (
    MessageCommand,
    NameParam,
    background_option,
    checked_message,
    file_option,
    instructions_option,
    json_option,
    max_cost_option,
    message_from,
    params_option,
    plain_option,
    read_stdin,
)
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.model import Assistant, Attachment, Conversation, Provider, UserMessage
from chatmgr.domain.names import slug, valid_name
from chatmgr.domain.text import valid_text
from chatmgr.services import budget
from chatmgr.services.attachments import check_files
from chatmgr.terminal.console import console
from chatmgr.terminal.typeahead import early_typeahead
from chatmgr.ui.attachments import attachments, instructions_from
from chatmgr.ui.context import app, interactive
from chatmgr.ui.json_output import conversation_json, print_json
from chatmgr.ui.prompts import ask_instructions, ask_name, provider_or_ask
from chatmgr.ui.turn_view import note_unlisted_model, open_thread, send


@dataclass(frozen=True, slots=True)
class _AssistantOptions:
    """The assistant that was asked for: an existing one by name, or what a new one is made of."""

    name: str | None
    instructions: str | None
    model: str
    provider: str
    params: tuple[str, ...]


@click.command(
    "new", cls=MessageCommand, short_help="Create an assistant and a named conversation, then chat."
)
@click.argument("name", required=False, help="The conversation's name. Default: made from the first message.")
@click.argument("message", required=False, help="A first message. Runs one turn and exits.")
@click.option(
    "-a",
    "--assistant",
    type=NameParam("assistant"),
    help="Use this assistant, or create one with this name.",
)
@instructions_option
@click.option(
    "-m",
    "--model",
    type=NameParam("model"),
    default="",
    help="The model. Default: the provider's.",
)
@click.option(
    "--provider", type=NameParam("provider"), default="", help="The provider; see chatmgr provider list."
)
@params_option
@file_option
@background_option
@max_cost_option
@plain_option
@json_option
def command(
    name: str | None,
    message: str | None,
    assistant: str | None,
    instructions: str | None,
    model: str,
    provider: str,
    params: tuple[str, ...],
    files: tuple[str, ...],
    background: bool,
    max_cost: float | None,
    as_json: bool,
) -> int:
    """Create an assistant (or use one, with -a) and a named conversation, then chat.

    At a terminal, chatmgr asks for what is missing: the assistant's name, then its instructions. With
    MESSAGE or piped input, it runs that one turn instead of opening the chat.

    \b
    Examples:
      chatmgr new
      chatmgr new demo --provider local -i "You are brief." "Say hello."
      chatmgr new review -a reviewer -i @reviewer.md -m gpt-6-luna
    """
    attached = attachments(files)
    text = message_from(message, "" if "-" in files else read_stdin())
    chat = interactive() and not as_json and sys.stdout.isatty()
    if text or message is not None or (attached and not chat):
        checked_message(text)
    options = _AssistantOptions(assistant, instructions, model, provider, params)
    conversation, used = _create(name, text, options, attached, budget.limit_from(max_cost or 0))
    if text:
        send(conversation, UserMessage(text, attached, background), as_json=as_json)
        return 0
    with early_typeahead() if chat else nullcontext():
        note_unlisted_model(conversation.provider, model)
        return _begin(conversation, used, attached, chat=chat, background=background, as_json=as_json)


def _begin(
    conversation: Conversation,
    assistant: Assistant,
    attached: tuple[Attachment, ...],
    *,
    chat: bool,
    background: bool,
    as_json: bool,
) -> int:
    """Open the conversation's thread, announce it, and chat where there is a terminal for it."""
    open_thread(conversation, assistant, chat=chat)
    with app().reader as reader:
        conversation = reader.conversations.get(conversation.name)
        if as_json:
            print_json(conversation_json(conversation))
            return 0
        _announce(conversation, assistant)
    return run_chat(conversation, attached, background=background) if chat else 0


def _refuse_taken(name: str | None) -> None:
    if name and app().reader.conversations.find(name):
        raise UsageFault(
            f"There is a conversation “{name}” already.",
            f"Go on with it: chatmgr resume {quote(name)} — or choose another name.",
        )


def _create(
    name: str | None,
    text: str,
    options: _AssistantOptions,
    attached: tuple[Attachment, ...],
    limit: int | None,
) -> tuple[Conversation, Assistant]:
    """Create the conversation, and its assistant if need be; all checks come before anything is stored."""
    name = valid_name("conversation", name) if name is not None else None
    if options.name is not None:
        options = replace(options, name=valid_name("assistant", options.name))
    _refuse_taken(name)
    assistant, provider = _assistant(name, text, options, attached)
    name = name or app().reader.conversations.unused_name(text or options.name or assistant.name)
    own_model = options.model if options.name and options.model != assistant.model else ""
    app().writer.conversations.create(name, assistant.id, own_model, provider.name, app().here)
    conversation = app().reader.conversations.get(name)
    if limit:
        app().writer.conversations.limit_cost(conversation.pk, limit)
    return conversation, assistant


def _assistant(
    conversation: str | None, text: str, options: _AssistantOptions, attached: tuple[Attachment, ...]
) -> tuple[Assistant, Provider]:
    """The assistant, created if it does not exist yet, and the provider to begin with."""
    known = app().reader.assistants.find(options.name) if options.name else None
    if known is None and options.name and options.instructions is None and not interactive():
        known = app().reader.assistants.get(options.name)
    if known is None:
        provider = _provider(options, "", attached)
        return _create_assistant(conversation, text, options), provider
    if options.instructions is not None or options.params:
        raise UsageFault(
            f"The assistant “{known.name}” exists; -i and --param would change it for others, too.",
            f"Change it with: chatmgr assistant edit {quote(known.name)} — or leave out -a.",
        )
    return known, _provider(options, known.provider, attached)


def _create_assistant(conversation: str | None, text: str, options: _AssistantOptions) -> Assistant:
    """A new assistant: named by the option, the conversation, the person, or the first message."""
    name = options.name or conversation
    if options.instructions is None and not interactive():
        raise UsageFault(
            "The assistant has no instructions.",
            'Add -i "You are …", or -a ASSISTANT to use an existing one.',
        )
    if name is None and interactive():
        name = ask_name()
    typed = ask_instructions() if options.instructions is None else instructions_from(options.instructions)
    instructions = valid_text(typed, what="instruction set")
    taken = [assistant.name for assistant in app().reader.assistants.list()]
    name = valid_name("assistant", name or slug(text))
    if not options.name and name in taken:
        name = slug(name, taken)
    params = params_from(options.params)
    app().writer.assistants.create(name, instructions, options.model, options.provider, params)
    return app().reader.assistants.get(name)


def _provider(
    options: _AssistantOptions, assistants_provider: str, attached: tuple[Attachment, ...]
) -> Provider:
    """The provider to begin with; raises if it cannot take the files."""
    provider = provider_or_ask(options.provider, assistants_provider)
    check_files(provider, attached)
    return provider


def _announce(conversation: Conversation, assistant: Assistant) -> None:
    model = app().turns.model_of(conversation)
    endpoint = f"{conversation.provider} ({model})" if model else conversation.provider
    console.note(f"“{conversation.name}” with {assistant.name} at {endpoint}. exit() or Ctrl-D to leave.")
