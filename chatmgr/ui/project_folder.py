"""The project folder that a command is typed in, and what was used there."""

from pathlib import Path
from shlex import quote

import click

from chatmgr.domain.errors import NotFound, UsageFault
from chatmgr.domain.model import Conversation
from chatmgr.terminal.console import console
from chatmgr.ui.context import app

here_option = click.option("--here", is_flag=True, help="Only what was used last in this project's folder.")


def demanded() -> str:
    """The project folder, for who asked for it; refuses where there is none."""
    if not app().settings.get("folders"):
        raise UsageFault("Folders are not remembered: the setting folders is false.", "Leave --here out.")
    if not app().here:
        hint = "The home folder and the root are nobody's project. Go into one, or leave --here out."
        raise NotFound("project at", str(Path.cwd()), (), hint)
    return app().here


def last(*, here: bool) -> Conversation:
    """The conversation to go on with where none was named: the last one of this folder, else of all.

    Where another was used later, that is said; ``here`` accepts no other folder's.
    """
    reader = app().reader
    folder = demanded() if here else app().here
    newest = reader.last_used()
    local = reader.last_here(folder) if folder else None
    if local and newest and newest.pk != local.pk:
        console.note(
            f"“{local.name}”, the last one here; “{newest.name}” was used later, elsewhere: "
            f"chatmgr resume {quote(newest.name)}"
        )
    if here and local is None:
        hint = "Begin one: chatmgr new" + (" — or take the last of all: chatmgr resume" if newest else "")
        raise NotFound("conversation of", folder, (), hint)
    if found := local or newest:
        return found
    raise NotFound("conversation", "", (), "Begin one: chatmgr new")


def remember(conversation: Conversation) -> None:
    """Note where a conversation is used, if that is elsewhere than the last time."""
    if app().here not in {"", conversation.folder}:
        app().writer.conversations.touch(conversation.pk, app().here)
