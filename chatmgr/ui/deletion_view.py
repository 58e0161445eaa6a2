"""Deleting at the servers, as it is shown: what became of each thread and file, and what was kept."""

import sys
from collections.abc import Sequence

from chatmgr.cli.selection import counted
from chatmgr.domain.events import Waiting
from chatmgr.domain.model import Conversation
from chatmgr.domain.remote import DeletionResult, DeletionStatus
from chatmgr.services.turns import visible_thread_id
from chatmgr.terminal.console import console
from chatmgr.terminal.status import Status
from chatmgr.ui.context import app
from chatmgr.ui.json_output import print_json


def erase(conversations: Sequence[Conversation], *, as_json: bool) -> set[int]:
    """Delete what servers keep of conversations; returns those of which something is left there."""
    names = {one.pk: one for one in conversations}
    status, left = Status(sys.stderr), set[int]()
    try:
        for one in app().remote_deletion.delete(conversations):
            if isinstance(one, DeletionResult):
                status.clear()
                _tell(one, names.get(one.conversation), as_json=as_json)
                if one.conversation and not (one.status.settled and not one.kept):
                    left.add(one.conversation)
            elif isinstance(one, Waiting):
                status.show(f"{one.reason}: {one.seconds} s (Ctrl-C stops)")
    finally:
        status.clear()
    return left


def _tell(one: DeletionResult, of: Conversation | None, *, as_json: bool) -> None:
    if as_json:
        whose = {"name": of.name, "id": of.id} if of else {"name": None, "id": None}
        print_json(
            {
                **whose,
                "did": f"{one.kind} {one.status}",
                "provider": one.provider,
                f"{one.kind}_id": visible_thread_id(one.id),
                "why": one.why or None,
                "responses": one.responses,
                "kept": list(one.kept),
            }
        )
        return
    whose_name = f" of “{of.name}”" if of else ""
    told = {
        DeletionStatus.DELETED: "is deleted",
        DeletionStatus.GONE: "was gone already",
        DeletionStatus.REFUSED: "stays",
        DeletionStatus.UNREACHABLE: "stays, for its server cannot be asked",
    }[one.status]
    answers = f", with {counted(one.responses, 'stored answer')}" if one.responses else ""
    if answers and one.status is not DeletionStatus.DELETED:
        answers, told = "", f"({counted(one.responses, 'stored answer')} deleted) {told}"
    why = f": {one.why}" if one.why else ""
    kept = f" The server keeps {' and '.join(one.kept)}." if one.kept else ""
    named = f"{one.kind} {visible_thread_id(one.id)}".strip()
    bad = bool(one.kept) or not one.status.settled
    text = f"The {named}{whose_name} at {one.provider} {told}{answers}{why}"
    console.note(f"{text.rstrip('.')}.{kept}", "yellow" if bad else "dim")
