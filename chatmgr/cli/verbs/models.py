"""``chatmgr models``: what a provider offers, and fetching the embedded model."""

import sys

import click

from chatmgr.cli.params import NameParam, json_option
from chatmgr.services import local_model, model_lists
from chatmgr.terminal import list_tables
from chatmgr.terminal.console import console
from chatmgr.ui.context import app
from chatmgr.ui.json_output import print_json
from chatmgr.ui.prompts import provider_or_ask


@click.group(
    "models", short_help="List a provider's models, or fetch the embedded model.", invoke_without_command=True
)
@click.option(
    "--provider",
    type=NameParam("provider"),
    default="",
    help="The provider. Default: the one that new conversations use.",
)
@json_option
@click.pass_context
def command(ctx: click.Context, provider: str, as_json: bool) -> None:
    """List a provider's models. A star marks the one that new conversations begin with.

    \b
    Examples:
      chatmgr models
      chatmgr models --provider local
      chatmgr models pull
    """
    if ctx.invoked_subcommand:
        return
    endpoint = app().providers.usable(provider_or_ask(provider, ""))
    models = model_lists.remember(endpoint, app().providers.backend(endpoint).models())
    default = endpoint.default_model or next((model.id for model in models), "")  # the first listed is taken
    if as_json:
        for model in models:
            print_json(
                {
                    "id": model.id,
                    "provider": endpoint.name,
                    "default": model.id == default,
                    "note": model.note or None,
                }
            )
        return
    rows = (("*" if model.id == default else "", model.id, model.note) for model in models)
    for line in list_tables.table(("", "MODEL", "NOTE"), rows, terminal=sys.stdout.isatty()):
        console.out(line)
    if not models:
        console.note(f"{endpoint.name} lists no models.")


@command.command("pull")
def pull() -> None:
    """Fetch the embedded model's weights, or verify them.

    \b
    Example:
      chatmgr models pull
    """
    was_downloaded = local_model.is_downloaded()
    path = local_model.download(app().progress, verify=True)
    console.note(f"{path} is there and complete." if was_downloaded else f"Fetched to {path}.")
