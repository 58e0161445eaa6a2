"""Running a turn: committing it, sending it, and saving what comes back."""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial

from chatmgr.domain.errors import Busy, ChatmgrError, DatabaseUnreachable, Interrupted
from chatmgr.domain.events import Event, Notice, Sending, ThreadSynced, Uploaded
from chatmgr.domain.interrupts import interrupts
from chatmgr.domain.model import Assistant, Conversation, LiveRun, Message, TurnRequest, UserMessage
from chatmgr.domain.ports import PriceTable
from chatmgr.domain.turn_target import TurnTarget
from chatmgr.store import locks
from chatmgr.store.reader import Reader
from chatmgr.store.writer import OpenRun, Writer
from chatmgr.turns.ending import RunEnding
from chatmgr.turns.progress import Progress, whole_characters
from chatmgr.turns.recorder import Recorder, until_written
from chatmgr.turns.recovery import RunRecovery
from chatmgr.turns.route import Route, open_run, runs_in_background
from chatmgr.turns.waiting import unsent_answers


class TurnRunner:
    """Runs turns against one database; ``recovery`` takes care of the runs that dead processes left."""

    def __init__(self, url: str, writer: Writer, reader: Reader, prices: PriceTable) -> None:
        self._url = url
        self._prices = prices
        self._writer = writer
        self._reader = reader
        self._recorder = Recorder(writer)
        self._ending = RunEnding(writer, self._recorder)
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
        run = self._writer.turns.open(
            conversation.pk,
            assistant,
            route.model,
            route.provider.name,
            route.provider.endpoint,
            message.text,
            attachments=message.attachments,
            background=background,
            target=target,
        )
        begun = target.begun if target else ""
        progress = Progress(
            begun,
            conversation=conversation.name,
            outlives_process=background or route.provider.api == "assistants",
            begun=begun,
        )
        with _message_kept():
            request = self._request(
                conversation, run, assistant, route.model, message, background=background, begun=begun
            )

            def events() -> Iterator[Event]:
                if target and target.notice:
                    yield Notice(target.notice)
                yield from route.backend().stream(request)

            yield from self._drive(run, assistant.id, route, events, progress)

    def _request(
        self,
        conversation: Conversation,
        run: OpenRun,
        assistant: Assistant,
        model: str,
        message: UserMessage,
        *,
        background: bool,
        begun: str,
    ) -> TurnRequest:
        """Read all that the backend needs."""
        with self._reader as reader:
            thread = reader.threads.get(run.conversation, run.provider, run.endpoint, before=run.position)
            answered = reader.turns.last_answered(run.conversation, run.position)
            held = thread is not None and thread.synced >= answered > 0
            items = reader.turns.items_at(run.conversation, answered) if held else ()
            return TurnRequest(
                conversation=conversation.id,
                position=run.position,
                text=message.text,
                model=model,
                assistant=assistant,
                history=lambda after: self._history(run, after),
                answered=answered,
                thread=thread,
                remote_assistant=reader.assistants.remote_id(assistant.id, run.provider, run.endpoint),
                attachments=message.attachments,
                remote_files=reader.threads.remote_files(run.conversation, run.provider, run.endpoint),
                background=background,
                begun=begun,
                pending=unsent_answers(items),
            )

    def _history(self, run: OpenRun, after: int) -> list[Message]:
        with self._reader as reader:
            return reader.turns.context(run.conversation, run.position, after)

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
            outlives_process=live_run.background or route.provider.api == "assistants",
            awaits_output=True,
        )
        progress.sent, progress.run_id, progress.begun = True, live_run.run_id, live_run.begun
        run = open_run(live_run, route)
        with _message_kept():
            with self._reader as reader:
                progress.begin_with(reader.runs.used(live_run.run_pk), route.provider.api)
                message = UserMessage(live_run.user, reader.turns.files_of(live_run.message))
            request = self._request(
                conversation,
                run,
                assistant,
                route.model,
                message,
                background=live_run.background,
                begun=live_run.begun,
            )
            live_run = replace(live_run, request=request)
            self._writer.runs.resume(run)
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
            yield from _saved(partial(self._ending.failed, run, progress, error))
            raise
        yield from _saved(lambda: self._ending.finished(run, progress))

    def _stop(
        self, run: OpenRun, progress: Progress, stream: Iterator[Event] | None
    ) -> Generator[Event, None, None]:
        """Stop a backend's events, and save what had arrived."""
        with suppress(KeyboardInterrupt):  # who does not wait for the server keeps the answer all the same
            _close(stream)
        yield from _saved(lambda: self._ending.stopped(run, progress))


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
