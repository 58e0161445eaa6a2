"""What every group of commands stands on."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from chatmgr.chat.slash import Command
from chatmgr.domain.model import Conversation
from chatmgr.ui.context import app

if TYPE_CHECKING:
    from chatmgr.chat.session import ChatSession


class Group(ABC):
    """Some commands of one chat: one entry and one method each."""

    def __init__(self, talk: "ChatSession") -> None:
        self._talk = talk

    @property
    def _here(self) -> Conversation:
        """The chat's conversation as it is now, whatever other processes did to it."""
        return app().reader.conversations.refresh(self._talk.conversation)

    @abstractmethod
    def commands(self) -> tuple[Command, ...]:
        """The entries of the table."""
