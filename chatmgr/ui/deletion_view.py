"""Deletion on the servers as it is shown: what became of each thread and file, and what a server kept."""

import sys
from collections.abc import Sequence

from chatmgr.domain.events import Waiting, visible_thread_id
from chatmgr.domain.model import Conversation
from chatmgr.domain.remote import DeletionResult, DeletionStatus
from chatmgr.domain.text import counted
from chatmgr.terminal.console import console
from chatmgr.terminal.status import Status
from chatmgr.ui.context import app
from chatmgr.ui.json_output import print_json

_STATUS = {
    DeletionStatus.DELETED: "is deleted",
    DeletionStatus.GONE: "was gone already",
    DeletionStatus.REFUSED: "stays",
    DeletionStatus.UNREACHABLE: "stays, because its server cannot be reached",
}


def delete_remotely(conversations: Sequence[Conversation], *, as_json: bool) -> set[int]:
    """Delete what servers keep of conversations, showing each step.

    Returns the keys of the conversations of which a server still keeps something.
    """
    by_key = {conversation.pk: conversation for conversation in conversations}
    status, remaining = Status(sys.stderr), set[int]()
    try:
        for event in app().remote_deletion.delete(conversations):
            if isinstance(event, DeletionResult):
                status.clear()
                _report(event, by_key.get(event.conversation), as_json=as_json)
                remaining.update(event.remaining)
            elif isinstance(event, Waiting):
                status.show(f"{event.reason}: {event.seconds} s (Ctrl-C stops)")
    finally:
        status.clear()
    return remaining


def _report(deletion: DeletionResult, conversation: Conversation | None, *, as_json: bool) -> None:
    if as_json:
        print_json(_facts(deletion, conversation))
        return
    bad = bool(deletion.kept) or not deletion.status.settled
    console.note(_sentence(deletion, conversation), "attention" if bad else "fact")


def _facts(deletion: DeletionResult, conversation: Conversation | None) -> dict[str, object]:
    """The documented shape of a deletion; a file belongs to no single conversation."""
    return {
        "name": conversation.name if conversation else None,
        "id": conversation.id if conversation else None,
        "did": f"{deletion.kind} {deletion.status}",
        "provider": deletion.provider,
        f"{deletion.kind}_id": visible_thread_id(deletion.id),
        "why": deletion.why or None,
        "responses": deletion.responses,
        "kept": list(deletion.kept),
    }


def _sentence(deletion: DeletionResult, conversation: Conversation | None) -> str:
    subject = f"{deletion.kind} {visible_thread_id(deletion.id)}".strip()
    owner = f" of “{conversation.name}”" if conversation else ""
    outcome = _STATUS[deletion.status]
    if deletion.responses:
        answers = counted(deletion.responses, "stored answer")
        deleted = deletion.status is DeletionStatus.DELETED
        outcome = f"{outcome}, with {answers}" if deleted else f"({answers} deleted) {outcome}"
    why = f": {deletion.why}" if deletion.why else ""
    kept = f" The server keeps {' and '.join(deletion.kept)}." if deletion.kept else ""
    text = f"The {subject}{owner} at {deletion.provider} {outcome}{why}"
    return f"{text.rstrip('.')}.{kept}"
