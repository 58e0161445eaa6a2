"""What follows what among the messages of a source.

Parents count, never lists of children. Messages that nobody said are taken out, and what follows them follows
the message before. A parent that is missing, or leads round in a circle, makes a first message.
"""

from collections.abc import Mapping, Sequence

from chatmgr.domain.source_conversations import SourceMessage, SourceRole


def messages_said(messages: Mapping[str, SourceMessage]) -> tuple[dict[str, SourceMessage], dict[str, str]]:
    """The messages that were said, and what each of them follows: past those that nobody said."""
    anchors: dict[str, str] = {}  # of a hidden message: the one that was said before it
    said = {key: message for key, message in messages.items() if message.role is not SourceRole.HIDDEN}
    parents: dict[str, str] = {}
    for key, message in said.items():
        parent, passed, met = message.parent, [], {key}
        while parent and parent not in said:
            if parent in met or parent not in messages:
                parent = ""
            elif parent in anchors:
                parent = anchors[parent]
            else:
                met.add(parent)
                passed.append(parent)
                parent = messages[parent].parent
        for hidden in passed:
            anchors[hidden] = parent
        parents[key] = "" if parent == key else parent
    _break_circles(parents)
    return said, parents


def _break_circles(parents: dict[str, str]) -> None:
    """Let a message that would follow itself, however far round, be a first one."""
    sound: set[str] = {""}
    for start in parents:
        chain, key = [], start
        met: set[str] = set()
        while key not in sound:
            if key in met:
                parents[key] = ""
                break
            met.add(key)
            chain.append(key)
            key = parents[key]
        sound.update(chain)


def active_path(
    said: Mapping[str, SourceMessage],
    parents: Mapping[str, str],
    children: Mapping[str, Sequence[str]],
    messages: Mapping[str, SourceMessage],
    current: str,
) -> list[str]:
    """The messages of the active path, from the first: up from the current one, or from the newest leaf."""
    met: set[str] = set()
    while current and current not in said and current in messages and current not in met:
        met.add(current)
        current = messages[current].parent
    if current not in said:
        leaves = [key for key in said if key not in children]
        newest = max(enumerate(leaves), key=lambda leaf: (_time_of(said[leaf[1]]), leaf[0]), default=(0, ""))
        current = newest[1]
    path = []
    while current:
        path.append(current)
        current = parents[current]
    return path[::-1]


def _time_of(message: SourceMessage) -> float:
    return message.at.timestamp() if message.at else 0.0
