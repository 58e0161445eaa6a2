"""``chatmgr runs``: runs that are still open: wait for them, answer them, cancel them."""

import sys
from datetime import UTC, datetime
from typing import Any

import click

from chatmgr.cli.messages import read_stdin
from chatmgr.cli.params import NameParam, json_option
from chatmgr.domain.errors import NotFound
from chatmgr.domain.model import Conversation, LiveRun
from chatmgr.domain.states import RunState, state_word
from chatmgr.terminal import list_tables
from chatmgr.terminal.console import console
from chatmgr.terminal.durations import age
from chatmgr.terminal.turn_lines import turn_lines
from chatmgr.ui.context import app
from chatmgr.ui.json_output import print_json, turn_json
from chatmgr.ui.tool_answers import answer_calls, given_outputs
from chatmgr.ui.turn_view import follow, settle


@click.group(
    "runs", short_help="List open runs; wait for them, answer or cancel them.", invoke_without_command=True
)
@json_option
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """List open runs: in progress, left behind by a process, or waiting for you.

    \b
    Examples:
      chatmgr runs
      chatmgr runs wait demo
      chatmgr runs answer demo
      chatmgr runs cancel demo
    """
    if ctx.invoked_subcommand:
        return
    runs = app().reader.runs.all_live()
    if as_json:
        for run in runs:
            print_json(_facts(run))
        return
    now = datetime.now(UTC)
    head = ("TURN", "STATE", "PROVIDER", "MODEL", "RUN", "BACKGROUND", "SINCE")
    rows = (
        (
            f"{run.conversation}@{run.position}",
            "left behind" if app().turns.is_orphaned(run) else state_word(run.state),
            run.provider,
            run.model or "—",
            run.run_id or "—",
            "yes" if run.background else "no",
            age(run.started_at, now),
        )
        for run in runs
    )
    for line in list_tables.table(head, rows, terminal=sys.stdout.isatty()):
        console.out(line)
    if not runs:
        console.note("No run is open.")


def _facts(run: LiveRun) -> dict[str, Any]:
    """The documented shape of an open run."""
    return {
        "conversation": run.conversation,
        "turn": run.position,
        "state": run.state.value,
        "provider": run.provider,
        "model": run.model or None,
        "run_id": run.run_id or None,
        "thread_id": run.thread_id or None,
        "background": run.background,
        "pid": run.pid,
        "host": run.host,
        "started_at": run.started_at,
    }


def _open_run(name: str) -> tuple[Conversation, LiveRun]:
    """A conversation by name, and its open run; raises NotFound where it has none."""
    conversation = app().reader.conversations.get(name)
    run = app().reader.runs.live(conversation.pk)
    if run is None:
        raise NotFound("open run of", conversation.name, (), "See them all: chatmgr runs")
    return conversation, run


@command.command("wait")
@click.argument("name", type=NameParam("conversation"), help="The conversation.")
@json_option
def wait(name: str, as_json: bool) -> int:
    """Wait for a conversation's run to finish, then print its turn. Exit code 8 if it has no answer.

    Ctrl-C stops the waiting, not the run.

    \b
    Examples:
      chatmgr runs wait demo
      chatmgr runs wait demo --json
    """
    conversation, run = _open_run(name)
    settle(conversation, wait=True)
    turn = app().reader.turns.get(app().reader.conversations.get(conversation.name), run.position)
    if as_json:
        print_json(turn_json(turn))
    else:
        items = app().reader.items.of(turn)
        for line in turn_lines(turn, terminal=sys.stdout.isatty(), items=items):
            console.out(line)
    return 0 if turn.state == RunState.COMPLETED and (turn.answer or turn.items) else 8


@command.command("answer")
@click.argument("name", type=NameParam("conversation"), help="The conversation.")
@click.argument(
    "outputs",
    nargs=-1,
    metavar="[CALL_ID=OUTPUT]…",
    help="The outputs; for an approval, yes, no, or why not.",
)
@click.option("--decline", is_flag=True, help="Decline every call that no output is given for.")
@json_option
def answer(name: str, outputs: tuple[str, ...], decline: bool, as_json: bool) -> None:
    """Answer the calls that a run waits for: functions with their outputs, approvals with yes or no.

    At a terminal, each call is shown with its arguments, and asked for; an empty output declines it. The
    answer of the model goes on then. In a script, give the outputs, or --decline; exit code 8 says which
    are missing. CALL_ID=@- reads the output from standard input.

    \b
    Examples:
      chatmgr runs answer demo
      chatmgr runs answer demo call_1='{"celsius": 21}'
      chatmgr runs answer demo --decline
    """
    given = given_outputs(outputs, read_stdin)
    conversation, run = _open_run(name)
    calls = app().turns.pending_tool_calls(conversation)
    events = answer_calls(conversation, calls, given, decline=decline)
    try:
        follow(conversation, events, quiet=as_json)
    finally:
        if as_json:
            current = app().reader.conversations.refresh(conversation)
            print_json(turn_json(app().reader.turns.get(current, run.position)))


@command.command("cancel")
@click.argument("name", type=NameParam("conversation"), help="The conversation.")
def cancel(name: str) -> None:
    """Cancel a conversation's run, on the server too. What has arrived is kept.

    \b
    Example:
      chatmgr runs cancel demo
    """
    conversation, run = _open_run(name)
    closed_here = app().turns.cancel(conversation)
    rest = "" if closed_here else f" on the server; process {run.pid} on {run.host} will record its end"
    console.note(f"{conversation.name}@{run.position} is cancelled{rest}.")
