"""A turn as it is shown while it runs, and what is asked of the person meanwhile."""

import sys
from collections.abc import Generator
from contextlib import closing
from typing import TYPE_CHECKING

import click

from chatmgr.domain.errors import Interrupted, OutputNeeded, ProviderRefused
from chatmgr.domain.events import Delta, Event, Finished, Notice, Reasoning, ToolCall, Waiting
from chatmgr.domain.model import Conversation, UserMessage
from chatmgr.domain.states import RunState
from chatmgr.domain.text import as_sentence
from chatmgr.terminal.console import console
from chatmgr.terminal.plain_writer import PlainWriter
from chatmgr.terminal.status import Status
from chatmgr.terminal.typeahead import typeahead_paused
from chatmgr.ui.context import app, interactive, markdown

if TYPE_CHECKING:
    from chatmgr.terminal.markdown.streaming_writer import MarkdownWriter

Events = Generator[Event, None, None]


def run_turn(
    conversation: Conversation,
    message: UserMessage,
    *,
    wait: bool = False,
    quiet: bool = False,
    reasoning: bool = False,
) -> None:
    """Run a turn and show it; raises when it did not end as an answer should.

    ``quiet`` leaves stdout to somebody else (JSON). A run that asks for the output of functions gets
    it from the person, or is left where it is.
    """
    show = reasoning or bool(app().settings.get("show_reasoning"))
    follow(conversation, app().turns.ask(conversation, message, wait=wait), quiet=quiet, reasoning=show)


def follow(
    conversation: Conversation, events: Events, *, quiet: bool = False, reasoning: bool = False
) -> None:
    """Show events to their end, asking the person for the outputs of functions on the way."""
    where = conversation.provider
    end = _shown(events, where, quiet=quiet, reasoning=reasoning)
    while end and end.state is RunState.REQUIRES_ACTION:
        end = _shown(answered(conversation, end.calls), where, quiet=quiet, reasoning=reasoning)


def settle(conversation: Conversation, *, wait: bool = False) -> None:
    """Settle what a dead process left, saying so; Ctrl-C leaves it as it is.

    A run that waits for the output of a function gets it from the person, if there is one.
    """
    status = Status(sys.stderr)
    try:
        for one in app().turns.recover(conversation, wait=wait):
            if isinstance(one, Waiting):
                left = f": {one.seconds} s" if one.seconds else ""
                status.show(
                    f"{one.reason}{left} (Ctrl-C leaves it to go on)", brief=one.brief or not one.seconds
                )
            else:
                status.clear()
                console.note(one.text, "yellow")
    except OutputNeeded:
        if not interactive():
            raise
        follow(conversation, answered(conversation, app().turns.pending_tool_calls(conversation)))
    finally:
        status.clear()


@typeahead_paused()
def answered(conversation: Conversation, calls: tuple[ToolCall, ...]) -> Events:
    """Ask for the outputs of functions and go on with the run; without a person, leave it."""
    if not interactive():
        live = app().reader.live_run(conversation.pk)
        raise OutputNeeded(conversation.name, live.position if live else conversation.turns, map(str, calls))
    outputs: dict[str, str] = {}
    for call in calls:
        console.note(f"The assistant calls {call}.", "yellow")
        typed = str(click.prompt("Its output (empty to decline)", default="", show_default=False, err=True))
        if not typed:
            app().turns.cancel(conversation)
            raise Interrupted("Declined; the run is cancelled.")
        outputs[call.id] = typed
    return app().turns.submit_tool_outputs(conversation, outputs)


def _writer() -> "PlainWriter | MarkdownWriter":
    if not markdown():
        return PlainWriter(console)
    from chatmgr.terminal.markdown.streaming_writer import MarkdownWriter

    return MarkdownWriter(console)


def _shown(events: Events, provider: str, *, quiet: bool, reasoning: bool) -> Finished | None:
    status = Status(sys.stderr)
    status.waiting_for(f"waiting for {provider}")
    writer = PlainWriter(console) if quiet else _writer()
    end: Finished | None = None
    streamed = False
    with closing(events):
        try:
            for event in events:
                if type(event) is Delta:
                    status.clear()
                    streamed = True
                    if not quiet:
                        writer.write(event.text)
                elif isinstance(event, Finished):
                    end = event
                else:
                    _beside(event, status, writer, reasoning=reasoning)
                    if isinstance(event, Notice) and not streamed:
                        status.waiting_for(f"waiting for {provider}")
            if end and end.text and not streamed and not quiet:
                status.clear()
                writer.write(end.text)
        except KeyboardInterrupt:  # in here, not in the engine, which then learns of it by being closed
            raise Interrupted("Stopped; what had arrived is kept." if streamed else "Stopped.") from None
        finally:
            status.clear()
            writer.finish()
    if end and end.state is not RunState.REQUIRES_ACTION:
        _raise_unless_answered(end, streamed or bool(end.text))
    return end


def _beside(event: Event, status: Status, writer: "PlainWriter | MarkdownWriter", *, reasoning: bool) -> None:
    """What is shown beside the answer, which is not drawn over meanwhile."""
    if isinstance(event, Waiting):
        writer.draw()
        again = "trying again in " if event.brief else ""
        left = f": {again}{event.seconds} s" if event.seconds else ""
        status.show(f"{event.reason}{left} (Ctrl-C stops)", brief=event.brief or not event.seconds)
    elif isinstance(event, Reasoning):
        if reasoning:
            writer.freeze()
            status.add_reasoning(event.text)
    elif isinstance(event, Notice):
        status.clear()
        with writer.suspended():
            console.note(event.text)


def _raise_unless_answered(end: Finished, has_text: bool) -> None:
    """``incomplete``, ``failed`` and empty answers are said to be what they are."""
    if end.state is RunState.COMPLETED:
        if end.detail == "refusal":
            console.note("[the model refused]", "yellow")
        elif not has_text:
            raise ProviderRefused("The answer is empty.", "Ask again, perhaps in other words.")
        return
    if end.state is RunState.INCOMPLETE:
        reason = {"length": "the limit of its length was reached"}.get(
            end.detail, end.detail or "no reason given"
        )
        raise ProviderRefused(f"The answer is incomplete: {reason}.", "What arrived is kept.")
    reason = end.error or end.detail or "no reason given"
    hint = "What arrived is kept." if has_text else "Your message is kept; send it again when that is mended."
    was = "" if end.state is RunState.FAILED else "was "
    raise ProviderRefused(f"The run {was}{end.state}: {as_sentence(reason)}", hint)
