"""``chatmgr`` alone at a terminal: the latest conversations, or the way to the first one.

The way has three steps: where answers come from, who answers, the first message. Nothing is made before
all is known, so that leaving on the way leaves nothing half-made; “<” goes back a step.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from shlex import quote

import click

from chatmgr.chat.provider_setup import Back, all_ways
from chatmgr.domain.errors import ChatmgrError, UsageFault
from chatmgr.domain.model import Assistant, Conversation, Provider
from chatmgr.domain.names import slug, valid_name
from chatmgr.domain.text import valid_text
from chatmgr.terminal import tables
from chatmgr.terminal.console import console
from chatmgr.terminal.region import stdout_size
from chatmgr.terminal.sanitize import one_line
from chatmgr.terminal.typeahead import early_typeahead
from chatmgr.ui.context import app

_LATEST = 5
_MODELS = 9
_NAME, _INSTRUCTIONS = "helper", "You are a helpful assistant. You answer briefly."


class Leave(Exception):
    """Nothing of this is wanted."""


@dataclass(slots=True)
class Plan:
    """What will be made, once all is known."""

    provider: Provider = field(default_factory=lambda: Provider("", ""))
    model: str = ""
    name: str = _NAME
    instructions: str = _INSTRUCTIONS


def welcome() -> int:
    """Show where to go on, or begin; returns the exit code."""
    latest = list(app().reader.conversations(_LATEST))
    if latest:
        return _latest(latest)
    try:
        plan = _asked()
    except (click.Abort, KeyboardInterrupt, EOFError):
        console.note("")
        console.note("Nothing was made. Begin again with: chatmgr")
        return 130
    except Leave:
        console.note("Nothing was made. Begin again with: chatmgr — or see: chatmgr --help")
        return 0
    return _begin(plan)


def _latest(found: list[Conversation]) -> int:
    width = stdout_size()[0]  # only ever shown at a terminal
    for line in tables.conversation_table(found, datetime.now(UTC), terminal=True, width=width):
        console.out(line)
    console.note("")
    last = app().reader.last_used()
    which = f"“{last.name}”, the one used last" if last else "the one used last"
    name = quote(found[0].name)
    for what, type_ in (
        (f"Go on with {which}:", "chatmgr resume"),
        ("Go on with another:", f"chatmgr resume NAME, for instance {name}"),
        ("Begin a new one:", "chatmgr new"),
        ("See or search them all:", "chatmgr history, chatmgr history -q WORDS"),
        ("Everything else:", "chatmgr --help"),
    ):
        console.note(f"{one_line(what)} {one_line(type_)}", "")
    return 0


def _asked() -> Plan:
    """Ask step by step."""
    plan = Plan()
    console.note("Welcome to chatmgr. Three steps lead to the first conversation.", "bold")
    console.note(f"What is said is kept on this machine, in {_where()}.", "")
    console.note("It leaves only for the provider that you choose now: your messages and their history.", "")
    console.note("“<” goes back a step; Ctrl-C leaves, and nothing is made.")
    steps = (_provider, _name, _instructions)
    at = 0
    while at < len(steps):
        try:
            steps[at](plan)
            at += 1
        except Back:
            at = max(0, at - 1)
        except ChatmgrError as error:
            console.note(f"{error.message} {error.hint}".strip(), "yellow")
    return plan


def _where() -> str:
    """Where the database is; of a server's address only that it is one, for it may hold a password."""
    from chatmgr.config import paths

    url = app().url
    return str(paths.data_dir()) if url.startswith("sqlite") else "your PostgreSQL database"


def _ask(question: str, default: str = "") -> str:
    text = str(click.prompt(question, default=default, show_default=bool(default), err=True)).strip()
    if text == "<":
        raise Back
    return text


def _provider(plan: Plan) -> None:
    """Step one: a provider that answers, and one of its models."""
    found, preferred = all_ways()
    console.note("")
    console.note("1 of 3 · Where should answers come from?", "bold")
    for way in found:
        console.note(f"  [{way.key}] {way.label}", "")
    keys = ", ".join(way.key for way in found)
    typed = _ask(f"Which one ({keys}; q leaves)", preferred).lower()
    if typed == "q":
        raise Leave
    chosen = next((way for way in found if way.key == typed), None)
    if chosen is None:
        raise UsageFault(f"“{typed}” is none of {keys}.")
    provider = chosen.take()
    plan.provider, plan.model = provider, _model(provider)


def _model(provider: Provider) -> str:
    """One of the models that the server lists, where the provider has no default; asking proves the key."""
    if provider.api == "local":
        return ""
    models = [one.id for one in app().providers.backend(provider).models()]
    if provider.default_model:
        return ""
    if not models:
        pull = "Fetch one, for instance: ollama pull llama3.2" if provider.name == "ollama" else ""
        raise UsageFault(f"{provider.name} answers, but has no model yet.", pull)
    if len(models) == 1:
        console.note(f"Its model is {models[0]}.")
        return models[0]
    console.note(f"It has {len(models)} models:", "")
    for number, model in enumerate(models[:_MODELS], 1):
        console.note(f"  [{number}] {one_line(model)}", "")
    if len(models) > _MODELS:
        console.note(f"  … and {len(models) - _MODELS} more, by name")
    while True:
        typed = _ask("Which one", models[0] if len(models) > _MODELS else "1")
        if typed in models:
            return typed
        if typed.isdecimal() and 1 <= int(typed) <= min(len(models), _MODELS):
            return models[int(typed) - 1]
        console.note(f"“{typed}” is not among them.", "yellow")


def _name(plan: Plan) -> None:
    """Step two, first half."""
    console.note("")
    console.note("2 of 3 · Who should answer? A name for the assistant, and what it is told to be.", "bold")
    plan.name = valid_name("assistant", _ask("Name of the assistant", plan.name))


def _instructions(plan: Plan) -> None:
    """Step two, second half."""
    plan.instructions = valid_text(_ask("Its instructions", plan.instructions), what="instruction set")


def _begin(plan: Plan) -> int:
    """Make all of it, and begin to talk."""
    from chatmgr.config import keys

    found = app()
    kept = found.providers.get(plan.provider.name)
    if plan.provider.key and not kept.key:
        where = keys.store_key(kept.name, plan.provider.key)
        console.note(f"Your key is kept in {where}.")
    _prefer(plan.provider.name)
    label = plan.name
    taken = [one.name for one in found.reader.assistants()]
    if label in taken:
        label = slug(label, taken)
    found.writer.create_assistant(label, plan.instructions, plan.model, plan.provider.name, {})
    persona = found.reader.assistant(label)
    name = found.reader.unused_name(label)
    found.writer.create_conversation(name, "", persona.id, "", plan.provider.name)
    conversation = found.reader.conversation(name)
    with early_typeahead():
        return _first(conversation, persona)


def _first(conversation: Conversation, persona: Assistant) -> int:
    """Say what was made, and hold it."""
    from chatmgr.chat.session import run_chat
    from chatmgr.cli.verbs.new import begin

    begin(conversation, persona, chat=True)
    found, name = app(), conversation.name
    with found.reader as reader:
        conversation = reader.conversation(name)
        model = found.turns.model_of(conversation)
    where = f"{conversation.provider} ({one_line(model)})" if model else conversation.provider
    console.note("")
    console.note(f"3 of 3 · Say something to {persona.name}, at {where}.", "bold")
    console.note(f"The conversation is called “{name}”. exit() or Ctrl-D leave; it stays.")
    return run_chat(conversation)


def _prefer(name: str) -> None:
    """Remember the choice, where the documented order would lead elsewhere next time."""
    from chatmgr.config import settings

    usual: Provider | None = None
    with suppress(ChatmgrError):
        usual = app().providers.choose()
    if usual is None or usual.name != name:
        settings.set_default_provider(name)
        console.note(f"New conversations begin at {name} from now on ({settings.config_file()}).")
