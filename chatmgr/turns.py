"""The engine: one turn's life, from what was typed to what is kept.

Commit, send, checkpoint, close; and take up what a dead process left. The order is the promise: the
message is in the database before a byte leaves, each remote id as soon as it is known, the answer so
far at least once a second, and the end in one transaction. No database connection is open for
reading while the network is in use, and whoever runs a turn holds the conversation.
"""

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from chatmgr.domain.errors import (
    Busy,
    ChatmgrError,
    DatabaseUnreachable,
    Interrupted,
    NetworkDown,
    ProviderRefused,
)
from chatmgr.domain.events import (
    Delta,
    Event,
    Finished,
    Notice,
    Opened,
    Rebuilt,
    Sending,
    Usage,
)
from chatmgr.domain.model import Assistant, Conversation, LiveRun, Message, Provider, TurnRequest
from chatmgr.domain.ports import Backend
from chatmgr.domain.states import RunState
from chatmgr.domain.text import storable
from chatmgr.store import holds
from chatmgr.store.ledger import Closing, Ledger, OpenRun
from chatmgr.store.queries import Reader

CHECKPOINT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Via:
    """Which provider and model a turn goes to, and the backend that speaks to it."""

    provider: Provider
    model: str
    backend: Callable[[], Backend]


class _Progress:
    """What has arrived of one answer, and how much of it is written down."""

    def __init__(self, text: str = "") -> None:
        self._parts = [text] if text else []
        self._written = len(self._parts)
        self.add = self._parts.append
        self.usage = Usage()
        self.sent = False
        self.finished: Finished | None = None

    @property
    def text(self) -> str:
        return storable("".join(self._parts))

    def news(self) -> str:
        """The text so far if there is more of it than at the last call, else nothing."""
        if len(self._parts) == self._written:
            return ""
        self._written = len(self._parts)
        return self.text


class Turns:
    """Runs turns against one database."""

    def __init__(self, url: str, ledger: Ledger, reader: Reader) -> None:
        self._url = url
        self._ledger = ledger
        self._reader = reader

    @contextmanager
    def holding(self, conversation: Conversation, *, wait: bool = False) -> Iterator[None]:
        """Keep other processes out of a conversation; raises Busy, naming the one inside."""
        try:
            hold = holds.take(self._url, conversation.pk, wait=wait)
        except BlockingIOError:
            raise self._busy(conversation) from None
        try:
            yield
        finally:
            hold.release()

    def _busy(self, conversation: Conversation) -> Busy:
        run = self._reader.live_run(conversation.pk)
        who = "another process is at work on it"
        if run:
            since = run.started_at.astimezone().strftime("%H:%M:%S")
            who = f"process {run.pid} on {run.host} has been running a turn since {since}"
        return Busy(f"“{conversation.name}” is busy: {who}.", "Try again, or add --wait.")

    def run(
        self, conversation: Conversation, assistant: Assistant, via: Via, text: str
    ) -> Generator[Event, None, None]:
        """One turn, while the conversation is held. Yields what is worth showing, as it comes.

        Closing the generator, or Ctrl-C inside it, cancels the run and keeps what had arrived.
        """
        provider = via.provider
        run = self._ledger.open_turn(
            conversation.pk, assistant, via.model, provider.name, provider.base_url, text
        )
        request = TurnRequest(
            conversation=conversation.id,
            position=run.position,
            text=text,
            model=via.model,
            assistant=assistant,
            history=lambda: self._history(run),
            answered=self._reader.answered(run.conversation, run.position),
            thread=self._reader.thread(run.conversation, run.provider, run.endpoint),
            remote_assistant=self._reader.remote_assistant(assistant.id, run.provider, run.endpoint),
        )
        self._reader.close()
        yield from self._drive(run, assistant.id, lambda: via.backend().stream(request), _Progress())

    def _history(self, run: OpenRun) -> list[Message]:
        with self._reader:
            return self._reader.history(run.conversation, run.position)

    def take_up(self, conversation: Conversation, via: Callable[[LiveRun], Via | None]) -> Iterator[Notice]:
        """Settle a run that a dead process left, while the conversation is held; says how it ended.

        The text that had been written down is kept unless the server has more of it.
        """
        live = self._reader.live_run(conversation.pk)
        if live is None:
            return
        address = f"{conversation.name}@{live.position}"
        found = via(live) if live.sent else None
        endpoint = found.provider.base_url if found else ""
        run = OpenRun(live.conversation_pk, live.provider, endpoint, live.run_pk, live.turn_pk, live.position)
        self._reader.close()
        yield Notice(
            f"{address} was interrupted: process {live.pid} on {live.host} ended before its answer did."
        )
        self._ledger.adopt(run)
        end = self._settled(live, found)
        self._ledger.close_run(run, end)
        yield Notice(f"{address} {_outcome(end, sent=live.sent)}")

    def _settled(self, live: LiveRun, via: Via | None) -> Closing:
        """How a left run ended, asking the server where it can know.

        An unreachable server or a missing key leaves the run as it is, to be asked again later.
        """
        if not live.sent:
            return Closing(RunState.INTERRUPTED, live.text, error="it was never sent", in_step=None)
        progress = _Progress(live.text)
        if via:
            try:
                for event in via.backend().recover(live):
                    if isinstance(event, Usage):
                        progress.usage = event
                    elif isinstance(event, Finished):
                        return _ending(event, progress)
            except ProviderRefused as error:
                return _aborted(progress, RunState.INTERRUPTED, error.message)
        return _aborted(progress, RunState.INTERRUPTED, "the process ended before the answer did")

    def _drive(
        self, run: OpenRun, assistant: int, events: Callable[[], Iterator[Event]], progress: _Progress
    ) -> Generator[Event, None, None]:
        """Follow a backend's events to the end, writing down what must not be lost."""
        stream: Iterator[Event] | None = None
        try:
            stream = events()
            with self._checkpoints(run, progress):
                for event in stream:
                    self._record(run, assistant, event, progress)
                    if not isinstance(event, (Sending, Rebuilt)):
                        yield event
                    if progress.finished:
                        break
        except (KeyboardInterrupt, GeneratorExit) as stop:
            _close(stream)
            done = progress.finished
            end = _ending(done, progress) if done else _aborted(progress, RunState.CANCELLED, "")
            self._ledger.close_run(run, end)
            if isinstance(stop, KeyboardInterrupt):
                raise Interrupted(
                    "Stopped; what had arrived is kept." if progress.text else "Stopped."
                ) from None
            raise
        except DatabaseUnreachable:
            _close(stream)
            raise  # what cannot be written cannot be closed either; the run is taken up later
        except ChatmgrError as error:
            self._ledger.close_run(run, _failed(progress, error))
            raise
        except Exception as error:
            self._ledger.close_run(
                run, _aborted(progress, RunState.FAILED, f"{type(error).__name__}: {error}")
            )
            raise
        if progress.finished is None:
            text = "the stream ended before the answer did"
            self._ledger.close_run(run, _aborted(progress, RunState.INTERRUPTED, text))
            raise NetworkDown(
                f"The answer broke off: {text}.",
                "What arrived is kept. Send the message again for a whole answer.",
            )
        self._ledger.close_run(run, _ending(progress.finished, progress))

    def _record(self, run: OpenRun, assistant: int, event: Event, progress: _Progress) -> None:
        """Write down what must not be lost, before anyone is shown it."""
        match event:
            case Delta():
                progress.add(event.text)
            case Sending():
                progress.sent = True
                self._ledger.mark_sending(run)
            case Opened():
                self._ledger.record_ids(run, event.thread_id, event.run_id, event.model)
                if event.assistant_id:
                    self._ledger.set_remote_assistant(
                        assistant, run.provider, run.endpoint, event.assistant_id
                    )
            case Rebuilt():
                self._ledger.set_thread(run, event.thread_id, event.synced)
            case Usage():
                progress.usage = event
            case Finished():
                progress.finished = event
            case Notice():
                pass

    @contextmanager
    def _checkpoints(self, run: OpenRun, progress: _Progress) -> Iterator[None]:
        """By a thread, since a server's silence wakes nobody. If one fails, the close will tell."""
        over = threading.Event()

        def write() -> None:
            while not over.wait(CHECKPOINT_SECONDS):
                with suppress(DatabaseUnreachable):
                    if text := progress.news():
                        self._ledger.checkpoint(run, text)

        writer = threading.Thread(target=write, name="chatmgr-checkpoints", daemon=True)
        writer.start()
        try:
            yield
        finally:
            over.set()
            writer.join()


def _close(stream: Iterator[Event] | None) -> None:
    """Let the backend ask the server to stop; a failing farewell must not hide why we leave."""
    if isinstance(stream, Generator):
        try:
            stream.close()
        except ChatmgrError:
            return


def _ending(finished: Finished, progress: _Progress) -> Closing:
    return Closing(
        finished.state,
        storable(finished.text or "") or progress.text,
        finished.detail,
        storable(finished.error),
        progress.usage,
        in_step=finished.state is RunState.COMPLETED,
    )


def _aborted(progress: _Progress, state: RunState, error: str) -> Closing:
    return Closing(
        state, progress.text, error=error, usage=progress.usage, in_step=False if progress.sent else None
    )


def _failed(progress: _Progress, error: ChatmgrError) -> Closing:
    broke = isinstance(error, NetworkDown) and error.heard
    end = _aborted(progress, RunState.INTERRUPTED if broke else RunState.FAILED, storable(error.message))
    return end if error.touched else replace(end, in_step=None)


def _outcome(end: Closing, *, sent: bool) -> str:
    """What became of a run that was taken up, as the rest of a sentence."""
    if not sent:
        return "was never sent. Send the message again to have it answered."
    if end.state is RunState.COMPLETED:
        return "is complete now: the server had the whole answer."
    kept = f"; {len(end.text):,} characters of the answer are kept" if end.text else "; nothing had arrived"
    reason = f" ({end.error})" if end.error else ""
    return f"is {end.state}{reason}{kept}."
