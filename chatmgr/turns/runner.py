"""Running a turn: committing it, sending it, and saving what comes back."""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial

from chatmgr.backends.continuation import as_instruction, as_sent
from chatmgr.domain.errors import (
    Busy,
    ChatmgrError,
    DatabaseUnreachable,
    Interrupted,
    NetworkDown,
    ProviderRefused,
    Unsettled,
)
from chatmgr.domain.events import Event, Notice, Sending, ThreadSynced, Uploaded
from chatmgr.domain.interrupts import interrupts
from chatmgr.domain.model import Assistant, Conversation, LiveRun, UserMessage
from chatmgr.domain.ports import PriceTable
from chatmgr.domain.states import RunState
from chatmgr.domain.turn_target import TurnTarget
from chatmgr.store import locks
from chatmgr.store.reader import Reader
from chatmgr.store.writer import OpenRun, Writer
from chatmgr.turns.progress import (
    Progress,
    aborted_outcome,
    failed_outcome,
    finished_outcome,
    whole_characters,
)
from chatmgr.turns.recorder import Recorder, until_written
from chatmgr.turns.recovery import RunRecovery, wait_hint
from chatmgr.turns.requests import read_request
from chatmgr.turns.route import Route, open_run, open_turn, outlives_process, runs_in_background


class TurnRunner:
    """Runs turns against one database; ``recovery`` takes care of the runs that dead processes left."""

    def __init__(self, url: str, writer: Writer, reader: Reader, prices: PriceTable) -> None:
        self._url = url
        self._prices = prices
        self._writer = writer
        self._reader = reader
        self._recorder = Recorder(writer)
        self.recovery = RunRecovery(writer, reader, prices, self._recorder)

    @contextmanager
    def locked(self, conversation: Conversation, *, wait: bool = False) -> Iterator[None]:
        """Keep other processes out of a conversation; raises Busy, naming the one inside."""
        try:
            if wait:
                lock = interrupts.run_beside(lambda: self._acquire(conversation, wait=True))
            else:
                lock = self._acquire(conversation)
        except BlockingIOError:
            raise self._busy(conversation) from None
        try:
            yield
        finally:
            lock.release()

    def _acquire(self, conversation: Conversation, *, wait: bool = False) -> locks.Lock:
        return locks.acquire(self._url, conversation.pk, wait=wait)

    def _busy(self, conversation: Conversation) -> Busy:
        with self._reader as reader:
            live_run = reader.runs.live(conversation.pk)
        reason = "another process is using it"
        if live_run:
            since = live_run.started_at.astimezone().strftime("%H:%M:%S")
            reason = f"process {live_run.pid} on {live_run.host} has been running a turn since {since}"
        return Busy(f"“{conversation.name}” is busy: {reason}.", "Try again, or add --wait.")

    def run(
        self,
        conversation: Conversation,
        assistant: Assistant,
        route: Route,
        message: UserMessage,
        target: TurnTarget | None = None,
    ) -> Generator[Event, None, None]:
        """Run one turn of a conversation that is locked; yields the events to be shown, as they come.

        ``target`` says which turn, if it is not a new one at the end of the path. Closing the generator, or
        Ctrl-C inside it, cancels the run and keeps what had arrived.
        """
        background = runs_in_background(route, assistant, message)
        if message.background and not background:
            yield Notice(
                f"{route.provider.name} cannot run in the background; this process has to keep running."
            )
        run = open_turn(
            self._writer, conversation.pk, assistant, route, message, target, background=background
        )
        begun = target.begun if target else ""
        progress = Progress(
            begun,
            conversation=conversation.name,
            outlives_process=outlives_process(route, background=background),
            begun=begun,
        )
        with _message_kept():
            request = read_request(
                self._reader, conversation, run, assistant, route.model, message, begun=begun
            )
            request = replace(request, background=background)

            def events() -> Iterator[Event]:
                if target and target.notice:
                    yield Notice(target.notice)
                yield from route.backend().stream(request)

            yield from self._drive(run, assistant.id, route, events, progress)

    def submit_tool_outputs(
        self,
        conversation: Conversation,
        live_run: LiveRun,
        assistant: Assistant,
        route: Route,
        outputs: Mapping[str, str],
    ) -> Generator[Event, None, None]:
        """Go on with a run that waits for tool outputs; if they do not arrive, it keeps waiting."""
        progress = Progress(
            live_run.text,
            conversation=live_run.conversation,
            outlives_process=outlives_process(route, background=live_run.background),
            awaits_output=True,
        )
        progress.sent, progress.run_id, progress.begun = True, live_run.run_id, live_run.begun
        run = open_run(live_run, route)
        with _message_kept():
            with self._reader as reader:
                progress.begin_with(reader.runs.used(live_run.run_pk), route.provider.api)
                message = UserMessage(live_run.user, reader.turns.files_of(live_run.message))
            parts = (self._reader, conversation, run, assistant, route.model, message)
            request = read_request(*parts, begun=live_run.begun, own_items=len(live_run.items))
            request = replace(request, background=live_run.background)
            live_run = as_sent(replace(live_run, request=as_instruction(request)))
            if route.provider.api == "assistants":
                self._writer.runs.resume(run)
            else:  # until the answers are on their way, it waits for them
                self._writer.runs.take_over(run)
            yield from self._drive(
                run,
                assistant.id,
                route,
                lambda: route.backend().submit_tool_outputs(live_run, outputs),
                progress,
            )

    def _drive(
        self,
        run: OpenRun,
        assistant: int,
        route: Route,
        events: Callable[[], Iterator[Event]],
        progress: Progress,
    ) -> Generator[Event, None, None]:
        """Follow a backend's events to their end, and save what must not be lost."""
        stream: Iterator[Event] | None = None
        progress.cost = lambda usage: self._prices.cost(route.provider, progress.model or route.model, usage)
        progress.preload_prices = lambda: self._prices.preload(route.provider)
        try:
            interrupts.check()  # the message is kept by now, and nothing was sent
            stream = events()
            with self._recorder.checkpoints(run, progress):
                for event in whole_characters(stream):
                    try:
                        self._recorder.record(run, assistant, event, progress)
                    except DatabaseUnreachable:
                        yield from until_written(
                            partial(self._recorder.record, run, assistant, event, progress)
                        )
                    if not isinstance(event, (Sending, ThreadSynced, Uploaded)):
                        yield event
                    if progress.finished:
                        break
        except KeyboardInterrupt:
            yield from self._stop(run, progress, stream)
            raise Interrupted("Stopped; what had arrived is kept." if progress.text else "Stopped.") from None
        except GeneratorExit:
            list(self._stop(run, progress, stream))  # whoever closed the generator reads no more notices
            raise
        except DatabaseUnreachable:
            _close(stream)
            raise  # the end of the run could not be written either; the run is recovered later
        except Exception as error:
            yield from _saved(partial(self._close_failed, run, progress, error))
            raise
        yield from _saved(lambda: self._close_finished(run, progress))

    def _stop(
        self, run: OpenRun, progress: Progress, stream: Iterator[Event] | None
    ) -> Generator[Event, None, None]:
        """Stop a backend's events, and save what had arrived."""
        with suppress(KeyboardInterrupt):  # who does not wait for the server keeps the answer all the same
            _close(stream)
        yield from _saved(lambda: self._close_stopped(run, progress))

    def _close_stopped(self, run: OpenRun, progress: Progress) -> None:
        """Close a run that the person stopped; one that had ended keeps its end."""
        if progress.finished:
            self._close_finished(run, progress)
        else:
            self._writer.runs.close(run, aborted_outcome(progress, RunState.CANCELLED, ""))

    def _close_failed(self, run: OpenRun, progress: Progress, error: Exception) -> None:
        """Close a run that an error ended, unless it waits or goes on at the server."""
        if not isinstance(error, ChatmgrError):
            text = f"{type(error).__name__}: {error}"
            self._writer.runs.close(run, aborted_outcome(progress, RunState.FAILED, text))
        elif progress.awaits_output and not error.touched:
            self._writer.runs.require_action(run)
        elif isinstance(error, Unsettled):
            self._recorder.checkpoint(run, progress)
            error.hint = "What arrived is kept, and the next command looks for the rest: chatmgr runs"
        elif progress.outlives_process and progress.run_id and _outcome_unknown(error):
            self._recorder.checkpoint(run, progress)
            error.hint = f"The run goes on at the server. {wait_hint(progress.conversation)}"
        else:
            self._writer.runs.close(run, failed_outcome(progress, error))

    def _close_finished(self, run: OpenRun, progress: Progress) -> None:
        """Save the end; a run whose stream had none is interrupted, never complete."""
        finished = progress.finished
        if finished is None:
            reason = "the stream ended before the answer did"
            self._writer.runs.close(run, aborted_outcome(progress, RunState.INTERRUPTED, reason))
            raise NetworkDown(f"The answer broke off: {reason}.", broke_off=True)
        if finished.state is RunState.REQUIRES_ACTION:
            self._recorder.checkpoint(run, progress)
            names = ", ".join(call.name for call in finished.calls)
            self._writer.runs.require_action(run, names, finished_outcome(finished, progress))
            return
        self._writer.runs.close(run, finished_outcome(finished, progress))


@contextmanager
def _message_kept() -> Iterator[None]:
    """Mark an error of the database: the message is in it already, and need not be typed again."""
    try:
        yield
    except DatabaseUnreachable as error:
        error.message_kept = True
        raise


def _saved(write: Callable[[], None]) -> Iterator[Event]:
    """Write a run's end, however long that takes; a Ctrl-C leaves the run to the next command."""
    try:
        yield from until_written(write)
    except KeyboardInterrupt:
        raise Interrupted(
            "Stopped before all of it was saved.", "The next command on the conversation picks the run up."
        ) from None


def _close(stream: Iterator[Event] | None) -> None:
    """Let the backend ask the server to stop; if that fails, the reason for stopping matters more."""
    if isinstance(stream, Generator):
        with suppress(ChatmgrError):
            stream.close()


def _outcome_unknown(error: ChatmgrError) -> bool:
    """Whether an error leaves open what became of the run."""
    return isinstance(error, NetworkDown) or (isinstance(error, ProviderRefused) and error.status >= 500)
