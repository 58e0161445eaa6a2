"""A conversation as a page in the user's browser."""

import webbrowser
from pathlib import Path

from chatmgr.domain.errors import ChatmgrError
from chatmgr.domain.model import Conversation
from chatmgr.formats.atomic_write import write_file
from chatmgr.services.export import Exporter
from chatmgr.services.trash import page_path
from chatmgr.terminal.console import console
from chatmgr.ui.context import app


def open_in_browser(conversation: Conversation) -> None:
    """Write a conversation's page into a folder of ours, in place of an earlier one, and show it."""
    path = _page(conversation)
    try:
        opened = webbrowser.open(path.as_uri())
    except (webbrowser.Error, OSError):
        opened = False
    if not opened:
        raise ChatmgrError(f"No browser can be opened here; the page is {path}.", "Or set BROWSER.")
    console.note(str(path))


def _page(conversation: Conversation) -> Path:
    path = page_path(conversation)
    with app().reader.snapshot():
        write_file(path, Exporter(app().reader).pieces([conversation.pk], "html"), force=True)
    return path
