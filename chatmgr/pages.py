"""The pages of conversations that were shown in a browser: where they are, and that they go with them."""

from collections.abc import Iterable
from pathlib import Path

from chatmgr.config import paths
from chatmgr.domain.model import Conversation
from chatmgr.exchange.naming import safe

_ID = 8  # characters of a conversation's id; more are no help to who looks for a file


def place(conversation: Conversation) -> Path:
    """Where a conversation's page goes, in a folder that only its owner can enter."""
    folder = paths.private(paths.data_dir() / "pages")
    return folder / f"{safe(conversation.name)}-{conversation.id[:_ID]}.html"


def forget(conversations: Iterable[Conversation]) -> None:
    """Delete the pages of conversations, under whatever name each was shown."""
    folder = paths.data_dir() / "pages"
    for one in conversations:
        for path in folder.glob(f"*-{one.id[:_ID]}.html"):
            path.unlink(missing_ok=True)
