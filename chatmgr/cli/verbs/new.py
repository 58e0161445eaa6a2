"""``chatmgr new``: an assistant and a named conversation, then the chat or one turn."""

import sys
from contextlib import nullcontext
from shlex import quote

import click

from chatmgr.chat.session import run_chat
from chatmgr.cli.verbs.send import run_one
from chatmgr.domain.errors import ChatmgrError, UsageFault
from chatmgr.domain.model import Assistant, Attachment, Conversation, Provider, UserMessage
from chatmgr.domain.names import slug, valid_name
from chatmgr.domain.text import valid_text
from chatmgr.services import budget
from chatmgr.services.attachments import check_files
from chatmgr.terminal.console import console
from chatmgr.terminal.typeahead import early_typeahead
from chatmgr.ui.attachments import attachments
from chatmgr.ui.context import (
    AssistantName,
    ModelName,
    ProviderName,
    app,
    background_option,
    checked_message,
    file_option,
    instructions_from,
    interactive,
    json_option,
    max_cost_option,
    message_from,
    params_from,
    plain_option,
    read_stdin,
)
from chatmgr.ui.json_output import conversation_json, print_json
from chatmgr.ui.prompts import ask_instructions, ask_name, provider_or_ask


@click.command("new", short_help="Create an assistant and a named conversation, then chat.")
@click.argument("name", required=False, help="The conversation's name; if left out, made of what is said.")
@click.argument("message", required=False, help="A first message: run that turn and exit.")
@click.option(
    "-a", "--assistant", type=AssistantName(), help="Use this assistant, or create it under this name."
)
@click.option("-i", "--instructions", metavar="TEXT|@FILE", help="What the assistant is told to be.")
@click.option(
    "-m", "--model", type=ModelName(), default="", help="The model; the provider's default if left out."
)
@click.option("--provider", type=ProviderName(), default="", help="The provider; see chatmgr provider list.")
@click.option(
    "--param", "params", multiple=True, metavar="KEY=VALUE", help="A parameter for the model; repeatable."
)
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
    """Create an assistant (or use one with -a) and a named conversation, then chat with it.

    At a terminal, what is missing is asked for: the assistant's name, then its instruction set. With
    MESSAGE, or with something piped in, that one turn is run instead of the chat.

    \b
    Examples:
      chatmgr new
      chatmgr new demo --provider local -i "You are brief." "Say hello."
      chatmgr new review -a reviewer -i @reviewer.md -m gpt-6-luna
    """
    attached = attachments(files)
    piped = "" if "-" in files else read_stdin()
    text = message_from(message, piped)
    chat = interactive() and not as_json and sys.stdout.isatty()
    if text or message is not None or (attached and not chat):
        checked_message(text)
    most = budget.limit_from(max_cost or 0)
    name = valid_name("conversation", name) if name is not None else None
    assistant = valid_name("assistant", assistant) if assistant is not None else None
    if name and app().reader.find_conversation(name):
        raise UsageFault(
            f"There is a conversation “{name}” already.",
            f"Go on with it: chatmgr resume {quote(name)} — or choose another name.",
        )
    persona, chosen = _persona(name, text, assistant, instructions, model, provider, params, attached)
    own = name or app().reader.unused_name(text or assistant or persona.name)
    own_model = model if assistant and model != persona.model else ""
    app().writer.create_conversation(own, "", persona.id, own_model, chosen.name, app().here)
    conversation = app().reader.conversation(own)
    if most:
        app().writer.limit_cost(conversation.pk, most)
    if text:
        run_one(conversation, UserMessage(text, attached, background), as_json=as_json)
        return 0
    with early_typeahead() if chat else nullcontext():
        begin(conversation, persona, chat=chat)
        with app().reader as reader:
            conversation = reader.conversation(own)
            if as_json:
                print_json(conversation_json(conversation))
                return 0
            model = app().turns.model_of(conversation)
        where = f"{conversation.provider} ({model})" if model else conversation.provider
        console.note(f"“{own}” with {persona.name} at {where}. exit() or Ctrl-D leave.")
        return run_chat(conversation, attached, background=background) if chat else 0


def _persona(
    name: str | None,
    text: str,
    assistant: str | None,
    instructions: str | None,
    model: str,
    provider: str,
    params: tuple[str, ...],
    attached: tuple[Attachment, ...],
) -> tuple[Assistant, Provider]:
    """The assistant to use, made if need be, and the provider; all checks come before anything is made."""
    reader = app().reader
    known = reader.find_assistant(assistant) if assistant else None
    if known is None and assistant and instructions is None and not interactive():
        known = reader.assistant(assistant)
    if known:
        if instructions is not None or params:
            raise UsageFault(
                f"The assistant “{known.name}” exists; -i and --param would change it for others too.",
                f"Change it with: chatmgr assistant edit {quote(known.name)} — or leave -a out.",
            )
        return known, _provider(provider, known.provider, model, attached)
    chosen = _provider(provider, "", model, attached)
    label = assistant or name
    if instructions is None and not interactive():
        raise UsageFault(
            "Instructions for the assistant are missing.", 'Add -i "You are …", or -a ASSISTANT to use one.'
        )
    if label is None and interactive():
        label = ask_name()
    told = ask_instructions() if instructions is None else instructions_from(instructions)
    told = valid_text(told, what="instruction set")
    taken = [one.name for one in reader.assistants()]
    label = valid_name("assistant", label or slug(text))
    if not assistant and label in taken:
        label = slug(label, taken)
    app().writer.create_assistant(label, told, model, provider, params_from(params))
    return reader.assistant(label), chosen


def _provider(named: str, assistants: str, model: str, attached: tuple[Attachment, ...]) -> Provider:
    """The provider to begin with, which can take the model and the files."""
    chosen = provider_or_ask(named, assistants)
    check_files(chosen, attached)
    if model:
        app().providers.check_model(chosen, model)
    return chosen


def begin(conversation: Conversation, persona: Assistant, *, chat: bool) -> None:
    """Make the remote side; what cannot be reached now is made by the first turn."""
    try:
        app().turns.prepare(conversation, persona)
    except ChatmgrError as error:
        name = conversation.name
        later = f"“{name}” is kept; go on with it later: chatmgr resume {quote(name)}"
        error.hint = f"{error.hint} {later}".strip()
        if not chat or error.exit_code != 6:
            raise
        console.note(f"{error.message} {error.hint}", "yellow")
