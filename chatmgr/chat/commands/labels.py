"""What the conversation is found by: its title, its tags."""

from chatmgr.chat.commands.group import Group
from chatmgr.chat.slash import Command
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.text import valid_title
from chatmgr.terminal.console import console
from chatmgr.terminal.sanitize import one_line
from chatmgr.ui.context import app

_HEADING = "What it is found by"


class Naming(Group):
    """Title and tags."""

    def commands(self) -> tuple[Command, ...]:
        """The entries of the table."""
        return (
            Command(
                "/title",
                "[TEXT]",
                "give the conversation a title; -: take it away; alone: show it",
                _HEADING,
                self._title,
                "title",
            ),
            Command(
                "/tag",
                "[+TAG -TAG]",
                "put tags on, take tags off; alone: show them",
                _HEADING,
                self._tag,
                "tag",
            ),
        )

    def _title(self, text: str) -> None:
        here = self._here
        if text:
            title = "" if text == "-" else valid_title(text)
            app().writer.conversations.set_title(here.pk, title)
            self._talk.changed()
            here = self._here
        if here.title:
            console.note(f"“{here.name}” has the title “{here.title}”.")
        else:
            console.note(f"“{here.name}” has no title. Give it one: /title TEXT")

    def _tag(self, typed: str) -> None:
        here = self._here
        if typed:
            from chatmgr.cli.verbs.tag import changes

            words = typed.split()
            for word in words:
                if word[0] not in "+-":
                    raise UsageFault(
                        f"“{one_line(word, 32)}” has no sign.", "Put on: /tag +work; take off: /tag -work"
                    )
            added, removed = changes(
                [word[1:] for word in words if word[0] == "+"], [word[1:] for word in words if word[0] == "-"]
            )
            app().writer.conversations.tag([here.pk], added, removed)
            self._talk.changed()
            here = self._here
        if here.tags:
            console.note(f"“{here.name}” has the tags {', '.join(here.tags)}.")
        else:
            console.note(f"“{here.name}” has no tags. Put one on: /tag +work")
