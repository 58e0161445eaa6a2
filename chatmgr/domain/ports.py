"""What the engine asks of a backend: three verbs.

A backend is the adapter for one API kind, made for one provider. It keeps no state between calls:
everything it must know arrives in the request, everything worth keeping leaves as an event.
"""

from collections.abc import Iterator
from typing import Protocol

from chatmgr.domain.events import Event
from chatmgr.domain.model import Assistant, LiveRun, ModelInfo, TurnRequest


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

    def models(self) -> list[ModelInfo]:
        """The models the server lists; empty where it lists none."""
        ...
