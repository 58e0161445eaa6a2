"""The names that the members of an archive have: for people to read, and never to open a file by."""

from pathlib import PurePosixPath

from chatmgr.domain.source_conversations import Place
from chatmgr.importers.reading.cleaning import cleaned


def member_place(outer: Place, name: str) -> Place:
    """Where a member is, for people; that of an archive in an archive begins with the name of that."""
    return Place(outer.file, f"{outer.member}/{cleaned(name)}" if outer.member else cleaned(name))


def name_refusal(name: str) -> str:
    """Why a member of this name is not read; empty where nothing speaks against it."""
    path = PurePosixPath(name)
    if ".." in path.parts or path.is_absolute() or name[1:2] == ":" or name.startswith("~"):
        return "its name leads out of the archive"
    return ""
