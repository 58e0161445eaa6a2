"""Saving a backend's events while they arrive."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from chatmgr.domain.errors import DatabaseUnreachable
from chatmgr.domain.events import (
    STATELESS,
    Delta,
    Event,
    Finished,
    Notice,
    Opened,
    Reasoning,
    Sending,
    ThreadSynced,
    Uploaded,
    Usage,
)
from chatmgr.domain.interrupts import interrupts
from chatmgr.store.write_queue import giving_up
from chatmgr.store.writer import OpenRun, Writer
from chatmgr.turns.progress import Progress

CHECKPOINT_SECONDS = 1.0
WRITE_SECONDS = 30.0
_RETRY_SECONDS = 0.5


class Recorder:
    """Writes a run's events to the database."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def record(self, run: OpenRun, assistant: int, event: Event, progress: Progress) -> None:
        """Save what must not be lost of an event, before anybody sees it."""
        match event:
            case Delta():
                progress.add_delta(event)
            case Reasoning():
                progress.add_reasoning(event.text)
            case Sending():
                progress.sent = True
                self._writer.runs.mark_sent(run, thread_id=progress.thread_id, model=progress.model)
            case Opened():
                self._record_ids(run, assistant, event, progress)
            case ThreadSynced():
                self._writer.threads.set(run, event.thread_id, event.synced)
                if event.thread_id == STATELESS and progress.sent:
                    progress.thread_id = ""
                    self._writer.runs.leave_thread(run)
            case Uploaded():
                self._writer.threads.set_file(event.sha256, run.provider, run.endpoint, event.remote_id)
            case Usage():
                progress.usage = event
            case Finished():
                progress.finished = event
            case _:
                pass

    def _record_ids(self, run: OpenRun, assistant: int, event: Opened, progress: Progress) -> None:
        progress.model = event.model or progress.model
        progress.thread_id = event.thread_id or progress.thread_id
        progress.run_id = event.run_id or progress.run_id
        if event.run_id:
            progress.preload_prices()
        if event.retrievable and (progress.sent or event.run_id):  # else committed with Sending, or the end
            self._writer.runs.record_ids(run, event.thread_id, event.run_id, event.model)
        if event.assistant_id:
            self._writer.assistants.set_remote_id(assistant, run.provider, run.endpoint, event.assistant_id)

    @contextmanager
    def checkpoints(self, run: OpenRun, progress: Progress) -> Iterator[None]:
        """Save the answer so far once a second, from a thread: no event may come for a long time.

        A checkpoint that fails (a full disk) does not end the answer: closing the run reports it.
        """
        stopped = threading.Event()

        def save_until_stopped() -> None:
            with giving_up(stopped):
                while not stopped.wait(CHECKPOINT_SECONDS):
                    with suppress(DatabaseUnreachable):
                        self.checkpoint(run, progress)

        thread = threading.Thread(target=save_until_stopped, name="chatmgr-checkpoints", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stopped.set()
            interrupts.join(thread)  # it leaves the queue of writers, but may wait for another program

    def checkpoint(self, run: OpenRun, progress: Progress) -> None:
        """Save what has arrived since the last time."""
        if piece := progress.unsaved():
            self._writer.runs.checkpoint(run, piece.text, piece.cursor, start=piece.start)
            progress.mark_saved(piece)


def until_written(write: Callable[[], None]) -> Iterator[Notice]:
    """Write to the database; wait for one that is away for a moment, as while its server restarts.

    Tries for ``WRITE_SECONDS``, after a notice that says so; then the error is raised. ``write`` may
    be called again after it was carried out: a connection can break between the commit and its reply.
    """
    deadline = 0.0
    while True:
        try:
            write()
        except DatabaseUnreachable as error:
            now = time.monotonic()
            if not error.passing or (deadline and now >= deadline):
                raise
            if not deadline:
                deadline = now + WRITE_SECONDS
                yield Notice(f"{error.message} Trying for {WRITE_SECONDS:.0f} s to save what arrived.")
        else:
            return
        interrupts.sleep(_RETRY_SECONDS)
