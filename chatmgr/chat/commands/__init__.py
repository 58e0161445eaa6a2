"""The chat's commands, by what they are about: a group is a class, a command one entry and one method.

Nothing of them is sent to a model. One that cannot do what it was asked for raises, changes nothing,
and the chat goes on.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from chatmgr.chat.commands.answers import Answers
from chatmgr.chat.commands.assistant import Personas
from chatmgr.chat.commands.draft import NextMessage
from chatmgr.chat.commands.history import Looking
from chatmgr.chat.commands.labels import Naming
from chatmgr.chat.commands.navigation import Going
from chatmgr.chat.slash import Command
from chatmgr.ui.context import app

if TYPE_CHECKING:
    from chatmgr.chat.session import ChatSession

_GROUPS = (Going, Personas, NextMessage, Answers, Looking, Naming)


class Commands:
    """What a person can tell the chat itself, about the conversation that it is at."""

    def __init__(self, talk: "ChatSession") -> None:
        entries = (one for group in _GROUPS for one in group(talk).commands())
        self.table: dict[str, Command] = {one.name: replace(one, act=_letting_go(one.act)) for one in entries}


def _letting_go(act: Callable[[str], None]) -> Callable[[str], None]:
    """A chat that waits for its next line holds no database, however its last command ended."""

    def done(rest: str) -> None:
        with app().reader:
            act(rest)

    return done
