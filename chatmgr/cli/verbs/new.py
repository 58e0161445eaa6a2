"""``chatmgr new``: a named conversation and its assistant, then the chat or one turn."""

import sys
from contextlib import nullcontext

import click

from chatmgr.chat.session import run_chat
from chatmgr.cli.messages import MessageCommand, checked_message, message_from, read_stdin
from chatmgr.cli.model_params import params_from
from chatmgr.cli.params import (
    NameParam,
    background_option,
    file_option,
    first_model_option,
    first_provider_option,
    instructions_option,
    json_option,
    max_cost_option,
    params_option,
    plain_option,
)
from chatmgr.domain.model import Attachment, Conversation, UserMessage
from chatmgr.domain.names import notable_assistant, reads_as_message
from chatmgr.services import budget
from chatmgr.terminal.console import console
from chatmgr.terminal.typeahead import early_typeahead
from chatmgr.ui.attachments import attachments
from chatmgr.ui.context import app, interactive
from chatmgr.ui.json_output import conversation_json, print_json
from chatmgr.ui.new_conversation import NewConversation, WhoAnswers, create_conversation
from chatmgr.ui.turn_view import note_unlisted_model, open_thread


@click.command("new", cls=MessageCommand, short_help="Create a named conversation, then chat.")
@click.argument("name", required=False, help="The conversation's name. Default: made from the first message.")
@click.argument("message", required=False, help="A first message. Runs one turn and exits.")
@click.option(
    "-a",
    "--assistant",
    type=NameParam("assistant"),
    help="Use this assistant, or create one with this name.",
)
@instructions_option
@first_model_option
@first_provider_option
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
    """Create a named conversation, with an assistant of its own if you like, then chat.

    At a terminal, chatmgr asks for the assistant's name: Enter takes the one called default, and for a new
    name you are asked for its instructions. -i makes a new assistant and tells its name. With MESSAGE or
    piped input, nothing is asked, and one turn is run instead of opening the chat. A text that was hardly
    meant as a name, such as a question, is the message.

    \b
    Examples:
      chatmgr new
      chatmgr new trip "Where is it warm in March?"
      chatmgr new demo --provider local -i "You are brief." "Say hello."
      chatmgr new review -a reviewer -i @reviewer.md -m gpt-6-luna
    """
    if name is not None and message is None and reads_as_message(name):
        name, message = None, name
    attached = attachments(files)
    text = message_from(message, "" if "-" in files else read_stdin())
    chat = interactive() and not as_json and sys.stdout.isatty()
    if text or message is not None or (attached and not chat):
        checked_message(text)
    asking = chat and not text
    who = WhoAnswers(assistant, instructions, model, provider, params_from(params), asking)
    limit = budget.limit_from(max_cost or 0)
    new = create_conversation(name, message or text, who, attached, limit)
    if text:
        new.run_first_turn(UserMessage(text, attached, background), as_json=as_json)
        return 0
    with early_typeahead() if chat else nullcontext():
        note_unlisted_model(new.conversation.provider, model)
        return _begin(new, attached, chat=chat, background=background, as_json=as_json)


def _begin(
    new: NewConversation,
    attached: tuple[Attachment, ...],
    *,
    chat: bool,
    background: bool,
    as_json: bool,
) -> int:
    """Open the conversation's thread, announce it, and chat where there is a terminal for it."""
    open_thread(new.conversation, new.assistant, chat=chat)
    with app().reader as reader:
        conversation = reader.conversations.get(new.conversation.name)
        if as_json:
            print_json(conversation_json(conversation))
            return 0
        _announce(conversation, new)
    return run_chat(conversation, attached, background=background) if chat else 0


def _announce(conversation: Conversation, new: NewConversation) -> None:
    """Say where the conversation begins, and with whom where the name does not say it."""
    model = app().turns.model_of(conversation)
    endpoint = f"{conversation.provider} ({model})" if model else conversation.provider
    assistant = notable_assistant(new.assistant.name, conversation.name)
    if new.is_assistant_made:
        assistant = f"its assistant {new.assistant.name}"
    companion = f" with {assistant}" if assistant else ""
    console.note(f"“{conversation.name}”{companion} at {endpoint}. exit() or Ctrl-D to leave.")
