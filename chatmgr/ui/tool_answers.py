"""Answering the calls that a run waits for: by the person, by the command line, or by declining them."""

import json
from collections.abc import Callable, Generator, Mapping
from contextlib import closing

from chatmgr.domain.errors import OutputNeeded, UsageFault
from chatmgr.domain.events import Delta, Event, ToolCall
from chatmgr.domain.items import APPROVED, DECLINED
from chatmgr.domain.model import Conversation
from chatmgr.domain.text import valid_text
from chatmgr.terminal.console import console
from chatmgr.ui.context import app, interactive
from chatmgr.ui.prompts import ask_line

_LONGEST_ARGUMENTS = 2000  # characters
_YES, _NO = frozenset({"y", "yes", APPROVED}), frozenset({"", "n", "no", "decline"})


def answer_calls(
    conversation: Conversation,
    calls: tuple[ToolCall, ...],
    given: Mapping[str, str] | None = None,
    *,
    decline: bool = False,
) -> Generator[Event, None, None]:
    """Go on with a run, with an answer to each of its calls.

    ``given`` are outputs by call id. ``decline`` declines the others; else the person is asked for them.
    Raises OutputNeeded where nobody can be asked, which leaves the run waiting, and UsageFault for an
    unknown id.
    """
    given = dict(given or {})
    _refuse_unknown(conversation, calls, given)
    rest = [call for call in calls if call.id not in given]
    if rest and not decline and not interactive():
        run = app().reader.runs.live(conversation.pk)
        raise OutputNeeded(conversation.name, run.position if run else conversation.turns, rest)
    outputs = {call.id: _as_output(call, given[call.id]) for call in calls if call.id in given}
    for call in rest:
        outputs[call.id] = DECLINED if decline else _ask(call)
    return _without_gap(app().turns.submit_tool_outputs(conversation, outputs))


def _without_gap(events: Generator[Event, None, None]) -> Generator[Event, None, None]:
    """The events; the blank line that sets the text off from the one before the calls is not shown."""
    begun = False
    with closing(events):
        for event in events:
            if isinstance(event, Delta) and not begun:
                text = event.text.lstrip("\n")
                begun = bool(text)
                if begun:
                    yield Delta(text, event.cursor)
            else:
                yield event


def given_outputs(arguments: tuple[str, ...], read_stdin: Callable[[], str]) -> dict[str, str]:
    """The outputs in arguments of the form CALL_ID=OUTPUT; the output ``@-`` is what is piped in."""
    outputs: dict[str, str] = {}
    for argument in arguments:
        call_id, equals, output = argument.partition("=")
        if not (call_id and equals):
            raise UsageFault(
                f"“{argument}” is not of the form CALL_ID=OUTPUT.", "For instance: call_1='{\"celsius\": 21}'"
            )
        text = read_stdin() if output == "@-" else output
        outputs[call_id] = valid_text(text, what=f"output of {call_id}")
    return outputs


def _as_output(call: ToolCall, text: str) -> str:
    """What was typed for a call, as its output; an approval is a yes, or declines, perhaps with a reason."""
    if call.kind != "approval":
        return text
    word = text.strip().lower()
    return APPROVED if word in _YES else DECLINED if word in _NO else text


def _ask(call: ToolCall) -> str:
    """Ask the person for the output of a call, or whether it may be made."""
    shown = ToolCall(call.id, call.name, _readable(call.arguments), call.kind)
    if call.kind == "approval":
        console.note(f"The assistant asks to call {shown}.", "attention")
        return APPROVED if ask_line("Approve it? [y/N]").lower() in _YES else DECLINED
    console.note(f"The assistant calls {shown}.", "attention")
    return ask_line("Its output (empty to decline)") or DECLINED


def _readable(arguments: str) -> str:
    """Arguments for people: JSON with its escapes resolved, and not without end."""
    try:
        arguments = json.dumps(json.loads(arguments), ensure_ascii=False)
    except (ValueError, RecursionError):
        pass
    return arguments if len(arguments) <= _LONGEST_ARGUMENTS else f"{arguments[:_LONGEST_ARGUMENTS]}…"


def _refuse_unknown(
    conversation: Conversation, calls: tuple[ToolCall, ...], given: Mapping[str, str]
) -> None:
    for call_id in given:
        if call_id not in {call.id for call in calls}:
            known = ", ".join(call.id for call in calls) or "none"
            raise UsageFault(
                f"“{conversation.name}” does not wait for “{call_id}”.", f"It waits for: {known}"
            )
