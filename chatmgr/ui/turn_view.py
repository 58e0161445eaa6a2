"""Runs turns and shows them to their end.

The person is asked on the way for what only a person can give: the outputs of functions.
"""

import sys
from collections.abc import Callable
from contextlib import suppress
from shlex import quote

from chatmgr.domain.errors import ChatmgrError, NetworkDown, OutputNeeded
from chatmgr.domain.events import Finished, Waiting
from chatmgr.domain.model import Assistant, Conversation, UserMessage
from chatmgr.domain.states import RunState
from chatmgr.terminal.console import console
from chatmgr.terminal.status import Status
from chatmgr.ui.context import app, interactive, wants_plain
from chatmgr.ui.event_view import Events, EventView
from chatmgr.ui.notifications import notified


def adjust(conversation: Conversation, provider: str, model: str, max_cost: float | None) -> Conversation:
    """Change a conversation's provider, model and cost limit for good; returns it as it is then.

    Empty or None leaves each as it is. One that was imported goes on at the default provider.
    """
    from chatmgr.services import budget

    limit = None if max_cost is None else budget.limit_from(max_cost)
    if not provider and not conversation.provider:
        provider = app().providers.get("").name
    if provider or model:
        conversation = app().threads.switch(conversation, provider, model, before_turn=True)
    if max_cost is not None:
        app().writer.conversations.limit_cost(conversation.pk, limit)
    return conversation


def send(
    conversation: Conversation,
    message: UserMessage,
    *,
    wait: bool = False,
    as_json: bool = False,
    reasoning: bool = False,
) -> None:
    """Run a turn and show it, as a stream or as one JSON object; then let a title be made if one is due."""
    turns_before = conversation.turns
    app().writer.database.expect_close()
    try:
        run_turn(conversation, message, wait=wait, quiet=as_json, reasoning=reasoning)
        note_footer(conversation, quiet=as_json)
    finally:
        if as_json:
            from chatmgr.ui.json_output import print_json, turn_json

            for turn in app().reader.turns.list(conversation, turns_before + 1):
                print_json(turn_json(turn))
    _title(conversation)


def note_footer(conversation: Conversation, *, quiet: bool) -> None:
    """Say the facts about the last answer on stderr, for a person: not in a pipe, nor for ``--plain``."""
    if quiet or not sys.stderr.isatty() or wants_plain():
        return
    from chatmgr.terminal.region import terminal_size
    from chatmgr.ui.answer_frame import footer_of

    if facts := footer_of(conversation, terminal_size(sys.stderr.fileno())[0]):
        console.gap()
        console.note(facts)


def _title(conversation: Conversation) -> None:
    """Have a title made if one is due; the answer is out, and who does not wait for it has lost nothing."""
    with suppress(KeyboardInterrupt):
        app().titles.start(conversation)
        app().titles.wait()


def show_anew(
    conversation: Conversation, events: Events, *, as_json: bool = False, reasoning: bool = False
) -> None:
    """Show a turn that is asked or answered anew, as a stream or as one JSON object.

    The path of the conversation ends with that turn then.
    """
    newest = app().reader.runs.newest(conversation.pk)
    app().writer.database.expect_close()
    show_reasoning = reasoning or bool(app().settings.get("show_reasoning"))
    try:
        follow(conversation, events, quiet=as_json, reasoning=show_reasoning)
        note_footer(conversation, quiet=as_json)
    except ChatmgrError as error:
        if _answer_stayed(conversation, newest):
            error.hint = f"{error.hint} The answer before stays.".strip()
        raise
    finally:
        if as_json and app().reader.runs.newest(conversation.pk) != newest:
            from chatmgr.ui.json_output import print_json, turn_json

            current = app().reader.conversations.refresh(conversation)
            print_json(turn_json(app().reader.turns.get(current, -1)))
    _title(conversation)


def _answer_stayed(conversation: Conversation, newest: int) -> bool:
    """Whether a run that was made since ``newest`` gave nothing, and the turn's answer before stayed."""
    current = app().reader.conversations.refresh(conversation)
    runs = app().reader.turns.runs(current, current.turns)
    return bool(runs) and runs[-1].pk > newest and not runs[-1].chosen


def run_turn(
    conversation: Conversation,
    message: UserMessage,
    *,
    wait: bool = False,
    quiet: bool = False,
    reasoning: bool = False,
) -> None:
    """Run a turn and show it; raises where it did not end with a whole answer.

    ``quiet`` prints nothing on stdout, which is then left to JSON. ``wait`` waits for a conversation that
    another process has locked.
    """
    events = app().turns.ask(conversation, message, wait=wait)
    show_reasoning = reasoning or bool(app().settings.get("show_reasoning"))
    follow(conversation, events, quiet=quiet, reasoning=show_reasoning)


def follow(
    conversation: Conversation,
    events: Events,
    *,
    quiet: bool = False,
    reasoning: bool = False,
    heading: Callable[[], str] = str,
) -> None:
    """Show a run's events to their end, asking the person for the outputs of functions on the way."""

    def show(events: Events) -> Finished | None:
        view = EventView(conversation, quiet=quiet, reasoning=reasoning, heading=heading)
        with notified(conversation):
            return view.show(events)

    end = show(events)
    while end and end.state is RunState.REQUIRES_ACTION:
        from chatmgr.ui.tool_answers import answer_calls

        end = show(answer_calls(conversation, end.calls))


def settle_orphan(conversation: Conversation) -> None:
    """Settle the run that a dead process left, if there is one; any other open run is left alone."""
    run = app().reader.runs.live(conversation.pk) if conversation.live else None
    if run and app().turns.is_orphaned(run):
        settle(conversation)


def settle(conversation: Conversation, *, wait: bool = False) -> None:
    """Bring the run that a dead process left to its end, reporting it; Ctrl-C leaves the run as it is.

    A run that waits for the outputs of functions gets them from the person, if there is one.
    """
    status = Status(sys.stderr)
    try:
        for event in app().turns.recover(conversation, wait=wait):
            if isinstance(event, Waiting):
                remaining = f": {event.seconds} s" if event.seconds else ""
                brief = event.brief or not event.seconds
                status.show(f"{event.reason}{remaining} (Ctrl-C leaves it running)", brief=brief)
            else:
                status.clear()
                console.note(event.text, "attention")
    except OutputNeeded:
        if not interactive():
            raise
        from chatmgr.ui.tool_answers import answer_calls

        follow(conversation, answer_calls(conversation, app().turns.pending_tool_calls(conversation)))
    finally:
        status.clear()


def open_thread(conversation: Conversation, assistant: Assistant, *, chat: bool) -> None:
    """Create the remote assistant and thread of a new conversation.

    Raises where that fails, but not for a chat whose server cannot be reached: its first turn tries again.
    """
    try:
        app().turns.prepare(conversation, assistant)
    except ChatmgrError as error:
        name = conversation.name
        later = f"“{name}” is kept; go on with it later: chatmgr resume {quote(name)}"
        error.hint = f"{error.hint} {later}".strip()
        if not chat or error.exit_code != NetworkDown.exit_code:
            raise
        console.note(f"{error.message} {error.hint}", "attention")


def note_unlisted_model(provider: str, model: str) -> None:
    """Say so if the server does not list a model that was chosen; two seconds at most, and no refusal."""
    if model and (note := app().providers.unlisted_note(app().providers.get(provider), model)):
        console.note(note, "attention")
