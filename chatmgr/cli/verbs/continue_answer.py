"""``chatmgr continue``: an answer that was cut off goes on."""

import click

from chatmgr.cli.params import NameParam, json_option, plain_option, reasoning_option
from chatmgr.domain.errors import UsageFault
from chatmgr.ui.context import app
from chatmgr.ui.project_folder import record_use
from chatmgr.ui.turn_view import show_anew


@click.command("continue", short_help="Go on with an answer that was cut off.")
@click.argument(
    "name", type=NameParam("conversation"), required=False, metavar="NAME", help="The conversation."
)
@click.option("--wait", is_flag=True, help="Wait if another process is running a turn of this conversation.")
@reasoning_option
@plain_option
@json_option
def command(name: str | None, wait: bool, reasoning: bool, as_json: bool) -> None:
    """Go on with the last answer where it was cut off: interrupted, stopped, or too long.

    Only what is new is printed. The turn then has one answer, which is the whole text; the run that was cut
    off is kept beside it (see history --runs). A complete answer is refused.

    \b
    Examples:
      chatmgr continue demo
      chatmgr continue demo --json
    """
    if name is None:
        raise UsageFault(
            "Which conversation has the answer that was cut off?",
            "Name it: chatmgr continue NAME. To go on talking where you left: chatmgr resume",
        )
    conversation = app().reader.conversations.get(name)
    record_use(conversation)
    events = app().tree.go_on(conversation, wait=wait)
    show_anew(conversation, events, as_json=as_json, reasoning=reasoning)
