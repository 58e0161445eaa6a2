"""``chatmgr move``: conversations go on at another provider, many at once."""

import click

from chatmgr.domain.errors import ChatmgrError, UsageFault
from chatmgr.domain.events import Notice
from chatmgr.domain.model import Conversation
from chatmgr.terminal.console import console
from chatmgr.terminal.status import ProgressBar
from chatmgr.ui.context import ConversationName, ModelName, ProviderName, app


@click.command("move", short_help="Let conversations go on at another provider.")
@click.argument("names", nargs=-1, type=ConversationName(), help="The conversations.")
@click.option("--to", "target", type=ProviderName(), required=True, help="The provider to go on at.")
@click.option(
    "-m",
    "--model",
    type=ModelName(),
    default="",
    help="The model to go on with; the provider's default if left out.",
)
@click.option("--all", "everything", is_flag=True, help="Move all that live at --from.")
@click.option("--from", "origin", type=ProviderName(), default="", help="The provider to leave.")
def command(names: tuple[str, ...], target: str, model: str, everything: bool, origin: str) -> None:
    """Let conversations go on at another provider, for instance when theirs is switched off.

    Nothing is sent: the next turn of each builds its thread there from the transcript. Stopped half way,
    the same command goes on with those that are left.

    \b
    Examples:
      chatmgr move plans diary --to openai
      chatmgr move --all --from azure --to local
    """
    if everything == bool(names) or everything != bool(origin):
        raise UsageFault("Name conversations, or say --all --from PROVIDER.")
    if origin == target:
        raise UsageFault(f"They live at {target} already.", "Name another provider with --to.")
    found = app()
    found.threads.target(target, model)
    chosen = [found.reader.conversation(name).name for name in names] or _living_at(origin)
    bar = ProgressBar("Moving", unit="")
    for done, name in enumerate(chosen, 1):
        conversation = found.reader.conversation(name)
        if conversation.live:
            _let_go(conversation)
        found.threads.switch(conversation, target, model)
        bar(done, len(chosen))
    console.note(f"{len(chosen)} conversation{'' if len(chosen) == 1 else 's'} moved to {target}.")


def _living_at(origin: str) -> list[str]:
    """The conversations at a provider, which may be configured no longer."""
    names = app().reader.conversations_at(origin)
    if not names:
        app().providers.get(origin)
    return names


def _let_go(conversation: Conversation) -> None:
    """Settle the run that was left there; where its server cannot tell its end, it is given up."""
    try:
        for one in app().turns.recover(conversation):
            if isinstance(one, Notice):
                console.note(one.text, "yellow")
    except ChatmgrError as error:
        app().turns.close_run(conversation, error.message)
        console.note(f"The open run of “{conversation.name}” is given up: {error.message}", "yellow")
