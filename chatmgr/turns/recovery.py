"""Runs that a dead process left: taken up where the server knows more, else closed as what they are."""

import shlex
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace

from chatmgr.domain.errors import ChatmgrError, ConfigurationFault, NetworkDown, OutputNeeded, ProviderRefused
from chatmgr.domain.events import Delta, Finished, Notice, ToolCall, Waiting
from chatmgr.domain.model import Conversation, LiveRun, Message
from chatmgr.domain.ports import Pricer
from chatmgr.domain.states import RunState
from chatmgr.store.reader import Reader
from chatmgr.store.writer import RunOutcome, Writer
from chatmgr.turns.progress import Progress, aborted, ending
from chatmgr.turns.recorder import Recorder
from chatmgr.turns.route import Route, open_run

_DIED = "the process ended before the answer did"
_End = RunOutcome | tuple[ToolCall, ...]
Notices = Generator[Notice | Waiting, None, None]


class RunRecovery:
    """Settles runs while their conversation is held."""

    def __init__(self, writer: Writer, reader: Reader, pricer: Pricer, recorder: Recorder) -> None:
        self._writer = writer
        self._reader = reader
        self._pricer = pricer
        self._recorder = recorder

    def recover(
        self, conversation: Conversation, route: Callable[[LiveRun], Route | None], *, once: bool = False
    ) -> Notices:
        """Settle a conversation's left run; says how it ended.

        The text that had been written down is kept unless the server has more of it. A run that
        waits for the output of a function is left as it is; so is one whose server cannot be asked.
        ``once`` asks how it stands, instead of following its stream.
        """
        live = self._reader.runs.live(conversation.pk)
        if live is None:
            return
        address = f"{conversation.name}@{live.position}"
        found = route(live) if live.sent else None
        live = replace(live, earlier=self._earlier(live))
        self._reader.close()
        died = ""
        if live.state is not RunState.REQUIRES_ACTION:
            died = f"{address} was interrupted: process {live.pid} on {live.host} ended before its answer did"
            self._writer.adopt(open_run(live, found))
        said = [Notice(f"{died}.")] if died else []
        end = yield from _after(said, self._asked(replace(live, cursor=None) if once else live, found))
        if not isinstance(end, RunOutcome):
            yield from said
            raise OutputNeeded(conversation.name, live.position, map(str, end))
        self._writer.close_run(open_run(live, found), end)
        if said and end.state is RunState.INTERRUPTED:
            yield Notice(f"{died}{_no_more(end, sent=live.sent)}")
            return
        yield from said
        yield Notice(f"{address} {_outcome(end, sent=live.sent)}")

    def _earlier(self, live: LiveRun) -> tuple[Message, ...]:
        """What the remote thread ended with, where only that can tell whether the message was heard."""
        if live.run_id or not live.sent:
            return ()
        answered = self._reader.turns.last_answered(live.conversation_pk, live.position)
        return tuple(self._reader.turns.context(live.conversation_pk, live.position, max(answered - 3, 0)))

    def calls(self, live: LiveRun, route: Route) -> tuple[ToolCall, ...]:
        """The functions whose outputs a run waits for, asked of the server."""
        asked = self._asked(live, route)
        while True:
            try:
                next(asked)
            except StopIteration as stop:
                end: _End = stop.value
                break
        if not isinstance(end, RunOutcome):
            return end
        self._writer.close_run(open_run(live, route), end)
        address = f"{live.conversation}@{live.position}"
        raise ProviderRefused(
            f"{address} waits for nothing any more: it {_outcome(end, sent=True)}",
            f"See it: chatmgr history {shlex.quote(address)}",
        )

    def _asked(self, live: LiveRun, route: Route | None) -> Generator[Waiting, None, _End]:
        """As ``_settled``; a server that cannot be asked is no end, and what to do then is said."""
        try:
            return (yield from self._settled(live, route))
        except (NetworkDown, ConfigurationFault) as error:
            stays = f"{live.conversation}@{live.position} stays open."
            error.hint = f"{error.hint} {stays} {how_to_wait(live.conversation)}".strip()
            raise

    def _settled(self, live: LiveRun, route: Route | None) -> Generator[Waiting, None, _End]:
        """How a left run ended, asking the server where it can know; or the functions it waits for."""
        if not live.sent:
            return RunOutcome(RunState.INTERRUPTED, live.text, error="it was never sent", thread_synced=None)
        progress = Progress(live.text)
        progress.sent = True
        run = open_run(live, route)
        if route:
            progress.price = lambda usage: self._pricer.price(route.provider, live.model, usage)
            try:
                for event in route.backend().recover(live):
                    self._recorder.record(run, 0, event, progress)
                    if isinstance(event, Waiting):
                        yield event
                    elif isinstance(event, Delta):
                        yield Waiting(0, "still being answered")
                    elif isinstance(event, Finished) and event.state is RunState.REQUIRES_ACTION:
                        self._writer.require_action(run, ", ".join(call.name for call in event.calls))
                        return event.calls
                    elif isinstance(event, Finished):
                        return ending(event, progress)
            except ProviderRefused as error:
                return aborted(progress, RunState.INTERRUPTED, error.message)
        return aborted(progress, RunState.INTERRUPTED, _DIED)

    def close_as(self, live: LiveRun, route: Route | None, state: RunState, error: str) -> None:
        """Close a left run by the user's own decision; what had arrived is kept."""
        progress = Progress(live.text)
        progress.sent = live.sent
        self._writer.close_run(open_run(live, route), aborted(progress, state, error))


def how_to_wait(name: str) -> str:
    """What to type about a run that goes on at its server."""
    quoted = shlex.quote(name)
    return f"Wait for it: chatmgr runs wait {quoted} — or give it up: chatmgr runs cancel {quoted}"


def _after(
    said: list[Notice], events: Generator[Waiting, None, _End]
) -> Generator[Notice | Waiting, None, _End]:
    """Events to their end; what is to be ``said`` goes before the first of them, and before an error.

    What nothing came after is still there, for one line with the end.
    """
    with closing(events):
        try:
            while True:
                event = next(events)
                yield from said
                said.clear()
                yield event
        except StopIteration as stop:
            end: _End = stop.value
            return end
        except ChatmgrError:
            yield from said
            raise


def _no_more(end: RunOutcome, *, sent: bool) -> str:
    """What is left of a run about which nothing more was learnt, as the end of a sentence."""
    if not sent:
        return "; it was never sent. Send the message again to have it answered."
    reason = f" ({end.error})" if end.error and end.error != _DIED else ""
    return f"{reason}{_kept(end)}."


def _kept(end: RunOutcome) -> str:
    return f"; {len(end.text):,} characters of the answer are kept" if end.text else "; nothing had arrived"


def _outcome(end: RunOutcome, *, sent: bool) -> str:
    """What became of a run that was taken up, as the rest of a sentence."""
    if not sent:
        return "was never sent. Send the message again to have it answered."
    if end.state is RunState.COMPLETED:
        return "is complete now: the server had the whole answer."
    reason = f" ({end.error})" if end.error else ""
    return f"is {end.state}{reason}{_kept(end)}."
