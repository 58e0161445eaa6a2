"""The next message: the files that go with it, and the editor that it is written in."""

from pathlib import Path

from chatmgr.chat.commands.group import CommandGroup
from chatmgr.chat.slash import Command
from chatmgr.domain.errors import UsageFault
from chatmgr.terminal.console import can_edit_lines, console
from chatmgr.ui.attachments import attachments

_HEADING = "The next message"


class DraftCommands(CommandGroup):
    """``/file`` and ``/edit``."""

    def commands(self) -> tuple[Command, ...]:
        """The entries of the table."""
        return (
            Command(
                "/file",
                "PATH|URL",
                "attach a file to the next message; without a path, attach none",
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

    def _file(self, typed: str) -> None:
        session = self._session
        if typed in {"", "-"}:  # standard input is the chat itself
            if typed or not session.files:
                raise UsageFault("Name a file: /file PATH")
            session.files = ()
            console.note("No file goes with the next message.")
            return
        [file] = attachments((path_of(typed),))
        session.check((file,))
        session.files += (file,)
        console.note(
            f"{file.name} ({file.content_type}, {len(file.data):,} bytes) goes with the next message."
        )

    def _edit(self, text: str) -> None:
        from chatmgr.ui.external_editor import edit_text

        if not can_edit_lines():
            raise UsageFault("This terminal cannot edit a line.", "Type the message instead.")
        self._session.prefill(edit_text(text))


def path_of(typed: str) -> str:
    """The path in what was typed after a command: perhaps in quotes, or with spaces escaped, as when dropped
    into a terminal.
    """
    if len(typed) > 1 and typed[0] == typed[-1] and typed[0] in "\"'":
        return typed[1:-1]
    try:
        exists = "\\" not in typed or Path(typed).expanduser().exists()
    except (OSError, RuntimeError, ValueError):
        exists = True
    return typed if exists else typed.replace("\\ ", " ").replace("\\", "")
