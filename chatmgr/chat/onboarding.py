"""``chatmgr`` without a verb at a terminal: the latest conversations, or two steps to the first one.

The steps are where answers come from, and the first message. The default assistant answers; the second step
says how to tell it something else. Nothing is created before the provider is known, so that leaving leaves
nothing half-made; “<” goes back.
"""

import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from shlex import quote

import click

from chatmgr.chat.provider_setup import Back, ProviderChoice, agrees, provider_choices, say_key_is_wrong
from chatmgr.domain.errors import ChatmgrError, ConfigurationFault, NetworkDown, ProviderRefused, UsageFault
from chatmgr.domain.model import Assistant, Conversation, Provider
from chatmgr.domain.names import nearest
from chatmgr.services.free_names import create_under_free_name
from chatmgr.terminal.console import console
from chatmgr.terminal.conversation_table import conversation_table
from chatmgr.terminal.region import stdout_size, terminal_size
from chatmgr.terminal.sanitize import one_line, wrap
from chatmgr.terminal.typeahead import early_typeahead
from chatmgr.ui.context import app
from chatmgr.ui.project_folder import last_here
from chatmgr.ui.prompts import ask_line

_LATEST = 5  # conversations
_NUMBERED = 9  # models; one keystroke each
_NARROWEST = 20  # columns of an explanation
_QUOTED = 60  # columns of the assistant's instructions


class Leave(Exception):
    """The person does not want to go on."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the first conversation begins with; ``model`` is empty where the provider has a default."""

    provider: Provider
    model: str


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
    last, newest = last_here(), app().reader.conversations.last_used()
    where = " here" if last and last != newest else ""
    last_used = f"“{last.name}”, the one used last{where}" if last else "the one used last"
    others = [conversation.name for conversation in conversations if conversation != last]
    for purpose, command in (
        (f"Go on with {last_used}:", "chatmgr resume"),
        *((f"Go on with another, such as “{name}”:", f"chatmgr resume {quote(name)}") for name in others[:1]),
        ("Begin a new one:", "chatmgr new"),
        ("List or search them all:", "chatmgr history, chatmgr history -q WORDS"),
        ("Everything else:", "chatmgr --help"),
    ):
        console.note(f"{one_line(purpose)} {one_line(command)}", "")
    return 0


def _ask_steps() -> Plan:
    console.note("Welcome to chatmgr. Two steps lead to the first answer.", "strong")
    console.note(f"Conversations are kept on this machine, in {_database()}.", "")
    console.note("Your messages and their history leave it only for the provider you choose now.", "")
    console.note("“<” goes back; Ctrl-C leaves, and nothing is created.")
    while True:
        try:
            return _ask_provider()
        except Back:
            continue
        except ChatmgrError as error:
            console.note(f"{error.message} {error.hint}".strip(), "attention")


def _database() -> str:
    """Where the database is; a server's address is not shown, because it may contain a password."""
    from chatmgr.config import paths

    return str(paths.data_dir()) if app().url.startswith("sqlite") else "your PostgreSQL database"


def _ask(question: str, default: str = "") -> str:
    text = ask_line(question, default or None)
    if text == "<":
        raise Back
    return text


def _ask_provider() -> Plan:
    """Step one: a provider that answers, and one of its models if it has no default."""
    choices, preferred = provider_choices()
    console.note("")
    console.note("1 of 2 · Where should answers come from?", "strong")
    for choice in choices:
        console.note(_hanging(f"  [{choice.key}] ", choice.label), "")
    picked = _pick_choice(choices, preferred)
    provider = picked.set_up()
    while True:
        try:
            return Plan(provider, _ask_model(provider))
        except ConfigurationFault as fault:
            if not provider.key or app().providers.get(provider.name).key:
                raise  # the key is not one that was typed here
            say_key_is_wrong(provider, fault)
            provider = picked.set_up()


def _pick_choice(choices: Sequence[ProviderChoice], preferred: str) -> ProviderChoice:
    """The choice whose letter is typed; a wrong letter is asked for again, below the list."""
    keys = ", ".join(choice.key for choice in choices)
    while True:
        typed = _ask(f"Which one ({keys}; q leaves)", preferred).lower()
        if typed == "q":
            raise Leave
        for choice in choices:
            if choice.key == typed:
                return choice
        console.note(f"“{typed}” is none of {keys}.", "attention")


def _hanging(mark: str, text: str) -> str:
    """A text behind its mark, wrapped so that all of its lines begin below the first."""
    width = terminal_size(sys.stderr.fileno())[0]
    return mark + wrap(text, max(width - len(mark), _NARROWEST)).replace("\n", "\n" + " " * len(mark))


def _ask_model(provider: Provider) -> str:
    """One of the models that the server lists, if the provider has no default; listing them tests the key.

    A list that is refused or late decides nothing: the model is then asked for by name.
    """
    if provider.api == "local":
        return ""
    console.note(f"Asking {provider.name} for its models…")
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


def _carry_out(plan: Plan) -> int:
    """Store the key, create the conversation with the default assistant, and chat."""
    from chatmgr.config import keys

    provider = plan.provider.name
    configured = app().providers.get(provider)
    if plan.provider.key and not configured.key:
        store = keys.store_key(configured.name, plan.provider.key)
        console.note(f"Your key is kept in {store}.")
    _prefer(provider)
    _remember_model(plan)
    assistant = app().assistants.default()
    name = create_under_free_name(
        lambda: app().reader.conversations.unused_name(""),
        lambda name: app().writer.conversations.create(name, assistant.id, plan.model, provider),
    )
    with early_typeahead():
        return _first_chat(app().reader.conversations.get(name), assistant)


def _first_chat(conversation: Conversation, assistant: Assistant) -> int:
    """Step two: the first message, which is the chat itself."""
    from chatmgr.chat.session import run_chat
    from chatmgr.ui.turn_view import open_thread

    open_thread(conversation, assistant, chat=True)
    with app().reader as reader:
        conversation = reader.conversations.get(conversation.name)
        model = app().turns.model_of(conversation)
    endpoint = f"{conversation.provider} ({one_line(model)})" if model else conversation.provider
    instructions = one_line(assistant.instructions, _QUOTED)
    console.note("")
    console.note(f"2 of 2 · Say something. It is answered by {endpoint}.", "strong")
    console.note(f"The assistant is told: “{instructions}” To tell it something else: /system TEXT")
    console.note(f"The conversation is called “{conversation.name}”. exit() or Ctrl-D to leave; it is kept.")
    _mention_imports()
    return run_chat(conversation)


def _mention_imports() -> None:
    """Say once that what other programs on this machine keep can come along."""
    from chatmgr.importers.places import programs_here
    from chatmgr.importers.registry import kinds

    if programs := programs_here(kinds()):
        names = ", ".join(programs[:3]) + (" and others" if len(programs) > 3 else "")
        console.note(f"What you said with {names} can come along, later: chatmgr import --found")


def _remember_model(plan: Plan) -> None:
    """Make the model that was picked the provider's default, so that the next conversation has it, too.

    A table of openai's own would take precedence over OPENAI_BASE_URL.
    """
    from chatmgr.config import settings_changes

    if plan.model and plan.provider.name != "openai":
        settings_changes.set_default_model(plan.provider.name, plan.model)
        console.note(f"New conversations at {plan.provider.name} use {one_line(plan.model)} from now on.")


def _prefer(name: str) -> None:
    """Make the choice the default, if the documented order would lead to another provider next time."""
    from chatmgr.config import settings, settings_changes

    usual: Provider | None = None
    with suppress(ChatmgrError):
        usual = app().providers.choose()
    if usual is None or usual.name != name:
        settings_changes.set_value("provider", name)
        console.note(f"New conversations begin at {name} from now on ({settings.config_file()}).")
