"""``chatmgr`` without a verb at a terminal: the latest conversations, or three steps to the first one.

The steps are where answers come from, who answers, and the first message. Nothing is created before all is
known, so that leaving on the way leaves nothing half-made; “<” goes back a step.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from shlex import quote

import click

from chatmgr.chat.provider_setup import Back, agrees, provider_choices
from chatmgr.domain.errors import ChatmgrError, NetworkDown, ProviderRefused, UsageFault
from chatmgr.domain.model import Assistant, Conversation, Provider
from chatmgr.domain.names import nearest, slug, valid_name
from chatmgr.domain.text import valid_text
from chatmgr.terminal.console import console
from chatmgr.terminal.conversation_table import conversation_table
from chatmgr.terminal.region import stdout_size
from chatmgr.terminal.sanitize import one_line
from chatmgr.terminal.typeahead import early_typeahead
from chatmgr.ui.context import app
from chatmgr.ui.prompts import ask_line

_LATEST = 5  # conversations
_NUMBERED = 9  # models; one keystroke each
_NAME, _INSTRUCTIONS = "helper", "You are a helpful assistant. You answer briefly."


class Leave(Exception):
    """The person does not want to go on."""


@dataclass(slots=True)
class Plan:
    """What will be created, once all is known."""

    provider: Provider = field(default_factory=lambda: Provider("", ""))
    model: str = ""
    name: str = _NAME
    instructions: str = _INSTRUCTIONS


def welcome() -> int:
    """Show where to go on, or set up the first conversation and chat; returns the exit code."""
    latest = list(app().reader.conversations.list(_LATEST))
    if latest:
        return _show_latest(latest)
    try:
        plan = _ask_steps()
    except (click.Abort, KeyboardInterrupt, EOFError):
        console.note("")
        console.note("Nothing was created. Begin again with: chatmgr")
        return 130
    except Leave:
        console.note("Nothing was created. Begin again with: chatmgr — or see: chatmgr --help")
        return 0
    return _carry_out(plan)


def _show_latest(conversations: list[Conversation]) -> int:
    width = stdout_size()[0]  # only ever shown at a terminal
    for line in conversation_table(conversations, datetime.now(UTC), width=width):
        console.out(line)
    console.note("")
    last = app().reader.conversations.last_used()
    last_used = f"“{last.name}”, the one used last" if last else "the one used last"
    name = quote(conversations[0].name)
    for purpose, command in (
        (f"Go on with {last_used}:", "chatmgr resume"),
        ("Go on with another:", f"chatmgr resume NAME, for instance {name}"),
        ("Begin a new one:", "chatmgr new"),
        ("List or search them all:", "chatmgr history, chatmgr history -q WORDS"),
        ("Everything else:", "chatmgr --help"),
    ):
        console.note(f"{one_line(purpose)} {one_line(command)}", "")
    return 0


def _ask_steps() -> Plan:
    plan = Plan()
    console.note("Welcome to chatmgr. Three steps lead to the first conversation.", "strong")
    console.note(f"Conversations are kept on this machine, in {_database()}.", "")
    console.note("Your messages and their history leave it only for the provider that you choose now.", "")
    console.note("“<” goes back a step; Ctrl-C leaves, and nothing is created.")
    steps = (_ask_provider, _ask_assistant_name, _ask_assistant_instructions)
    step = 0
    while step < len(steps):
        try:
            steps[step](plan)
            step += 1
        except Back:
            step = max(0, step - 1)
        except ChatmgrError as error:
            console.note(f"{error.message} {error.hint}".strip(), "attention")
    return plan


def _database() -> str:
    """Where the database is; a server's address is not shown, because it may contain a password."""
    from chatmgr.config import paths

    return str(paths.data_dir()) if app().url.startswith("sqlite") else "your PostgreSQL database"


def _ask(question: str, default: str = "") -> str:
    text = ask_line(question, default or None)
    if text == "<":
        raise Back
    return text


def _ask_provider(plan: Plan) -> None:
    """Step one: a provider that answers, and one of its models."""
    choices, preferred = provider_choices()
    console.note("")
    console.note("1 of 3 · Where should answers come from?", "strong")
    for choice in choices:
        console.note(f"  [{choice.key}] {choice.label}", "")
    keys = ", ".join(choice.key for choice in choices)
    typed = _ask(f"Which one ({keys}; q leaves)", preferred).lower()
    if typed == "q":
        raise Leave
    picked = next((choice for choice in choices if choice.key == typed), None)
    if picked is None:
        raise UsageFault(f"“{typed}” is none of {keys}.")
    plan.provider = picked.set_up()
    plan.model = _ask_model(plan.provider)


def _ask_model(provider: Provider) -> str:
    """One of the models that the server lists, if the provider has no default; listing them tests the key.

    A list that is refused or late decides nothing: the model is then asked for by name.
    """
    if provider.api == "local":
        return ""
    try:
        models = app().providers.listed_models(provider)
        problem = f"{provider.name} has not listed its models in time." if models is None else ""
    except (NetworkDown, ProviderRefused) as error:
        if isinstance(error, NetworkDown) and not error.heard:
            raise
        models, problem = None, error.message
    if problem:
        console.note(problem, "attention")
    if provider.default_model:
        return ""
    if models is None:
        return _ask("The model's name")
    if not models:
        pull = "Fetch one, for instance: ollama pull llama3.2" if provider.name == "ollama" else ""
        raise UsageFault(f"{provider.name} answers, but has no model yet.", pull)
    if len(models) == 1:
        console.note(f"Its model is {models[0]}.")
        return models[0]
    return _pick_model(models)


def _pick_model(models: list[str]) -> str:
    """A model by its number in the list, or by name."""
    console.note(f"It has {len(models)} models:", "")
    for number, model in enumerate(models[:_NUMBERED], 1):
        console.note(f"  [{number}] {one_line(model)}", "")
    if len(models) > _NUMBERED:
        console.note(f"  … and {len(models) - _NUMBERED} more, by name")
    while True:
        typed = _ask("Which one", models[0] if len(models) > _NUMBERED else "1")
        if typed in models:
            return typed
        if typed.isdecimal() and 1 <= int(typed) <= min(len(models), _NUMBERED):
            return models[int(typed) - 1]
        close = nearest(typed, models)
        guess = f"; did you mean “{close[0]}”?" if close else "."
        console.note(f"“{typed}” is not one of them{guess}", "attention")
        if not typed.isdecimal() and agrees("Use it all the same?", default=False):
            return typed


def _ask_assistant_name(plan: Plan) -> None:
    """Step two, first half."""
    console.note("")
    console.note("2 of 3 · Who should answer? A name for the assistant, and its instructions.", "strong")
    plan.name = valid_name("assistant", _ask("Name of the assistant", plan.name))


def _ask_assistant_instructions(plan: Plan) -> None:
    """Step two, second half."""
    plan.instructions = valid_text(_ask("Its instructions", plan.instructions), what="instruction set")


def _carry_out(plan: Plan) -> int:
    """Store the key, create the assistant and the conversation, and chat."""
    from chatmgr.config import keys

    configured = app().providers.get(plan.provider.name)
    if plan.provider.key and not configured.key:
        store = keys.store_key(configured.name, plan.provider.key)
        console.note(f"Your key is kept in {store}.")
    _prefer(plan.provider.name)
    reader, writer = app().reader, app().writer
    name = plan.name
    taken = [assistant.name for assistant in reader.assistants.list()]
    if name in taken:
        name = slug(name, taken)
    writer.assistants.create(name, plan.instructions, plan.model, plan.provider.name, {})
    assistant = reader.assistants.get(name)
    conversation = reader.conversations.unused_name(name)
    writer.conversations.create(conversation, assistant.id, "", plan.provider.name)
    with early_typeahead():
        return _first_chat(reader.conversations.get(conversation), assistant)


def _first_chat(conversation: Conversation, assistant: Assistant) -> int:
    """Step three: the first message, which is the chat itself."""
    from chatmgr.chat.session import run_chat
    from chatmgr.ui.turn_view import open_thread

    open_thread(conversation, assistant, chat=True)
    with app().reader as reader:
        conversation = reader.conversations.get(conversation.name)
        model = app().turns.model_of(conversation)
    endpoint = f"{conversation.provider} ({one_line(model)})" if model else conversation.provider
    console.note("")
    console.note(f"3 of 3 · Say something to {assistant.name}, at {endpoint}.", "strong")
    console.note(f"The conversation is called “{conversation.name}”. exit() or Ctrl-D to leave; it is kept.")
    return run_chat(conversation)


def _prefer(name: str) -> None:
    """Make the choice the default, if the documented order would lead to another provider next time."""
    from chatmgr.config import settings, settings_changes

    usual: Provider | None = None
    with suppress(ChatmgrError):
        usual = app().providers.choose()
    if usual is None or usual.name != name:
        settings_changes.set_value("provider", name)
        console.note(f"New conversations begin at {name} from now on ({settings.config_file()}).")
