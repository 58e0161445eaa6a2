"""The list of conversations, as a table or as JSON: what ``history`` shows without a name."""

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from chatmgr.domain.filters import Filters
from chatmgr.terminal.console import console, show_lines
from chatmgr.terminal.conversation_table import conversation_table
from chatmgr.terminal.region import stdout_size
from chatmgr.ui.context import app, empty_suffix
from chatmgr.ui.json_output import conversation_json, print_json


def show_list(filters: Filters, count: int, *, as_json: bool, pager: bool) -> None:
    """Print the conversations that the filters leave, newest activity first; all of them for ``count`` 0."""
    conversations = app().reader.conversations.list(count, filters)
    if as_json:
        for conversation in conversations:
            print_json(conversation_json(conversation))
        return
    width = stdout_size()[0] if sys.stdout.isatty() else 0
    lines = conversation_table(conversations, datetime.now(UTC), width=width)
    show_lines(_noting_none(lines, filters), pager=pager)


def _noting_none(lines: Iterable[str], filters: Filters) -> Iterator[str]:
    """The lines, and a note if there are none."""
    empty = True
    for line in lines:
        empty = False
        yield line
    if empty and filters.any:
        console.note("No conversation matches. See them all: chatmgr history")
    elif empty:
        console.note(f"No conversations {empty_suffix()}. Begin one: chatmgr new")
