"""``chatmgr runs``: runs that nobody has closed: wait for them, answer them, cancel them."""

import sys
from datetime import UTC, datetime
from typing import Any

import click

from chatmgr.domain.errors import NotFound
from chatmgr.domain.model import Conversation, LiveRun
from chatmgr.domain.states import RunState
from chatmgr.terminal import tables
from chatmgr.terminal.console import console
from chatmgr.terminal.durations import age
from chatmgr.terminal.turn_lines import turn_lines
from chatmgr.ui.context import ConversationName, app, json_option
from chatmgr.ui.json_output import print_json, turn_json
from chatmgr.ui.turn_view import answered, follow, settle


@click.group(
    "runs", short_help="List runs that are not done; wait, answer, cancel.", invoke_without_command=True
)
@json_option
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """List the runs that are not done: those at work, those left behind, those that wait for you.

    \b
    Examples:
      chatmgr runs
      chatmgr runs wait demo
      chatmgr runs cancel demo
    """
    if ctx.invoked_subcommand:
        return
    found = app().reader.live_runs()
    if as_json:
        for one in found:
            print_json(_facts(one))
        return
    now = datetime.now(UTC)
    head = ("TURN", "STATE", "PROVIDER", "MODEL", "RUN", "BACKGROUND", "SINCE")
    rows = (
        (
            f"{one.conversation}@{one.position}",
            "left behind" if app().turns.is_orphaned(one) else one.state,
            one.provider,
            one.model or "—",
            one.run_id or "—",
            "yes" if one.background else "no",
            age(one.started_at, now),
        )
        for one in found
    )
    for line in tables.table(head, rows, terminal=sys.stdout.isatty()):
        console.out(line)
    if not found:
        console.note("No run is left open.")


def _facts(one: LiveRun) -> dict[str, Any]:
    return {
        "conversation": one.conversation,
        "turn": one.position,
        "state": one.state.value,
        "provider": one.provider,
        "model": one.model or None,
        "run_id": one.run_id or None,
        "thread_id": one.thread_id or None,
        "background": one.background,
        "pid": one.pid,
        "host": one.host,
        "started_at": one.started_at,
    }


def _left(name: str) -> tuple[Conversation, LiveRun]:
    conversation = app().reader.conversation(name)
    live = app().reader.live_run(conversation.pk)
    if live is None:
        raise NotFound("open run of", conversation.name, (), "See them all: chatmgr runs")
    return conversation, live


@command.command("wait")
@click.argument("name", type=ConversationName(), help="The conversation.")
@json_option
def wait(name: str, as_json: bool) -> int:
    """Wait until a conversation's run is done, then print its turn. Exit code 8 where it has no answer.

    Ctrl-C stops the waiting, not the run.

    \b
    Examples:
      chatmgr runs wait demo
      chatmgr runs wait demo --json
    """
    conversation, live = _left(name)
    settle(conversation, wait=True)
    turn = app().reader.turn(app().reader.conversation(conversation.name), live.position)
    if as_json:
        print_json(turn_json(turn))
    else:
        for line in turn_lines(turn, terminal=sys.stdout.isatty()):
            console.out(line)
    return 0 if turn.state == RunState.COMPLETED and turn.answer else 8


@command.command("answer")
@click.argument("name", type=ConversationName(), help="The conversation.")
def answer(name: str) -> None:
    """Give the functions' outputs that a run waits for, or decline and cancel it.

    \b
    Example:
      chatmgr runs answer demo
    """
    conversation, _ = _left(name)
    follow(conversation, answered(conversation, app().turns.pending_tool_calls(conversation)))


@command.command("cancel")
@click.argument("name", type=ConversationName(), help="The conversation.")
def cancel(name: str) -> None:
    """Cancel a conversation's run, at the server where it goes on there; what arrived is kept.

    \b
    Example:
      chatmgr runs cancel demo
    """
    conversation, live = _left(name)
    ours = app().turns.cancel(conversation)
    by = "" if ours else f" at the server; process {live.pid} on {live.host} writes down its end"
    console.note(f"{conversation.name}@{live.position} is cancelled{by}.")
