"""What an import of some files gives, as plain values that tests compare."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chatmgr.domain.source_conversations import SourceConversation
from chatmgr.importers.answers import SourceRun
from chatmgr.importers.registry import entries
from chatmgr.importers.source import Entry, LeftOut
from chatmgr.importers.tree import SourceTurns, turns_of

FIXTURES = Path(__file__).with_name("fixtures")


@dataclass(slots=True)
class Imported:
    """What some files hold."""

    conversations: list[SourceConversation] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def only(self) -> SourceConversation:
        """The one conversation that there is."""
        assert (len(self.conversations), self.faults) == (1, [])
        return self.conversations[0]


def imported(path: Path, kind: str = "") -> Imported:
    """Everything in a file or a folder, converted."""
    result = Imported()
    for entry in entries([str(path)], kind=kind):
        if isinstance(entry, LeftOut):
            (result.faults if entry.fault else result.left_out).append(entry.reason)
        elif isinstance(entry, Entry):
            conversation = entry.read()
            assert (conversation.kind, conversation.id) == (entry.kind, entry.id)
            result.conversations.append(conversation)
            result.kinds.append(entry.kind)
            result.digests.append(entry.digest)
    return result


def write(folder: Path, name: str, content: Any) -> Path:
    """A file of JSON, of JSON Lines (a tuple), or of text."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, tuple):
        content = "".join(json.dumps(line) + "\n" for line in content)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def database(folder: Path, sql: str) -> Path:
    """A SQLite file made of statements."""
    path = folder / "some.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(sql)
    return path


def told(conversation: SourceConversation) -> list[tuple[str, str]]:
    """The active path, turn by turn: what was asked, and what the chosen run answered."""
    turns = turns_of(conversation)
    path = []
    at = turns.tip
    while at >= 0:
        turn = turns.turns[at]
        path.append((turn.text, turn.runs[turn.run].text if turn.runs else ""))
        at = turn.parent
    return path[::-1]


def tip_run(turns: SourceTurns) -> SourceRun:
    """The chosen run of the last turn."""
    turn = turns.turns[turns.tip]
    return turn.runs[turn.run]


def items_of(run: SourceRun) -> list[str]:
    """What a run consists of, in short."""
    return [f"{item.kind.value}:{_gist(item.content)}" for item in run.items]


def _gist(content: Any) -> str:
    for name in ("text", "name", "output", "type"):
        if content.get(name):
            return str(content[name])
    return ""
