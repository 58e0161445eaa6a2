"""``chatmgr move``: conversations continue at another provider, many at once."""

import click

from chatmgr.cli.params import NameParam
from chatmgr.domain.errors import ChatmgrError, UsageFault
from chatmgr.domain.events import Notice
from chatmgr.domain.model import Conversation
from chatmgr.domain.text import counted
from chatmgr.terminal.console import console
from chatmgr.terminal.status import ProgressBar
from chatmgr.ui.context import app
from chatmgr.ui.turn_view import note_unlisted_model


@click.command("move", short_help="Move conversations to another provider.")
@click.argument("names", nargs=-1, type=NameParam("conversation"), help="The conversations.")
@click.option("--to", "target", type=NameParam("provider"), required=True, help="The provider to move to.")
@click.option(
    "-m",
    "--model",
    type=NameParam("model"),
    default="",
    help="The model to use. Default: the provider's.",
)
@click.option("--all", "everything", is_flag=True, help="Move all conversations of the provider --from.")
@click.option(
    "--from", "origin", type=NameParam("provider"), default="", help="The provider to move away from."
)
def command(names: tuple[str, ...], target: str, model: str, everything: bool, origin: str) -> None:
    """Move conversations to another provider, for instance because theirs shuts down.

    Nothing is sent: each conversation's next turn builds its thread from the transcript. If interrupted, run
    the same command again to move the rest.

    \b
    Examples:
      chatmgr move plans diary --to openai
      chatmgr move --all --from azure --to local
    """
    if everything == bool(names) or everything != bool(origin):
        raise UsageFault("Name conversations, or use --all --from PROVIDER.")
    if origin == target:
        raise UsageFault(f"They are at {target} already.", "Name another provider with --to.")
    app().threads.target(target)
    moving = [app().reader.conversations.get(name).name for name in names] or _conversations_at(origin)
    bar = ProgressBar("Moving", unit="")
    for done, name in enumerate(moving, 1):
        conversation = app().reader.conversations.get(name)
        if conversation.live:
            _close_run(conversation)
        app().threads.switch(conversation, target, model)
        bar(done, len(moving))
    console.note(f"{counted(len(moving), 'conversation')} moved to {target}.")
    note_unlisted_model(target, model)


def _conversations_at(origin: str) -> list[str]:
    """The names of the conversations at a provider, even if that is no longer configured."""
    names = app().reader.conversations.at_provider(origin)
    if not names:
        app().providers.get(origin)
    return names


def _close_run(conversation: Conversation) -> None:
    """Settle the run that was left open; give it up if its server cannot say how it ended."""
    try:
        for event in app().turns.recover(conversation):
            if isinstance(event, Notice):
                console.note(event.text, "attention")
    except ChatmgrError as error:
        app().turns.close_run(conversation, error.message)
        console.note(f"The open run of “{conversation.name}” was given up: {error.message}", "attention")
