"""``chatmgr assistant``: saved assistants, each with its versions."""

import sys
from contextlib import suppress
from shlex import quote

import click

from chatmgr.cli.model_params import params_from
from chatmgr.cli.params import (
    NameParam,
    instructions_option,
    json_option,
    params_option,
    yes_option,
)
from chatmgr.cli.verbs import assistant_prune
from chatmgr.domain.errors import ChatmgrError, UsageFault
from chatmgr.domain.model import Assistant
from chatmgr.domain.names import valid_name
from chatmgr.domain.redaction import masked_params
from chatmgr.domain.text import valid_text
from chatmgr.terminal import list_tables
from chatmgr.terminal.console import console
from chatmgr.terminal.sanitize import clean, one_line
from chatmgr.ui.attachments import instructions_from
from chatmgr.ui.context import app, empty_suffix, interactive
from chatmgr.ui.json_output import assistant_json, print_json
from chatmgr.ui.prompts import ask_instructions, ask_name, confirm, provider_or_ask
from chatmgr.ui.turn_view import note_unlisted_model

_model_option = click.option(
    "-m", "--model", type=NameParam("model"), help="The model; empty means the provider's default."
)
_provider_option = click.option(
    "--provider",
    type=NameParam("provider"),
    help="The provider for its new conversations; empty means any.",
)
_name_argument = click.argument("name", type=NameParam("assistant"), help="The assistant.")


@click.group("assistant", short_help="Create, list, show, edit and delete assistants.")
def command() -> None:
    """Assistants: a name, instructions, a model and parameters, saved to be used again.

    Each edit makes a new version. Every run records the version it used.

    \b
    Example:
      chatmgr assistant new poet -i "You answer in verse."
    """


@command.command("new")
@click.argument("name", required=False, help="The assistant's name.")
@instructions_option
@_model_option
@_provider_option
@params_option
@click.option("--id", "remote_id", metavar="ASST_ID", help="Adopt an assistant that exists on a server.")
@json_option
def new(
    name: str | None,
    instructions: str | None,
    model: str | None,
    provider: str | None,
    params: tuple[str, ...],
    remote_id: str | None,
    as_json: bool,
) -> None:
    """Create an assistant, or adopt one from a server with --id.

    \b
    Examples:
      chatmgr assistant new poet -i "You answer in verse." --param temperature=1.1
      chatmgr assistant new --id asst_abc123 --provider azure
    """
    if remote_id:
        created = _adopt(name, remote_id, instructions, model, provider or "", params)
    else:
        created = _create(name, instructions, model or "", provider or "", params)
    if as_json:
        print_json(assistant_json(created))
    else:
        console.note(f"“{created.name}” is created. Talk to it: chatmgr new NAME -a {quote(created.name)}")


@command.command("adopt")
@click.argument("remote_id", metavar="ASST_ID", help="The assistant's id on the server.")
@click.argument("name", required=False, help="Its name in chatmgr. Default: its name on the server.")
@_provider_option
@json_option
@click.pass_context
def adopt(ctx: click.Context, remote_id: str, name: str | None, provider: str | None, as_json: bool) -> None:
    """Adopt an assistant that exists on a server; the same as assistant new --id.

    \b
    Example:
      chatmgr assistant adopt asst_abc123 --provider azure
    """
    ctx.invoke(new, name=name, remote_id=remote_id, provider=provider, as_json=as_json)


def _create(
    name: str | None, instructions: str | None, model: str, provider: str, params: tuple[str, ...]
) -> Assistant:
    if name is None:
        if not interactive():
            raise UsageFault(
                "The assistant needs a name.", 'For instance: chatmgr assistant new NAME -i "You are …"'
            )
        name = ask_name()
    name = valid_name("assistant", name)
    if instructions is None:
        if not interactive():
            raise UsageFault("The assistant needs instructions.", 'Add -i "You are …".')
        instructions = ask_instructions()
    instructions = valid_text(instructions_from(instructions), what="instruction set")
    if provider:
        app().providers.get(provider)
    app().writer.assistants.create(name, instructions, model, provider, params_from(params))
    _note_unlisted(model, provider)
    return app().reader.assistants.get(name)


def _note_unlisted(model: str, provider: str) -> None:
    """Say so if the model is not on its server's list, as far as it is known which server that is."""
    with suppress(ChatmgrError):
        if model and (endpoint := app().providers.choose(provider)):
            note_unlisted_model(endpoint.name, model)


def _adopt(
    name: str | None,
    remote_id: str,
    instructions: str | None,
    model: str | None,
    provider_name: str,
    params: tuple[str, ...],
) -> Assistant:
    """Copy a server's assistant; what was given on the command line takes precedence."""
    provider = provider_or_ask(provider_name, "")
    return app().assistants.adopt(
        provider,
        remote_id,
        name=name or "",
        instructions=None if instructions is None else instructions_from(instructions),
        model=model or "",
        params=params_from(params),
    )


@command.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the assistants, by name.

    \b
    Example:
      chatmgr assistant list
    """
    assistants = app().reader.assistants.list()
    if as_json:
        for assistant in assistants:
            print_json(assistant_json(assistant))
        return
    head = ("NAME", "VERSION", "MODEL", "PROVIDER", "INSTRUCTIONS")
    rows = (
        (
            one_line(assistant.name, 32),
            str(assistant.version),
            assistant.model or "—",
            assistant.provider or "—",
            one_line(assistant.instructions, 60),
        )
        for assistant in assistants
    )
    for line in list_tables.table(head, rows, terminal=sys.stdout.isatty()):
        console.out(line)
    if not assistants:
        console.note(f"No assistants {empty_suffix()}. Create one: chatmgr assistant new")


@command.command("show")
@_name_argument
@click.option("--versions", is_flag=True, help="Show every version, oldest first.")
@json_option
def show(name: str, versions: bool, as_json: bool) -> None:
    """Show an assistant in full.

    \b
    Example:
      chatmgr assistant show poet --versions
    """
    newest = app().reader.assistants.get(name)
    remote_ids = app().reader.assistants.remote_ids(newest.id)
    for assistant in app().reader.assistants.versions(newest.name) if versions else [newest]:
        if as_json:
            print_json(assistant_json(assistant) | {"remote": remote_ids})
        else:
            _print(assistant, remote_ids)


def _print(assistant: Assistant, remote_ids: dict[str, str]) -> None:
    updated = f"{assistant.updated_at.astimezone():%Y-%m-%d %H:%M}"
    console.out(f"{clean(assistant.name)}, version {assistant.version} of {updated}")
    for label, value in (
        ("model", assistant.model or "the provider's default"),
        ("provider", assistant.provider or "any"),
        (
            "parameters",
            ", ".join(f"{key}={value}" for key, value in masked_params(assistant.params).items()) or "none",
        ),
        ("on servers", ", ".join(f"{provider}: {id_}" for provider, id_ in remote_ids.items()) or "none"),
    ):
        console.out(f"  {label}: {one_line(value)}")
    console.out(f"\n{clean(assistant.instructions)}\n" if assistant.instructions else "\n(no instructions)\n")


@command.command("edit")
@_name_argument
@instructions_option
@_model_option
@_provider_option
@params_option
@json_option
def edit(
    name: str,
    instructions: str | None,
    model: str | None,
    provider: str | None,
    params: tuple[str, ...],
    as_json: bool,
) -> None:
    """Edit an assistant, making a new version. Its conversations use it from their next turn on.

    Without options, the instructions are opened in your editor. --param KEY=null removes a parameter.

    \b
    Example:
      chatmgr assistant edit poet -i @poet.md --param temperature=0.2
    """
    old = app().reader.assistants.get(name)
    if instructions is None and model is None and provider is None and not params:
        instructions = _edited(old)
    if instructions is None:
        instructions = old.instructions
    else:
        instructions = valid_text(instructions_from(instructions), what="instruction set")
    merged = {key: value for key, value in {**old.params, **params_from(params)}.items() if value is not None}
    new_provider = old.provider if provider is None else provider
    if provider:
        app().providers.get(provider)
    new_model = old.model if model is None else model
    before = (old.instructions, old.model, old.provider, dict(old.params))
    if (instructions, new_model, new_provider, merged) == before:
        console.note(f"Nothing changed; “{old.name}” stays at version {old.version}.")
        return
    version = app().writer.assistants.edit(old, instructions, new_model, new_provider, merged)
    _note_unlisted(model or "", new_provider)
    if as_json:
        print_json(assistant_json(app().reader.assistants.get(old.name)))
    else:
        console.note(f"“{old.name}” is now at version {version}.")


def _edited(assistant: Assistant) -> str:
    """The instructions as the person leaves them in the editor."""
    if not interactive():
        raise UsageFault("There is nothing to change.", "Add -i, -m, --provider or --param.")
    from chatmgr.ui.external_editor import edit_text

    edited = edit_text(assistant.instructions).rstrip("\n")
    return assistant.instructions if edited == assistant.instructions.rstrip("\n") else edited


command.add_command(assistant_prune.command)


@command.command("delete")
@_name_argument
@yes_option
def delete(name: str, yes: bool) -> None:
    """Delete an assistant. Its conversations go on as before.

    \b
    Example:
      chatmgr assistant delete poet
    """
    assistant = app().reader.assistants.find(name) or app().reader.assistants.get(name)
    confirm(f"Delete the assistant “{assistant.name}”?", f"Deleting “{assistant.name}”", yes=yes)
    users = app().writer.assistants.delete(assistant)
    kept = f" {users} of its conversations go on with it." if users else ""
    console.note(f"“{assistant.name}” is deleted.{kept}")
