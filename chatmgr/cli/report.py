"""What a verb did to conversations, reported the same way by all of them; and the upkeep of the trash."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chatmgr.domain.model import Conversation
from chatmgr.domain.text import counted
from chatmgr.terminal.console import console
from chatmgr.terminal.sanitize import one_line
from chatmgr.ui.context import app
from chatmgr.ui.json_output import print_json

_LISTED = 10  # names in one message


def _no_details(_: Conversation) -> dict[str, Any]:
    return {}


def _name(conversation: Conversation) -> str:
    return one_line(conversation.name)


@dataclass(frozen=True, slots=True)
class Report:
    """What was done to each conversation, or would be with ``--dry-run``.

    As JSON, one object a conversation; of a dry run, one line a conversation; else one message about all.
    """

    action: str
    as_json: bool
    dry_run: bool

    def show(
        self,
        changed: Sequence[Conversation],
        *,
        outcome: str = "",
        verb: str = "is",
        unchanged: Sequence[Conversation] = (),
        details: Callable[[Conversation], dict[str, Any]] = _no_details,
        line: Callable[[Conversation], str] = _name,
    ) -> None:
        """Report on ``changed``, or, where nothing had to be changed, on what was ``unchanged``.

        The message reads “<name> <verb> <outcome>.”; the outcome is the action where none is given.
        ``details`` are added to a conversation's JSON, ``line`` is what a dry run prints of it.
        """
        key = "would_be" if self.dry_run else "did"
        for conversation in changed:
            if self.as_json:
                facts = {"name": conversation.name, "id": conversation.id, key: self.action}
                print_json(facts | details(conversation))
            elif self.dry_run:
                console.out(f"would be {self.action}: {line(conversation)}")
        about = changed or unchanged
        if not about:
            console.note("No conversation matches; nothing was done.")
        elif not changed or not (self.as_json or self.dry_run):
            predicate = f"{'' if changed else 'already '}{outcome or self.action}"
            several = f"{len(about):,} conversations are {predicate}."
            console.note(f"“{about[0].name}” {verb} {predicate}." if len(about) == 1 else several)


def keep_trash_rules() -> None:
    """Delete what has been in the trash for ``trash_days``, and announce what is due next.

    Every verb that works on the trash does this at its end, and reports both.
    """
    days = app().settings.get("trash_days")
    if not days:
        return
    due = app().trash.process_due(datetime.now(UTC))
    if due.deleted:
        how = "Deleted" if due.unscrubbed else "Deleted for good"
        console.note(f"{how}, as announced (trash_days): {_names(due.deleted)}.", "attention")
        warn_if_unscrubbed(due.unscrubbed)
    if due.announced:
        when = due.when.astimezone().strftime("%Y-%m-%d %H:%M")
        console.note(
            f"From {when} on, the next command on the trash deletes for good what has been in it for "
            f"{days} days (trash_days): {_names(due.announced)}. To keep one: chatmgr restore NAME",
            "attention",
        )


def warn_if_unscrubbed(reason: str) -> None:
    """Warn that the bytes of what was deleted may still be found in the file."""
    if reason:
        console.note(
            f"Deleted, but its bytes could not be removed from the database file yet ({reason}). Until they "
            "are, the file may still contain what was deleted. Try again later: chatmgr trash empty",
            "attention",
        )


def _names(conversations: Sequence[Conversation]) -> str:
    names = ", ".join(f"“{conversation.name}”" for conversation in conversations[:_LISTED])
    more = len(conversations) - _LISTED
    return f"{names} and {counted(more, 'other')}" if more > 0 else names
