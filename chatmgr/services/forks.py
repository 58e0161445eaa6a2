"""What all changes of paths begin with, and forks under a name that nobody else takes meanwhile.

Whoever calls these holds the lock of the conversation that is changed, or forked.
"""

from typing import TYPE_CHECKING

from chatmgr.domain.addresses import in_shell
from chatmgr.domain.errors import Busy
from chatmgr.domain.model import Conversation
from chatmgr.domain.names import free_name
from chatmgr.domain.states import RunState
from chatmgr.services.free_names import create_under_free_name
from chatmgr.services.parts import StoreParts

if TYPE_CHECKING:
    from chatmgr.store.reader import Reader


def idle(reader: "Reader", conversation: Conversation) -> Conversation:
    """A conversation as it is now; raises Busy while one of its runs is open."""
    current = reader.conversations.refresh(conversation)
    if current.live:
        name = in_shell(current.name)
        if current.state == RunState.REQUIRES_ACTION:
            command = f"chatmgr runs answer {name}"
            raise Busy(
                f"A run of “{current.name}” waits for you.",
                f"Answer its calls: {command} — or decline them: {command} --decline",
            )
        raise Busy(
            f"“{current.name}” has an open run.",
            f"Wait for it: chatmgr runs wait {name} — or give it up: chatmgr runs cancel {name}",
        )
    return current


def fork_under_free_name(
    parts: StoreParts, source: Conversation, position: int, stem: str, branch: int = 0
) -> str:
    """Fork a conversation under its own name with a number; returns that."""

    def free() -> str:
        with parts.reader as reader:
            return free_name(stem, reader.conversations.taken)

    return create_under_free_name(
        free, lambda name: parts.writer.tree.fork(source.pk, position, name, branch=branch)
    )
