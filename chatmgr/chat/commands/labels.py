"""What a conversation is found by: its title and its tags."""

from chatmgr.chat.commands.group import CommandGroup
from chatmgr.chat.slash import Command
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.names import tag_changes, valid_title
from chatmgr.terminal.console import console
from chatmgr.terminal.sanitize import one_line
from chatmgr.ui.context import app

_HEADING = "Title and tags"


class LabelCommands(CommandGroup):
    """``/title`` and ``/tag``."""

    def commands(self) -> tuple[Command, ...]:
        """The entries of the table."""
        return (
            Command(
                "/title",
                "[TEXT]",
                "set the title; - removes it; without text, show it",
                _HEADING,
                self._title,
                "title",
            ),
            Command(
                "/tag",
                "[+TAG -TAG]",
                "add and remove tags; without tags, show them",
                _HEADING,
                self._tag,
                "tag",
            ),
        )

    def _title(self, text: str) -> None:
        if text:
            title = "" if text == "-" else valid_title(text)
            app().writer.conversations.set_title(self._conversation.pk, title)
            self._session.refresh()
        conversation = self._conversation
        if conversation.title:
            console.note(f"“{conversation.name}” has the title “{conversation.title}”.")
        else:
            console.note(f"“{conversation.name}” has no title. Give it one: /title TEXT")

    def _tag(self, typed: str) -> None:
        if typed:
            words = typed.split()
            for word in words:
                if word[0] not in "+-":
                    raise UsageFault(
                        f"“{one_line(word, 32)}” has no sign.", "To add: /tag +work; to remove: /tag -work"
                    )
            to_add = [word[1:] for word in words if word[0] == "+"]
            to_remove = [word[1:] for word in words if word[0] == "-"]
            app().writer.conversations.tag([self._conversation.pk], *tag_changes(to_add, to_remove))
            self._session.refresh()
        conversation = self._conversation
        if conversation.tags:
            console.note(f"“{conversation.name}” has the tags {', '.join(conversation.tags)}.")
        else:
            console.note(f"“{conversation.name}” has no tags. Add one: /tag +work")
