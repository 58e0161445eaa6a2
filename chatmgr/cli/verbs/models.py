"""``chatmgr models``: what a provider offers, and fetching the embedded model."""

import sys

import click

from chatmgr.services import local_model
from chatmgr.terminal import tables
from chatmgr.terminal.console import console
from chatmgr.ui.context import ProviderName, app, json_option
from chatmgr.ui.json_output import print_json
from chatmgr.ui.prompts import provider_or_ask


@click.group(
    "models", short_help="List a provider's models, or fetch the embedded one.", invoke_without_command=True
)
@click.option(
    "--provider", type=ProviderName(), default="", help="The provider; the one used by default if left out."
)
@json_option
@click.pass_context
def command(ctx: click.Context, provider: str, as_json: bool) -> None:
    """List the models of a provider; the default one is marked with a star.

    \b
    Examples:
      chatmgr models
      chatmgr models --provider local
      chatmgr models pull
    """
    if ctx.invoked_subcommand:
        return
    chosen = app().providers.usable(provider_or_ask(provider, ""))
    found = app().providers.backend(chosen).models()
    if as_json:
        for one in found:
            default = one.id == chosen.default_model
            print_json({"id": one.id, "provider": chosen.name, "default": default, "note": one.note or None})
        return
    rows = (("*" if one.id == chosen.default_model else "", one.id, one.note) for one in found)
    for line in tables.table(("", "MODEL", "NOTE"), rows, terminal=sys.stdout.isatty()):
        console.out(line)
    if not found:
        console.note(f"{chosen.name} lists no models.")


@command.command("pull")
def pull() -> None:
    """Fetch the embedded model's weights, or check those that are there.

    \b
    Example:
      chatmgr models pull
    """
    was_downloaded = local_model.is_downloaded()
    path = local_model.download(app().progress, verify=True)
    console.note(f"{path} is there and whole." if was_downloaded else f"Fetched to {path}.")
