"""What every group of slash commands builds on, and what it sees of the chat."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol

from chatmgr.chat.slash import Command
from chatmgr.domain.model import Attachment, Conversation
from chatmgr.ui.context import app
from chatmgr.ui.event_view import Events


class Session(Protocol):
    """A chat as its commands see it: where it is, and how they change that."""

    conversation: Conversation
    files: tuple[Attachment, ...]

    def prefill(self, text: str) -> None:
        """Put a text into the next line."""
        ...

    def run(self, ask: Callable[[Conversation], Events]) -> None:
        """Run a turn: ``ask`` begins it in the conversation that it is given."""
        ...

    def move(self, provider: str, model: str) -> None:
        """Continue at another provider or with another model."""
        ...

    def announce(self) -> None:
        """Say where the conversation continues."""
        ...

    def refresh(self) -> None:
        """Read the conversation again after a change."""
        ...

    def switch(self, conversation: Conversation, turn: int = 0) -> None:
        """Continue with another conversation."""
        ...

    def check(self, files: tuple[Attachment, ...]) -> None:
        """Refuse files that the provider cannot take."""
        ...


class CommandGroup(ABC):
    """Some commands of one chat, with one method each."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def _conversation(self) -> Conversation:
        """The chat's conversation as it is now, whatever other processes changed about it."""
        return app().reader.conversations.refresh(self._session.conversation)

    @abstractmethod
    def commands(self) -> tuple[Command, ...]:
        """The entries of the table."""
