"""``chatmgr history``: the list of conversations, or the turns of one."""

import re
import sys
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from shlex import quote

import click

from chatmgr.cli.common import ConversationName, app, conversation_json, json_option, print_json, turn_json
from chatmgr.domain.errors import ChatmgrError
from chatmgr.domain.events import Notice
from chatmgr.domain.model import Conversation, Turn
from chatmgr.terminal import listing
from chatmgr.terminal.console import console

_ADDRESS = re.compile(r"(?P<name>.+)@(?P<turn>-?[1-9]\d{0,8})")
_LISTED = 20


@click.command("history", short_help="List conversations, or review the turns of one.")
@click.argument(
    "address",
    required=False,
    metavar="[NAME[@TURN]]",
    type=ConversationName(),
    help="A conversation, or one of its turns.",
)
@click.option(
    "-n",
    "--count",
    type=click.IntRange(min=0),
    help="How many: the newest conversations (default 20), or the last turns of one (default all). 0: all.",
)
@click.option("--usage", is_flag=True, help="Show the tokens and the price of each turn.")
@json_option
def command(address: str | None, count: int | None, usage: bool, as_json: bool) -> None:
    """List conversations, newest activity first, or show the turns of one, whole.

    A turn is addressed from the start (demo@3) or from the end (demo@-1). JSON comes as one object a
    line.

    \b
    Examples:
      chatmgr history
      chatmgr history demo
      chatmgr history demo@-1 --json
    """
    if address is None:
        _list(_LISTED if count is None else count, as_json=as_json)
        return
    found = _ADDRESS.fullmatch(address)
    name = found["name"] if found else address
    conversation = app().reader.conversation(name)
    conversation = _settled(conversation)
    if found:
        _show([app().reader.turn(conversation, int(found["turn"]))], usage=usage, as_json=as_json)
    elif count:
        _show(app().reader.tail(conversation, count), usage=usage, as_json=as_json)
    else:
        _show(app().reader.turns(conversation), usage=usage, as_json=as_json)
        if not conversation.turns:
            console.note(f"“{conversation.name}” has no turns yet.")


def _settled(conversation: Conversation) -> Conversation:
    """Take up what a dead process left; a server that cannot be asked is no obstacle to reading."""
    if not conversation.live:
        return conversation
    try:
        with closing(app().settle(conversation, hurried=True)) as events:
            for one in events:
                if isinstance(one, Notice):
                    console.note(one.text, "yellow")
                elif one.seconds:  # whoever reads does not wait for the rest
                    console.note(
                        f"“{conversation.name}” is still being answered. "
                        f"Wait for it: chatmgr runs wait {quote(conversation.name)}",
                        "yellow",
                    )
                    break
    except ChatmgrError as error:
        console.note(f"{error.message} {error.hint}".strip(), "yellow")
    return app().reader.conversation(conversation.name)


def _list(count: int, *, as_json: bool) -> None:
    found = app().reader.conversations(count)
    if as_json:
        for one in found:
            print_json(conversation_json(one))
        return
    lines = listing.conversations(found, datetime.now(UTC), terminal=sys.stdout.isatty())
    empty = True
    for line in lines:
        empty = False
        console.out(line)
    if empty:
        console.note("No conversations yet. Begin one: chatmgr new")


def _show(turns: Iterable[Turn], *, usage: bool, as_json: bool) -> None:
    terminal = sys.stdout.isatty()
    for turn in turns:
        if as_json:
            print_json(turn_json(turn))
            continue
        files = app().reader.attachments(turn)
        console.out("\n".join(listing.turn(turn, files, terminal=terminal, usage=usage)))
