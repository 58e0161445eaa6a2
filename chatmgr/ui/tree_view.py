"""``history --tree`` and ``--log``: a conversation's paths and its journal, as lines or as JSON."""

import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

from chatmgr.domain.addresses import split_path
from chatmgr.domain.model import Conversation
from chatmgr.domain.tree import JournalEntry, Sharing, TreePath
from chatmgr.services.way_back import SHELL, ShellCommands
from chatmgr.terminal.console import console, show_lines
from chatmgr.terminal.region import stdout_size
from chatmgr.terminal.tree_lines import TreeLines, journal_lines
from chatmgr.ui.context import app
from chatmgr.ui.json_output import print_json

_QUESTION = 400  # characters of a question, more than any line shows


def show_tree(
    conversation: Conversation, *, as_json: bool = False, pager: bool = True, commands: ShellCommands = SHELL
) -> None:
    """Print the paths of a conversation, and who shares them."""
    tree = app().reader.tree
    paths = tree.paths(conversation.pk)
    sharing = tree.sharing(conversation.pk, paths)
    if as_json:
        for path in paths:
            print_json(_path_json(conversation, path, sharing))
        return
    terminal = sys.stdout.isatty()
    width = stdout_size()[0] if terminal else 0
    questions = partial(tree.questions, width=_QUESTION)
    name = _name(conversation)
    lines = TreeLines(name, paths, sharing, questions, terminal=terminal, width=width)
    show_lines(lines, pager=pager)
    if len(paths) > 1:
        console.note(f"Go to another path: {commands.switch(name, '~N')}")


def _name(conversation: Conversation) -> str:
    """What a conversation is called, also where it is looked at along another path."""
    return split_path(conversation.name)[0] if conversation.branch else conversation.name


def _path_json(conversation: Conversation, path: TreePath, sharing: list[Sharing]) -> dict[str, Any]:
    """The documented shape of a path; ``turns`` are those that no path before it has."""
    name = _name(conversation)
    places = {(piece.branch, piece.first, piece.last) for piece in path.pieces}
    return {
        "path": f"{name}~{path.number}",
        "current": path.current,
        "parts_from": f"{name}~{path.parent}" if path.parent else None,
        "parts_after": path.after or None,
        "tip": path.tip,
        "end": path.end,
        "turns": list(_turns_json(name, path)),
        "shared_with": [
            {"conversation": other.conversation, "up_to": other.position}
            for other in sharing
            if any(
                branch == other.branch and first <= other.position <= last for branch, first, last in places
            )
        ],
    }


def _turns_json(name: str, path: TreePath) -> Iterator[dict[str, Any]]:
    for piece in path.pieces:
        for position, question in app().reader.tree.questions(piece, _QUESTION):
            address = f"{name}@{position}" if path.current and position <= path.tip else ""
            yield {
                "address": address or f"{name}~{path.number}@{position}",
                "turn": position,
                "user": question,
                "undone": position > path.tip,
            }


def show_log(
    conversation: Conversation, count: int = 0, *, as_json: bool = False, pager: bool = True
) -> None:
    """Print what was done to a conversation, oldest first; the last ``count`` entries, or all for 0."""
    entries = [
        JournalEntry("create", {}, 0, "", conversation.created_at),
        *app().reader.journal.entries(conversation.pk, count),
    ]
    entries = entries[-count:] if count else entries
    if as_json:
        for entry in entries:
            facts = {"at": entry.at, "action": entry.action, "pid": entry.pid or None}
            print_json({**facts, "host": entry.host or None, "detail": dict(entry.detail)})
        return
    show_lines(journal_lines(entries, terminal=sys.stdout.isatty()), pager=pager)
