"""Writing down what a backend tells, while it tells it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from chatmgr.domain.errors import DatabaseUnreachable
from chatmgr.domain.events import Delta, Event, Finished, Opened, Reasoning, Rebuilt, Sending, Uploaded, Usage
from chatmgr.store.writer import OpenRun, Writer
from chatmgr.turns.progress import Progress

CHECKPOINT_SECONDS = 1.0


class Recorder:
    """Keeps a run's events in the writer."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def record(self, run: OpenRun, assistant: int, event: Event, progress: Progress) -> None:
        """Write down what must not be lost, before anyone is shown it."""
        match event:
            case Delta():
                progress.add(event)
            case Reasoning():
                progress.think(event.text)
            case Sending():
                progress.sent = True
                self._writer.mark_sending(run)
            case Opened():
                progress.model = event.model or progress.model
                progress.run_id = event.run_id or progress.run_id
                if event.run_id:
                    progress.preload()
                self._writer.record_ids(run, event.thread_id, event.run_id, event.model)
                if event.assistant_id:
                    self._writer.set_remote_assistant(
                        assistant, run.provider, run.endpoint, event.assistant_id
                    )
            case Rebuilt():
                self._writer.set_thread(run, event.thread_id, event.synced)
            case Uploaded():
                self._writer.set_remote_file(event.sha256, run.provider, run.endpoint, event.remote_id)
            case Usage():
                progress.usage = event
            case Finished():
                progress.finished = event
            case _:
                pass

    @contextmanager
    def checkpoints(self, run: OpenRun, progress: Progress) -> Iterator[None]:
        """Once a second, from a thread, for a server that falls silent wakes nobody else.

        One that fails (a full disk) does not end the answer: the close will tell.
        """
        over = threading.Event()

        def write() -> None:
            while not over.wait(CHECKPOINT_SECONDS):
                with suppress(DatabaseUnreachable):
                    self.checkpoint(run, progress)

        writer = threading.Thread(target=write, name="chatmgr-checkpoints", daemon=True)
        writer.start()
        try:
            yield
        finally:
            over.set()
            writer.join()

    def checkpoint(self, run: OpenRun, progress: Progress) -> None:
        """Write down what is new of the answer."""
        text, cursor = progress.news()
        if text:
            self._writer.checkpoint(run, text, cursor)
