"""All slash commands of a chat. A new group is added here; a command is an entry and a method of its group.

Nothing of them is sent to a model. A command that cannot do what it was asked to raises and changes
nothing, and the chat goes on.
"""

from collections.abc import Callable
from dataclasses import replace

from chatmgr.chat.commands.answers import AnswerCommands
from chatmgr.chat.commands.assistant import AssistantCommands
from chatmgr.chat.commands.draft import DraftCommands
from chatmgr.chat.commands.group import CommandGroup, Session
from chatmgr.chat.commands.history import HistoryCommands
from chatmgr.chat.commands.labels import LabelCommands
from chatmgr.chat.commands.navigation import NavigationCommands
from chatmgr.chat.commands.tree import TreeCommands
from chatmgr.chat.slash import Command
from chatmgr.ui.context import app

GROUPS: tuple[type[CommandGroup], ...] = (
    NavigationCommands,
    AssistantCommands,
    DraftCommands,
    TreeCommands,
    AnswerCommands,
    HistoryCommands,
    LabelCommands,
)


def command_table(session: Session) -> dict[str, Command]:
    """The commands of one chat, by name, in the order of the help."""
    commands = (command for group in GROUPS for command in group(session).commands())
    return {command.name: replace(command, act=_closing_reader(command.act)) for command in commands}


def _closing_reader(act: Callable[[str], None]) -> Callable[[str], None]:
    """A chat that waits for its next line keeps no connection, however its last command ended."""

    def act_and_close(argument: str) -> None:
        with app().reader:
            act(argument)

    return act_and_close
