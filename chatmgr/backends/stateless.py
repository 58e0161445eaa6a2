"""The base class of the backends whose servers keep nothing."""

from collections.abc import Generator, Iterator, Mapping

from chatmgr.backends.items.steps import waiting_calls, waits_for_nothing
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.events import Event, Finished
from chatmgr.domain.model import Assistant, LiveRun, RemoteMessage
from chatmgr.domain.remote import RemoteKind
from chatmgr.domain.states import RunState


class Stateless:
    """A backend without threads, files and background runs: what arrived is all there is."""

    def recover(self, run: LiveRun) -> Iterator[Event]:
        """Report the run as interrupted: nobody else knows its answer. One that waits for us still does."""
        if run.state is RunState.REQUIRES_ACTION:
            yield Finished(RunState.REQUIRES_ACTION, calls=waiting_calls(run.items))
            return
        yield Finished(RunState.INTERRUPTED, error="the process ended before the answer did")

    def submit_tool_outputs(self, run: LiveRun, outputs: Mapping[str, str]) -> Iterator[Event]:
        """Refuse: no run of this API waits for the output of a function."""
        raise waits_for_nothing()

    def cancel(self, run: LiveRun) -> None:
        """Do nothing: no run goes on at the server without this process."""

    def prepare(self, assistant: Assistant, model: str, remote_assistant: str) -> Iterator[Event]:
        """Do nothing: there is nothing to create."""
        return iter(())

    def fetch_messages(self, thread: str) -> Iterator[RemoteMessage]:
        """Refuse: there are no threads."""
        raise UsageFault("This provider keeps no threads.", "Name one of the responses or assistants API.")

    def delete(self, kind: RemoteKind, remote_id: str) -> Generator[Event, None, str]:
        """Do nothing: there is nothing to delete."""
        yield from ()
        return ""
