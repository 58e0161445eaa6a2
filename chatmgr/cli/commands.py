"""The chat's commands: one entry in the table, one method that does it."""

from pathlib import Path
from typing import TYPE_CHECKING

from chatmgr.cli.common import app
from chatmgr.cli.files import attachments
from chatmgr.domain.errors import UsageFault
from chatmgr.terminal.commands import Command
from chatmgr.terminal.console import console
from chatmgr.terminal.prompt import can_draw

if TYPE_CHECKING:
    from chatmgr.cli.chat import Talk


class Commands:
    """What a person can tell the chat itself, about the conversation that it is at."""

    def __init__(self, talk: "Talk") -> None:
        self._talk = talk
        entries = (
            Command(
                "/switch",
                "[NAME]",
                "go on with another conversation; alone: pick one",
                "Where it goes on",
                self._switch,
                "conversation",
            ),
            Command(
                "/model",
                "[NAME]",
                "go on with this model; alone: say which",
                "Where it goes on",
                self._model,
                "model",
            ),
            Command(
                "/provider",
                "[NAME]",
                "go on at this provider; alone: say which",
                "Where it goes on",
                self._provider,
                "provider",
            ),
            Command(
                "/file",
                "PATH|URL",
                "send this file with the next message; alone: send none",
                "The next message",
                self._file,
                "file",
            ),
            Command(
                "/edit",
                "[TEXT]",
                "write the next message in $VISUAL or $EDITOR",
                "The next message",
                self._edit,
            ),
        )
        self.table = {one.name: one for one in entries}

    def _switch(self, name: str) -> None:
        if not name:
            from chatmgr.cli.sources import choose

            if not can_draw():
                raise UsageFault("Name a conversation: /switch NAME")
            chosen = choose()
            if chosen is None:
                return
            name = chosen.name
        self._talk.switch(app().reader.conversation(name))

    def _model(self, name: str) -> None:
        if name:
            self._talk.move("", name)
        self._talk.tell()

    def _provider(self, name: str) -> None:
        if name:
            self._talk.move(name, "")
        self._talk.tell()

    def _file(self, named: str) -> None:
        talk = self._talk
        if named in {"", "-"}:
            if not talk.files or named:
                raise UsageFault("Name a file: /file PATH")
            talk.files = ()
            console.note("No file goes with the next message.")
            return
        [found] = attachments((path_of(named),))
        talk.check((found,))
        talk.files += (found,)
        console.note(
            f"{found.name} ({found.content_type}, {len(found.data):,} bytes) goes with the next message."
        )

    def _edit(self, text: str) -> None:
        from chatmgr.terminal.editor import edited

        if not can_draw():
            raise UsageFault("There is no line here that a text could stand in.", "Type the message instead.")
        self._talk.put(edited(text))


def path_of(typed: str) -> str:
    """A path as it was typed after a command: in quotes, or with spaces escaped as terminals drop them in."""
    if len(typed) > 1 and typed[0] == typed[-1] and typed[0] in "\"'":
        return typed[1:-1]
    try:
        exists = "\\" not in typed or Path(typed).expanduser().exists()
    except (OSError, RuntimeError, ValueError):
        exists = True
    return typed if exists else typed.replace("\\ ", " ").replace("\\", "")
