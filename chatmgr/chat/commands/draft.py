"""What goes with the next message, and where it is written."""

from pathlib import Path

from chatmgr.chat.commands.group import Group
from chatmgr.chat.slash import Command
from chatmgr.domain.errors import UsageFault
from chatmgr.terminal.console import can_edit_lines, console
from chatmgr.ui.attachments import attachments

_HEADING = "The next message"


class NextMessage(Group):
    """Files for it, and the editor on it."""

    def commands(self) -> tuple[Command, ...]:
        """The entries of the table."""
        return (
            Command(
                "/file",
                "PATH|URL",
                "send this file with the next message; alone: send none",
                _HEADING,
                self._file,
                "file",
            ),
            Command(
                "/edit",
                "[TEXT]",
                "write the next message in $VISUAL or $EDITOR",
                _HEADING,
                self._edit,
            ),
        )

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
        from chatmgr.chat.input.external_editor import edit_text

        if not can_edit_lines():
            raise UsageFault("There is no line here that a text could stand in.", "Type the message instead.")
        self._talk.put(edit_text(text))


def path_of(typed: str) -> str:
    """A path as it was typed after a command: in quotes, or with spaces escaped as terminals drop them in."""
    if len(typed) > 1 and typed[0] == typed[-1] and typed[0] in "\"'":
        return typed[1:-1]
    try:
        exists = "\\" not in typed or Path(typed).expanduser().exists()
    except (OSError, RuntimeError, ValueError):
        exists = True
    return typed if exists else typed.replace("\\ ", " ").replace("\\", "")
