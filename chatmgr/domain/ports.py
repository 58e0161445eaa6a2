"""The interfaces between the engine and what it uses: backends, and a table of prices.

A backend is the adapter for one API, made for one provider. It keeps nothing between two calls: all that
it needs arrives in the request, and everything worth keeping leaves as an event.
"""

from collections.abc import Generator, Iterator, Mapping
from typing import Protocol

from chatmgr.domain.events import Event, Usage
from chatmgr.domain.model import Assistant, LiveRun, ModelInfo, Provider, RemoteMessage, TurnRequest
from chatmgr.domain.remote import RemoteKind


class PriceTable(Protocol):
    """Knows what runs cost."""

    def preload(self, provider: Provider) -> None:
        """Prepare for ``cost`` while the answer is on its way."""
        ...

    def cost(self, provider: Provider, model: str, usage: Usage) -> int | None:
        """What a run cost, in billionths of a US dollar; None where no price is known."""
        ...


class Backend(Protocol):
    """One API at one endpoint. Every method raises the errors of ``chatmgr.domain.errors``."""

    def stream(self, request: TurnRequest) -> Iterator[Event]:
        """Run a turn; the message is sent at most once.

        Closing the generator early (Ctrl-C) asks the server to stop the run, where it can.
        """
        ...

    def recover(self, run: LiveRun) -> Iterator[Event]:
        """Find out what became of a run whose process died, and follow it to its end.

        Ends with ``Finished(INTERRUPTED)`` where nothing more can be learnt.
        """
        ...

    def prepare(self, assistant: Assistant, model: str, remote_assistant: str) -> Iterator[Event]:
        """Create the remote assistant and thread before the first turn, where the API has them."""
        ...

    def submit_tool_outputs(self, run: LiveRun, outputs: Mapping[str, str]) -> Iterator[Event]:
        """Send a waiting run the outputs of its calls, by the ids of the calls, and follow it on.

        ``items.APPROVED`` approves a request, ``items.DECLINED`` declines any call; so does an output that is
        missing. Needs ``run.items`` and ``run.request``. Each answer comes as ``ItemDone`` before it is sent.
        """
        ...

    def cancel(self, run: LiveRun) -> None:
        """Ask the server to stop a run that goes on there; one that is done already needs nothing."""
        ...

    def fetch_messages(self, thread: str) -> Iterator[RemoteMessage]:
        """Every message of a remote thread, oldest first."""
        ...

    def delete(self, kind: RemoteKind, remote_id: str) -> Generator[Event, None, str]:
        """Delete something at the server for good; the value names what the server keeps of it, if anything.

        Raises ProviderRefused with status 404 where the server does not know it.
        """
        ...

    def complete(self, instructions: str, text: str, model: str, max_tokens: int) -> str:
        """A short answer outside of all threads, of which the server stores nothing."""
        ...

    def models(self) -> list[ModelInfo]:
        """The models that the server lists; empty where it lists none."""
        ...
