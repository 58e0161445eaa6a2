"""Recovering the runs of dead processes: from the server, where that knows more, else as they are."""

import shlex
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace

from chatmgr.backends.continuation import as_sent
from chatmgr.domain.errors import ChatmgrError, ConfigurationFault, NetworkDown, OutputNeeded, ProviderRefused
from chatmgr.domain.events import Delta, Finished, Notice, ToolCall, Waiting
from chatmgr.domain.model import Conversation, LiveRun, Message
from chatmgr.domain.ports import PriceTable
from chatmgr.domain.states import RunState
from chatmgr.store.reader import Reader
from chatmgr.store.writer import RunOutcome, Writer
from chatmgr.turns.progress import Progress, aborted_outcome, finished_outcome
from chatmgr.turns.recorder import Recorder
from chatmgr.turns.route import Route, open_run
from chatmgr.turns.waiting import declined_answers

_PROCESS_DIED = "the process ended before the answer did"
_Ending = RunOutcome | tuple[ToolCall, ...]  # how a run ended, or the calls whose outputs it waits for
Notices = Generator[Notice | Waiting, None, None]


class RunRecovery:
    """Recovers and closes runs; the caller holds the lock of their conversation."""

    def __init__(self, writer: Writer, reader: Reader, prices: PriceTable, recorder: Recorder) -> None:
        self._writer = writer
        self._reader = reader
        self._prices = prices
        self._recorder = recorder

    def recover(
        self,
        conversation: Conversation,
        find_route: Callable[[LiveRun], Route | None],
        again: Callable[[str, int], str],
        *,
        follow: bool = True,
    ) -> Notices:
        """Recover and close the run that a dead process left in a conversation, and report its end.

        The saved text is kept, unless the server has more. A run stays open if it waits for the output of a
        function (raises OutputNeeded), or if its server cannot be asked. Without ``follow``, a stream is not
        continued: the server is only asked how the run stands. ``again`` gives the command to ask again.
        """
        with self._reader as reader:
            live_run = reader.runs.live(conversation.pk)
            if live_run is None:
                return
            live_run = replace(live_run, earlier=self._earlier(live_run))
        address = f"{conversation.name}@{live_run.position}"
        never_sent = f"was never sent. Have it answered: {again(conversation.name, live_run.position)}"
        route = find_route(live_run) if live_run.sent else None
        death = ""
        if live_run.state is not RunState.REQUIRES_ACTION:
            process = f"process {live_run.pid} on {live_run.host}"
            death = f"{address} was interrupted: {process} ended before its answer did"
            self._writer.runs.take_over(open_run(live_run, route))
        asked_run = live_run if follow else replace(live_run, cursor=None)
        unreported = [Notice(f"{death}.")] if death else []
        ending = yield from _report_before(unreported, self._ask_server(asked_run, route))
        if not isinstance(ending, RunOutcome):
            yield from unreported
            raise OutputNeeded(conversation.name, live_run.position, ending)
        self._writer.runs.close(open_run(live_run, route), ending)
        if unreported and ending.state is RunState.INTERRUPTED:
            unsent = "" if live_run.sent else f"; it {never_sent}"
            yield Notice(f"{death}{unsent or _nothing_more(ending)}")
            return
        yield from unreported
        yield Notice(f"{address} {_describe_outcome(ending) if live_run.sent else never_sent}")

    def _earlier(self, live_run: LiveRun) -> tuple[Message, ...]:
        """The last messages of the remote thread, where only they can tell whether the message arrived."""
        if live_run.run_id or not live_run.sent:
            return ()
        conversation, position = live_run.conversation_pk, live_run.position
        answered = self._reader.turns.last_answered(conversation, position)
        return tuple(self._reader.turns.context(conversation, position, max(answered - 3, 0)))

    def pending_tool_calls(self, live_run: LiveRun, route: Route) -> tuple[ToolCall, ...]:
        """The functions whose outputs a run waits for, asked of the server."""
        ending = _return_value(self._ask_server(live_run, route))
        if not isinstance(ending, RunOutcome):
            return ending
        self._writer.runs.close(open_run(live_run, route), ending)
        address = f"{live_run.conversation}@{live_run.position}"
        raise ProviderRefused(
            f"{address} is no longer waiting: it {_describe_outcome(ending)}",
            f"See it: chatmgr history {shlex.quote(address)}",
        )

    def _ask_server(self, live_run: LiveRun, route: Route | None) -> Generator[Waiting, None, _Ending]:
        """As ``_find_ending``; if the server cannot be asked, the error's hint says what to do."""
        try:
            return (yield from self._find_ending(live_run, route))
        except (NetworkDown, ConfigurationFault) as error:
            stays_open = f"{live_run.conversation}@{live_run.position} stays open."
            error.hint = f"{error.hint} {stays_open} {wait_hint(live_run.conversation)}".strip()
            raise

    def _find_ending(self, live_run: LiveRun, route: Route | None) -> Generator[Waiting, None, _Ending]:
        """How a run ended, as far as its server knows; or the calls whose outputs it waits for."""
        if not live_run.sent:
            not_sent = "it was never sent"
            return RunOutcome(RunState.INTERRUPTED, live_run.text, error=not_sent, thread_synced=None)
        progress = self._progress_of(live_run, route)
        run = open_run(live_run, route)
        if route:
            progress.cost = lambda usage: self._prices.cost(route.provider, live_run.model, usage)
            try:
                for event in route.backend().recover(as_sent(live_run)):
                    self._recorder.record(run, 0, event, progress)
                    if isinstance(event, Waiting):
                        yield event
                    elif isinstance(event, Delta):
                        yield Waiting(0, "still being answered")
                    elif isinstance(event, Finished) and event.state is RunState.REQUIRES_ACTION:
                        self._recorder.checkpoint(run, progress)
                        self._writer.runs.require_action(
                            run,
                            ", ".join(call.name for call in event.calls),
                            finished_outcome(event, progress),
                        )
                        return event.calls
                    elif isinstance(event, Finished):
                        return finished_outcome(event, progress)
            except ProviderRefused as error:
                return aborted_outcome(progress, RunState.INTERRUPTED, error.message)
        return aborted_outcome(progress, RunState.INTERRUPTED, _PROCESS_DIED)

    def close_as(self, live_run: LiveRun, route: Route | None, state: RunState, error: str) -> None:
        """Close a run by the user's decision; what had arrived is kept, and calls that wait are declined."""
        outcome = aborted_outcome(self._progress_of(live_run, route), state, error)
        outcome = replace(outcome, cost=None if live_run.sent else 0)
        self._writer.runs.close(open_run(live_run, route), outcome, declined_answers(live_run.items))

    def close_declined(self, live_run: LiveRun, route: Route | None) -> None:
        """Close a run that waits for us, since the person goes on without it; its calls are declined.

        A thread of the Responses API then holds the turn, and hears of it with the next message.
        """
        outcome = aborted_outcome(self._progress_of(live_run, route), RunState.CANCELLED, "")
        synced = route is not None and route.provider.api == "responses"
        outcome = replace(outcome, detail="declined", cost=None, thread_synced=synced)
        self._writer.runs.close(open_run(live_run, route), outcome, declined_answers(live_run.items))

    def _progress_of(self, live_run: LiveRun, route: Route | None) -> Progress:
        """What a run has brought so far."""
        progress = Progress(live_run.text, begun=live_run.begun)
        progress.sent = live_run.sent
        with self._reader as reader:
            progress.begin_with(reader.runs.used(live_run.run_pk), route.provider.api if route else "")
        return progress


def wait_hint(conversation: str) -> str:
    """What to type about a run that goes on at its server."""
    name = shlex.quote(conversation)
    return f"Wait for it: chatmgr runs wait {name} — or give it up: chatmgr runs cancel {name}"


def _report_before(
    notices: list[Notice], events: Generator[Waiting, None, _Ending]
) -> Generator[Notice | Waiting, None, _Ending]:
    """The events, with the notices before the first of them, or before an error.

    Notices that were yielded are removed from the list. If no event comes, they stay there for the
    caller, who can then put them and the end into one line.
    """

    def report() -> Iterator[Notice]:
        yield from notices
        notices.clear()

    with closing(events):
        try:
            while True:
                event = next(events)
                yield from report()
                yield event
        except StopIteration as stop:
            ending: _Ending = stop.value
            return ending
        except ChatmgrError:
            yield from report()
            raise


def _return_value(events: Generator[Waiting, None, _Ending]) -> _Ending:
    """Run a generator to its end and give its value."""
    while True:
        try:
            next(events)
        except StopIteration as stop:
            ending: _Ending = stop.value
            return ending


def _nothing_more(outcome: RunOutcome) -> str:
    """What there is of a run of which nothing more was learnt, as the end of a sentence."""
    reason = f" ({outcome.error})" if outcome.error and outcome.error != _PROCESS_DIED else ""
    return f"{reason}{_kept(outcome)}."


def _kept(outcome: RunOutcome) -> str:
    count = len(outcome.text)
    return f"; {count:,} characters of the answer are kept" if count else "; nothing had arrived"


def _describe_outcome(outcome: RunOutcome) -> str:
    """What became of a recovered run, as the rest of a sentence about it."""
    if outcome.state is RunState.COMPLETED:
        return "is complete now: the server had the whole answer."
    reason = f" ({outcome.error})" if outcome.error else ""
    return f"is {outcome.state}{reason}{_kept(outcome)}."
