"""What every backend without remote threads answers to the verbs that need one."""

from collections.abc import Generator, Iterator, Mapping

from chatmgr.domain.errors import UsageFault
from chatmgr.domain.events import Event, Finished
from chatmgr.domain.model import Assistant, LiveRun, RemoteMessage
from chatmgr.domain.remote import RemoteKind
from chatmgr.domain.states import RunState


class Stateless:
    """Keeps nothing at the server: what arrived is all there is."""

    def recover(self, run: LiveRun) -> Iterator[Event]:
        """The answer died with its process; what was kept of it is all there is."""
        yield Finished(RunState.INTERRUPTED, error="the process ended before the answer did")

    def answer(self, run: LiveRun, outputs: Mapping[str, str]) -> Iterator[Event]:
        """No run of this API waits for the output of a function."""
        raise UsageFault("This run waits for nothing.")

    def cancel(self, run: LiveRun) -> None:
        """Nothing goes on at the server without this process."""

    def prepare(self, assistant: Assistant, model: str, remote_assistant: str) -> Iterator[Event]:
        """There is nothing to create."""
        return iter(())

    def fetch(self, thread: str) -> Iterator[RemoteMessage]:
        """There are no threads to fetch."""
        raise UsageFault("This provider keeps no threads.", "Name one of the responses or assistants API.")

    def erase(self, kind: RemoteKind, remote_id: str) -> Generator[Event, None, str]:
        """There is nothing to delete."""
        yield from ()
        return ""
