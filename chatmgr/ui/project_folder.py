"""The project folder that a command is typed in, and the conversations that were used there."""

from pathlib import Path
from shlex import quote

from chatmgr.domain.addresses import LAST, is_last
from chatmgr.domain.errors import NotFound, UsageFault
from chatmgr.domain.model import Conversation
from chatmgr.terminal.console import console
from chatmgr.ui.context import app


def required_folder() -> str:
    """The project folder for ``--here``; raises where there is none."""
    if not app().settings.get("folders"):
        raise UsageFault("Folders are not remembered: the setting folders is false.", "Leave out --here.")
    if not app().here:
        hint = "The home folder and the root count as no project. Go into one, or leave out --here."
        raise NotFound("project at", str(Path.cwd()), (), hint)
    return app().here


def last_here() -> Conversation | None:
    """What ``resume`` without a name goes on with: what was used last in this folder, else of all."""
    conversations, folder = app().reader.conversations, app().here
    return (conversations.last_in_folder(folder) if folder else None) or conversations.last_used()


def last_conversation(*, here: bool) -> Conversation:
    """The conversation to go on with where none was named: the last of this folder, else of all.

    Mentions it if another one was used later. ``here`` accepts no other folder's.
    """
    reader = app().reader
    folder = required_folder() if here else app().here
    newest = reader.conversations.last_used()
    local = reader.conversations.last_in_folder(folder) if folder else None
    if local and newest and newest.pk != local.pk:
        console.note(
            f"“{local.name}” was the last one here; “{newest.name}” was used later, elsewhere: "
            f"chatmgr resume {quote(newest.name)}"
        )
    if here and local is None:
        hint = "Begin one: chatmgr new" + (" — or resume the last of all: chatmgr resume" if newest else "")
        raise NotFound("conversation of", folder, (), hint)
    if last := local or newest:
        return last
    raise NotFound("conversation", "", (), "Begin one: chatmgr new")


def with_last_name(address: str) -> str:
    """An address in which ``@last`` is replaced by the name that it stands for here; any other as it is."""
    if not is_last(address):
        return address
    name = last_conversation(here=False).name
    console.note(f"{LAST} is “{name}”.")
    return name + address.removeprefix(LAST)


def record_use(conversation: Conversation) -> None:
    """Note that a conversation is used in this folder, if the last time was elsewhere."""
    if app().here not in {"", conversation.folder}:
        app().writer.conversations.touch(conversation.pk, app().here)
