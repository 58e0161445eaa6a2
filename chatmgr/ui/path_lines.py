"""What was done to a conversation's path, with how to take it back."""

from typing import TYPE_CHECKING

from chatmgr.domain.addresses import in_shell
from chatmgr.domain.model import Conversation

if TYPE_CHECKING:
    from chatmgr.services.paths import Fork, Move, Switch


def forked(fork: "Fork", go_on: str = "") -> str:
    """A conversation was forked; ``go_on`` says how to go there, where the person is not there already."""
    back = f"chatmgr delete {in_shell(fork.name)}"
    lines = [f"Forked {fork.source} as “{fork.name}”.", go_on, f"Take it back: {back}"]
    return "\n".join(filter(None, lines)) if go_on else " ".join(filter(None, lines))


def moved(conversation: Conversation, move: "Move", back: str, option: str) -> str:
    """Turns were taken back, or brought back; ``back`` is the command that does the opposite.

    ``option`` stands before the number of turns, if that is more than one.
    """
    turns = abs(move.before - move.after)
    count = f"{option}{turns}" if turns > 1 else ""
    ends = f"ends at @{move.after}" if move.after else "is at its beginning"
    return f"“{conversation.name}” {ends} now. Take it back: {back}{count}"


def switched(conversation: Conversation, switch: "Switch", back: str) -> str:
    """A conversation took another path; ``back`` is the command that goes back to the one before."""
    path = switch.after.removeprefix(conversation.name).partition("@")[0]
    end = f"ends at @{conversation.turns}" if conversation.turns else "is at its beginning"
    if switch.before == switch.after:
        return f"“{conversation.name}” is already on its path {path}, and {end}."
    return f"“{conversation.name}” is on its path {path} now, and {end}. Take it back: {back}"
