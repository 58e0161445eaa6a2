"""The next message: the files that go with it, and the editor that it is written in."""

from pathlib import Path

from chatmgr.chat.commands.group import CommandGroup
from chatmgr.chat.commands.tree import split_turn
from chatmgr.chat.slash import Command
from chatmgr.domain.errors import ChatmgrError, UsageFault
from chatmgr.domain.image_size import file_facts, image_size
from chatmgr.domain.text import valid_message
from chatmgr.domain.tree import TipMoved
from chatmgr.services.way_back import CHAT
from chatmgr.terminal.console import can_edit_lines, console
from chatmgr.ui.attachments import attachments
from chatmgr.ui.context import app
from chatmgr.ui.images import draw_image

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
                "[TEXT|@TURN [TEXT]]",
                "write the next message in $EDITOR; with @TURN, say a turn differently",
                _HEADING,
                self._edit,
                "turn",
                asks=True,
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
        facts = ", ".join(file_facts(file.content_type, len(file.data), image_size(file.data)))
        console.note(f"{file.name} ({facts}) goes with the next message.")
        if file.content_type.startswith("image/"):
            draw_image(file.data)

    def _edit(self, text: str) -> None:
        turn, new_text = split_turn(text)
        if turn is not None:
            self._say_differently(turn, new_text)
            return
        from chatmgr.ui.external_editor import edit_text

        if not can_edit_lines():
            raise UsageFault("This terminal cannot edit a line.", "Type the message instead.")
        self._session.prefill(edit_text(text))

    def _say_differently(self, turn: int, text: str) -> None:
        """Ask a turn in other words; without them, what was asked goes into the input line."""
        session = self._session
        old = app().reader.turns.get(self._conversation, turn)
        if not text:
            try:
                session.prefill(f"/edit @{old.turn} {old.user}")
            except ChatmgrError as error:
                error.hint = f"Type the new text as well: /edit @{old.turn} TEXT"
                raise
            return
        checked = valid_message(text, app().settings.get("message_limit"))
        files, session.files = session.files, ()
        try:
            session.run(
                lambda conversation: app().tree.edit(
                    conversation, old.turn, checked, files or None, commands=CHAT
                )
            )
        except TipMoved:
            session.files = files
            raise
        finally:
            session.refresh()


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
