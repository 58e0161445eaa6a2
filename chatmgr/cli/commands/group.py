"""What every group of commands stands on."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from chatmgr.cli.common import app
from chatmgr.domain.model import Conversation
from chatmgr.terminal.commands import Command

if TYPE_CHECKING:
    from chatmgr.cli.chat import Talk


class Group(ABC):
    """Some commands of one chat: one entry and one method each."""

    def __init__(self, talk: "Talk") -> None:
        self._talk = talk

    @property
    def _here(self) -> Conversation:
        """The chat's conversation as it is now, whatever other processes did to it."""
        return app().reader.again(self._talk.conversation)

    @abstractmethod
    def commands(self) -> tuple[Command, ...]:
        """The entries of the table."""
