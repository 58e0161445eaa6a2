"""Running a turn."""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress

from chatmgr.domain.errors import (
    Busy,
    ChatmgrError,
    DatabaseUnreachable,
    Interrupted,
    NetworkDown,
    ProviderRefused,
    Unsettled,
)
from chatmgr.domain.events import Event, Notice, Rebuilt, Sending, Uploaded
from chatmgr.domain.model import Assistant, Conversation, LiveRun, Message, TurnRequest, UserMessage
from chatmgr.domain.ports import Pricer
from chatmgr.domain.states import RunState
from chatmgr.store import locks
from chatmgr.store.reader import Reader
from chatmgr.store.writer import OpenRun, Writer
from chatmgr.turns.progress import Progress, aborted, ending, failed
from chatmgr.turns.recorder import Recorder
from chatmgr.turns.recovery import RunRecovery, how_to_wait
from chatmgr.turns.route import Route, open_run


class TurnRunner:
    """Runs turns against one database; ``left`` are the runs that dead processes left there."""

    def __init__(self, url: str, writer: Writer, reader: Reader, pricer: Pricer) -> None:
        self._url = url
        self._pricer = pricer
        self._writer = writer
        self._reader = reader
        self._recorder = Recorder(writer)
        self.recovery = RunRecovery(writer, reader, pricer, self._recorder)

    @contextmanager
    def locked(self, conversation: Conversation, *, wait: bool = False) -> Iterator[None]:
        """Keep other processes out of a conversation; raises Busy, naming the one inside."""
        try:
            hold = locks.take(self._url, conversation.pk, wait=wait)
        except BlockingIOError:
            raise self._busy(conversation) from None
        try:
            yield
        finally:
            hold.release()

    def _busy(self, conversation: Conversation) -> Busy:
        run = self._reader.runs.live(conversation.pk)
        who = "another process is at work on it"
        if run:
            since = run.started_at.astimezone().strftime("%H:%M:%S")
            who = f"process {run.pid} on {run.host} has been running a turn since {since}"
        return Busy(f"“{conversation.name}” is busy: {who}.", "Try again, or add --wait.")

    def run(
        self, conversation: Conversation, assistant: Assistant, route: Route, message: UserMessage
    ) -> Generator[Event, None, None]:
        """One turn, while the conversation is held. Yields what is worth showing, as it comes.

        Closing the generator, or Ctrl-C inside it, cancels the run and keeps what had arrived.
        """
        background = _in_background(route, assistant, message)
        if message.background and not background:
            yield Notice(f"{route.provider.name} runs nothing in the background; this process has to stay.")
        run = self._writer.open_turn(
            conversation.pk,
            assistant,
            route.model,
            route.provider.name,
            route.provider.base_url,
            message.text,
            attachments=message.attachments,
            background=background,
        )
        request = self._request(conversation, run, assistant, route.model, message, background=background)
        self._reader.close()
        lasts = background or route.provider.api == "assistants"
        progress = Progress(lasting=conversation.name if lasts else "")
        yield from self._drive(run, assistant.id, route, lambda: route.backend().stream(request), progress)

    def _request(
        self,
        conversation: Conversation,
        run: OpenRun,
        assistant: Assistant,
        model: str,
        message: UserMessage,
        *,
        background: bool,
    ) -> TurnRequest:
        """All that the backend needs, read before the network is used."""
        reader, place = self._reader, (run.provider, run.endpoint)
        return TurnRequest(
            conversation=conversation.id,
            position=run.position,
            text=message.text,
            model=model,
            assistant=assistant,
            history=lambda after: self._history(run, after),
            answered=reader.turns.last_answered(run.conversation, run.position),
            thread=reader.threads.get(run.conversation, *place),
            remote_assistant=reader.assistants.remote_id(assistant.id, *place),
            attachments=message.attachments,
            remote_files=reader.threads.remote_files(run.conversation, *place),
            background=background,
        )

    def _history(self, run: OpenRun, after: int) -> list[Message]:
        with self._reader:
            return self._reader.turns.context(run.conversation, run.position, after)

    def answer(
        self, live: LiveRun, assistant: Assistant, route: Route, outputs: Mapping[str, str]
    ) -> Generator[Event, None, None]:
        """Go on with a run that waits for the outputs of functions; where they do not arrive, it waits on."""
        progress = Progress(live.text, lasting=live.conversation, waited=True)
        progress.sent, progress.run_id = True, live.run_id
        run = open_run(live, route)
        self._writer.resume_run(run)
        yield from self._drive(
            run, assistant.id, route, lambda: route.backend().answer(live, outputs), progress
        )

    def _drive(
        self,
        run: OpenRun,
        assistant: int,
        route: Route,
        events: Callable[[], Iterator[Event]],
        progress: Progress,
    ) -> Generator[Event, None, None]:
        """Follow a backend's events to the end, writing down what must not be lost."""
        stream: Iterator[Event] | None = None
        progress.price = lambda usage: self._pricer.price(
            route.provider, progress.model or route.model, usage
        )
        progress.preload = lambda: self._pricer.preload(route.provider)
        try:
            stream = events()
            with self._recorder.checkpoints(run, progress):
                for event in stream:
                    self._recorder.record(run, assistant, event, progress)
                    if not isinstance(event, (Sending, Rebuilt, Uploaded)):
                        yield event
                    if progress.finished:
                        break
        except (KeyboardInterrupt, GeneratorExit) as stop:
            _close(stream)
            self._stopped(run, progress)
            if isinstance(stop, KeyboardInterrupt):
                kept = "Stopped; what had arrived is kept." if progress.text else "Stopped."
                raise Interrupted(kept) from None
            raise
        except DatabaseUnreachable:
            _close(stream)
            raise  # what cannot be written cannot be closed either; the run is taken up later
        except Exception as error:
            self._failed(run, progress, error)
            raise
        self._conclude(run, progress)

    def _stopped(self, run: OpenRun, progress: Progress) -> None:
        """Close a run that the person stopped; one that had come to its end keeps that end."""
        if progress.finished:
            self._conclude(run, progress)
        else:
            self._writer.close_run(run, aborted(progress, RunState.CANCELLED, ""))

    def _failed(self, run: OpenRun, progress: Progress, error: Exception) -> None:
        """Close a run that an error ended, unless it waits or goes on at the server."""
        if not isinstance(error, ChatmgrError):
            text = f"{type(error).__name__}: {error}"
            self._writer.close_run(run, aborted(progress, RunState.FAILED, text))
        elif progress.waited and not error.touched:
            self._writer.require_action(run)
        elif isinstance(error, Unsettled):
            self._recorder.checkpoint(run, progress)
            error.hint = "What arrived is kept, and the next command looks for the rest: chatmgr runs"
        elif progress.lasting and progress.run_id and _tells_nothing(error):
            self._recorder.checkpoint(run, progress)
            error.hint = f"The run goes on at the server. {how_to_wait(progress.lasting)}"
        else:
            self._writer.close_run(run, failed(progress, error))

    def _conclude(self, run: OpenRun, progress: Progress) -> None:
        """Write down the end; a stream that had none is an interrupted run, never a whole answer."""
        end = progress.finished
        if end is None:
            text = "the stream ended before the answer did"
            self._writer.close_run(run, aborted(progress, RunState.INTERRUPTED, text))
            raise NetworkDown(
                f"The answer broke off: {text}.",
                "What arrived is kept. Send the message again for a whole answer.",
            )
        if end.state is RunState.REQUIRES_ACTION:
            self._writer.require_action(run, ", ".join(call.name for call in end.calls))
            return
        self._writer.close_run(run, ending(end, progress))


def _close(stream: Iterator[Event] | None) -> None:
    """Let the backend ask the server to stop; a failing farewell must not hide why we leave."""
    if isinstance(stream, Generator):
        with suppress(ChatmgrError):
            stream.close()


def _in_background(route: Route, assistant: Assistant, message: UserMessage) -> bool:
    """Whether this run may go on without us; only one API has such runs."""
    wanted = message.background or assistant.params.get("background") is True
    return wanted and route.provider.api == "responses"


def _tells_nothing(error: ChatmgrError) -> bool:
    """Whether an error leaves open what became of a run."""
    return isinstance(error, NetworkDown) or (isinstance(error, ProviderRefused) and error.status >= 500)
