"""``chatmgr assistant``: personas, versioned."""

import sys
from shlex import quote

import click

from chatmgr.domain.errors import UsageFault
from chatmgr.domain.model import Assistant
from chatmgr.domain.names import valid_name
from chatmgr.domain.text import valid_text
from chatmgr.terminal import tables
from chatmgr.terminal.console import console
from chatmgr.terminal.sanitize import clean, one_line
from chatmgr.ui.confirmation import confirm
from chatmgr.ui.context import (
    AssistantName,
    ModelName,
    ProviderName,
    app,
    empty_suffix,
    instructions_from,
    interactive,
    json_option,
    params_from,
)
from chatmgr.ui.json_output import assistant_json, print_json
from chatmgr.ui.prompts import ask_instructions, ask_name, provider_or_ask

_instructions = click.option(
    "-i", "--instructions", metavar="TEXT|@FILE", help="What the assistant is told to be."
)
_model = click.option("-m", "--model", type=ModelName(), help="The model; empty for the provider's default.")
_provider = click.option(
    "--provider", type=ProviderName(), help="The provider its conversations begin with; empty for any."
)
_params = click.option(
    "--param", "params", multiple=True, metavar="KEY=VALUE", help="A parameter for the model; repeatable."
)


@click.group("assistant", short_help="Create, list, show, edit and delete assistants.")
def command() -> None:
    """Assistants: saved personas, each a name, instructions, a model and parameters.

    Editing makes a new version; every run records the version it used.

    \b
    Example:
      chatmgr assistant new poet -i "You answer in verse."
    """


@command.command("new")
@click.argument("name", required=False, help="The assistant's name.")
@_instructions
@_model
@_provider
@_params
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
    """Create an assistant, or adopt one that exists on a server with --id.

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
        console.note(f"“{created.name}” is made. Talk to it: chatmgr new NAME -a {quote(created.name)}")


@command.command("adopt")
@click.argument("remote_id", metavar="ASST_ID", help="The assistant's id at the server.")
@click.argument("name", required=False, help="Its name here; as the server has it if left out.")
@_provider
@json_option
@click.pass_context
def adopt(ctx: click.Context, remote_id: str, name: str | None, provider: str | None, as_json: bool) -> None:
    """Adopt an assistant that exists on a server: the same as assistant new --id.

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
            raise UsageFault("The assistant's name is missing.", 'chatmgr assistant new NAME -i "You are …"')
        name = ask_name()
    name = valid_name("assistant", name)
    if instructions is None:
        if not interactive():
            raise UsageFault("The instructions are missing.", 'Add -i "You are …".')
        instructions = ask_instructions()
    told = valid_text(instructions_from(instructions), what="instruction set")
    _check(model, provider)
    app().writer.create_assistant(name, told, model, provider, params_from(params))
    return app().reader.assistant(name)


def _check(model: str, provider: str) -> None:
    """A provider must exist; a model must be on its list, where there is one to ask."""
    if provider:
        app().providers.get(provider)
    if model:
        app().providers.check_model(provider_or_ask(provider, ""), model)


def _adopt(
    name: str | None,
    remote_id: str,
    instructions: str | None,
    model: str | None,
    provider: str,
    params: tuple[str, ...],
) -> Assistant:
    """Take a server's assistant as it is; what is given here goes before what the server says."""
    chosen = provider_or_ask(provider, "")
    return app().assistants.adopt(
        chosen,
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
    found = app().reader.assistants()
    if as_json:
        for one in found:
            print_json(assistant_json(one))
        return
    head = ("NAME", "VERSION", "MODEL", "PROVIDER", "INSTRUCTIONS")
    rows = (
        (
            one_line(one.name, 32),
            str(one.version),
            one.model or "—",
            one.provider or "—",
            one_line(one.instructions, 60),
        )
        for one in found
    )
    for line in tables.table(head, rows, terminal=sys.stdout.isatty()):
        console.out(line)
    if not found:
        console.note(f"No assistants {empty_suffix()}. Make one: chatmgr assistant new")


@command.command("show")
@click.argument("name", type=AssistantName(), help="The assistant.")
@click.option("--versions", is_flag=True, help="Show every version, oldest first.")
@json_option
def show(name: str, versions: bool, as_json: bool) -> None:
    """Show an assistant, whole.

    \b
    Example:
      chatmgr assistant show poet --versions
    """
    newest = app().reader.assistant(name)
    remote = app().reader.remote_assistants(newest.id)
    for one in app().reader.assistant_versions(newest.name) if versions else [newest]:
        if as_json:
            print_json(assistant_json(one) | {"remote": remote})
            continue
        console.out(
            f"{clean(one.name)}, version {one.version} of {one.updated_at.astimezone():%Y-%m-%d %H:%M}"
        )
        for label, value in (
            ("model", one.model or "the provider's default"),
            ("provider", one.provider or "any"),
            ("parameters", ", ".join(f"{key}={value}" for key, value in one.params.items()) or "none"),
            ("on servers", ", ".join(f"{where}: {id_}" for where, id_ in remote.items()) or "none"),
        ):
            console.out(f"  {label}: {one_line(value)}")
        console.out(f"\n{clean(one.instructions)}\n" if one.instructions else "\n(no instructions)\n")


@command.command("edit")
@click.argument("name", type=AssistantName(), help="The assistant.")
@_instructions
@_model
@_provider
@_params
@json_option
def edit(
    name: str,
    instructions: str | None,
    model: str | None,
    provider: str | None,
    params: tuple[str, ...],
    as_json: bool,
) -> None:
    """Make a new version of an assistant; its conversations use it from their next turn on.

    Without options, the instructions are opened in your editor. --param KEY=null removes a parameter.

    \b
    Example:
      chatmgr assistant edit poet -i @poet.md --param temperature=0.2
    """
    old = app().reader.assistant(name)
    if instructions is None and model is None and provider is None and not params:
        instructions = _in_editor(old)
    told = (
        old.instructions
        if instructions is None
        else valid_text(instructions_from(instructions), what="instruction set")
    )
    merged = {key: value for key, value in {**old.params, **params_from(params)}.items() if value is not None}
    if model or provider:
        _check(model or "", (old.provider if provider is None else provider))
    new_model = old.model if model is None else model
    new_provider = old.provider if provider is None else provider
    was = (old.instructions, old.model, old.provider, dict(old.params))
    if (told, new_model, new_provider, merged) == was:
        console.note(f"Nothing changed; “{old.name}” stays at version {old.version}.")
        return
    version = app().writer.edit_assistant(old, told, new_model, new_provider, merged)
    if as_json:
        print_json(assistant_json(app().reader.assistant(old.name)))
    else:
        console.note(f"“{old.name}” is at version {version} now.")


def _in_editor(old: Assistant) -> str:
    if not interactive():
        raise UsageFault("There is nothing to change.", "Add -i, -m, --provider or --param.")
    edited = click.edit(old.instructions, extension=".md")
    return old.instructions if edited is None else edited.rstrip("\n")


@command.command("delete")
@click.argument("name", type=AssistantName(), help="The assistant.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def delete(name: str, yes: bool) -> None:
    """Delete an assistant's name; its conversations keep the persona they began with.

    \b
    Example:
      chatmgr assistant delete poet
    """
    found = app().reader.find_assistant(name) or app().reader.assistant(name)
    confirm(f"Delete the assistant “{found.name}”?", f"Deleting “{found.name}” needs a yes.", yes=yes)
    users = app().writer.delete_assistant(found)
    kept = f" {users} of its conversations go on with it." if users else ""
    console.note(f"“{found.name}” is deleted.{kept}")
