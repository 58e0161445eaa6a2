"""``chatmgr retry``: a turn is answered again, or by another of its runs."""

import click

from chatmgr.cli.params import NameParam, json_option, plain_option, reasoning_option
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.model import Conversation
from chatmgr.terminal.console import console
from chatmgr.ui.context import app
from chatmgr.ui.project_folder import record_use
from chatmgr.ui.turn_view import settle_orphan, show_anew


@click.command("retry", short_help="Have a turn answered again, or choose another of its answers.")
@click.argument(
    "address",
    metavar="NAME[@TURN]",
    type=NameParam("conversation"),
    help="The conversation, and the turn. Default: its last turn.",
)
@click.option("--provider", type=NameParam("provider"), default="", help="Ask this provider, this time.")
@click.option("-m", "--model", type=NameParam("model"), default="", help="Ask this model, this time.")
@click.option(
    "--pick",
    type=click.IntRange(min=1),
    metavar="N",
    help="Let run N answer the turn, without asking anybody; history --runs numbers them.",
)
@click.option("--wait", is_flag=True, help="Wait if another process is running a turn of this conversation.")
@reasoning_option
@plain_option
@json_option
def command(
    address: str,
    provider: str,
    model: str,
    pick: int | None,
    wait: bool,
    reasoning: bool,
    as_json: bool,
) -> None:
    """Have a turn answered again, with the same question and files, and print the new answer.

    The answer before is kept, and --pick takes it back. An earlier turn, or one that another conversation
    shares, is not changed: the question is asked again on a path of its own, and what followed stays on the
    path before. A model or a provider given here is for this answer alone.

    \b
    Examples:
      chatmgr retry demo
      chatmgr retry demo -m gpt-5
      chatmgr retry demo@3 --provider local
      chatmgr retry demo --pick 1
    """
    conversation, position = app().paths.at(address)
    if pick is not None:
        if provider or model:
            raise UsageFault("--pick asks nobody.", "Leave out --provider and -m, or leave out --pick.")
        _pick(conversation, position, pick, as_json=as_json)
        return
    record_use(conversation)
    events = app().tree.retry(conversation, position, provider=provider, model=model, wait=wait)
    show_anew(conversation, events, as_json=as_json, reasoning=reasoning)


def _pick(conversation: Conversation, position: int | None, number: int, *, as_json: bool) -> None:
    settle_orphan(conversation)
    report = app().tree.pick(conversation, position, number)
    if as_json:
        from chatmgr.ui.json_output import print_json, turn_json

        current = app().reader.conversations.refresh(conversation)
        print_json(turn_json(app().reader.turns.get(current, -1)))
        return
    console.note(report)
