"""What the engine asks of a backend.

A backend is the adapter for one API kind, made for one provider. It keeps no state between calls:
everything it must know arrives in the request, everything worth keeping leaves as an event.
"""

from collections.abc import Generator, Iterator, Mapping
from typing import Protocol

from chatmgr.domain.events import Event, Usage
from chatmgr.domain.model import Assistant, LiveRun, ModelInfo, Provider, RemoteMessage, TurnRequest
from chatmgr.domain.remote import RemoteKind


class Pricer(Protocol):
    """Knows what a run costs."""

    def preload(self, provider: Provider) -> None:
        """Get ready while the answer is on its way."""
        ...

    def price(self, provider: Provider, model: str, usage: Usage) -> int | None:
        """Billionths of a US dollar; None where no price is known."""
        ...


class Backend(Protocol):
    """One API kind at one endpoint."""

    def stream(self, request: TurnRequest) -> Iterator[Event]:
        """Run a turn. Closing the generator early (Ctrl-C) asks the server to stop, where it can.

        Raises the errors of ``chatmgr.domain.errors``; the request is sent at most once.
        """
        ...

    def recover(self, run: LiveRun) -> Iterator[Event]:
        """Take up a run whose process died; ends with ``Finished(INTERRUPTED)`` where that cannot be."""
        ...

    def prepare(self, assistant: Assistant, model: str, remote_assistant: str) -> Iterator[Event]:
        """Create the remote assistant and thread ahead of the first turn, where the API has them."""
        ...

    def answer(self, run: LiveRun, outputs: Mapping[str, str]) -> Iterator[Event]:
        """Hand a waiting run the outputs of its functions, by call id, and follow it on."""
        ...

    def cancel(self, run: LiveRun) -> None:
        """Ask the server to stop a run that goes on there; one that is done needs nothing."""
        ...

    def fetch(self, thread: str) -> Iterator[RemoteMessage]:
        """Every message of a remote thread, oldest first."""
        ...

    def erase(self, kind: RemoteKind, remote_id: str) -> Generator[Event, None, str]:
        """Delete something at the server, for good; the value is what the server keeps of it, if anything.

        Raises as every call does: ProviderRefused of status 404 where the server does not know it.
        """
        ...

    def complete(self, instructions: str, text: str, model: str, limit: int) -> str:
        """A short answer of at most ``limit`` tokens, beside all threads, of which nothing is kept there."""
        ...

    def models(self) -> list[ModelInfo]:
        """The models the server lists; empty where it lists none."""
        ...
