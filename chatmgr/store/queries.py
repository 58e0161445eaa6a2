"""The reader: lists, transcripts and names, as frozen values.

It never writes and never makes a database: before the first turn there simply is nothing to read.
Names are found in steps: exact, as an unambiguous prefix of a name, then of an id (ids are random, so
they never stand in a name's way), and a miss says what is nearest.
"""

import shlex
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from chatmgr.domain.errors import NotFound, UsageFault
from chatmgr.domain.model import Assistant, Conversation, LiveRun, Message, ThreadRef, Turn
from chatmgr.domain.states import RunState
from chatmgr.domain.text import nearest, storable
from chatmgr.store.connect import Row, Source, as_mapping
from chatmgr.store.schema import ready_to_read

_FAR = 2_147_483_647  # past any position
_SHORTEST_ID = 4  # fewer characters of an id would be met by chance
_GUESSES = 2_000  # names compared when one is not found; more would be felt


class Reader:
    """Reads one database. Open it late and close it before the network is used."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._source: Source | None = None
        self._looked = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database; the next question opens it again."""
        if self._source is not None:
            self._source.close()
        self._source, self._looked = None, False

    def _rows(self, name: str, /, **values: object) -> Iterator[Row]:
        source = self._open()
        return source.rows(name, **values) if source is not None else iter(())

    def _first(self, name: str, /, **values: object) -> Row | None:
        found = list(self._rows(name, **values))
        return found[0] if found else None

    def _open(self) -> Source | None:
        if not self._looked:
            self._source, self._looked = ready_to_read(self._url), True
        return self._source

    def _limit(self, count: int) -> int | None:
        source = self._open()
        return min(count, _FAR) if count > 0 or source is None else source.no_limit

    # Conversations

    def conversations(self, count: int) -> Iterator[Conversation]:
        """Newest activity first; ``count`` 0 for all, read as they are consumed."""
        return map(_conversation, self._rows("conversations", limit=self._limit(count)))

    def conversation(self, name: str) -> Conversation:
        """The one conversation that ``name`` means; raises NotFound with the nearest names."""
        if found := self.find_conversation(name):
            return found
        matches = list(self._prefixed("conversation_prefixed", name, 3)) if name else []
        if not matches and len(name) >= _SHORTEST_ID:
            matches = list(self._prefixed("conversation_by_id", name, 3))
        if len(matches) == 1:
            return _conversation(matches[0])
        if matches:
            names = [f"“{_conversation(one).name}”" for one in matches]
            listed = ", ".join(names[:2]) + (", …" if len(names) > 2 else "")
            raise UsageFault(f"“{name}” could be {listed}.", "Type a few letters more.")
        known = [str(row[0]) for row in self._rows("conversation_names", limit=_GUESSES)]
        hint = "See them all: chatmgr history" if known else f"Begin it: chatmgr new {shlex.quote(name)}"
        raise NotFound("conversation", name, nearest(name, known), hint)

    def find_conversation(self, name: str) -> Conversation | None:
        """The conversation of exactly this name, if there is one."""
        row = self._first("conversation_named", name=_as_stored(name))
        return _conversation(row) if row else None

    def last_used(self) -> Conversation | None:
        """The conversation that was resumed, sent to or made last."""
        row = self._first("conversation_last_used")
        return _conversation(row) if row else None

    def names(self, prefix: str, count: int) -> list[tuple[str, str]]:
        """Names that begin with ``prefix``, and their titles: what a shell completes."""
        return [(str(name), str(title)) for name, title in self._prefixed("names_prefixed", prefix, count)]

    def _prefixed(self, statement: str, prefix: str, count: int) -> Iterator[Row]:
        low = _as_stored(prefix)
        return self._rows(statement, low=low, high=low + "\U0010ffff", limit=count)

    # Turns

    def turns(self, conversation: Conversation, first: int = 1, last: int = _FAR) -> Iterator[Turn]:
        """Turns in order, read as they are consumed."""
        rows = self._rows("turns", conversation=conversation.pk, first=first, last=last, limit=self._limit(0))
        return map(_turn, rows)

    def tail(self, conversation: Conversation, count: int) -> list[Turn]:
        """The last turns, in order."""
        rows = self._rows("turns_last", conversation=conversation.pk, limit=count)
        return [_turn(row) for row in rows][::-1]

    def turn(self, conversation: Conversation, address: int) -> Turn:
        """The turn at an address: 3 from the start, -1 from the end."""
        position = address if address > 0 else conversation.turns + 1 + address
        if 0 < position <= _FAR:
            for one in self.turns(conversation, position, position):
                return one
        count = conversation.turns
        holds = {0: "no turns yet", 1: "one turn"}.get(count, f"{count} turns")
        raise NotFound("turn", f"{conversation.name}@{address}", (), f"“{conversation.name}” has {holds}.")

    def history(self, conversation: int, before: int, after: int = 0) -> list[Message]:
        """What a model is shown of the answered turns between two positions, oldest first."""
        rows = list(self._rows("history", conversation=conversation, before=before, after=after))
        return [
            Message(role, str(text))
            for user, answer in reversed(rows)
            for role, text in (("user", user), ("assistant", answer))
        ]

    def answered(self, conversation: int, before: int) -> int:
        """The newest position before ``before`` that has an answer; 0 for none."""
        row = self._first("answered", conversation=conversation, before=before)
        return int(row[0]) if row else 0

    def live_run(self, conversation: int) -> LiveRun | None:
        """The run of a conversation that nobody has closed."""
        row = self._first("live_run", conversation=conversation)
        if row is None:
            return None
        values = list(row)
        values[4], values[9], values[13] = RunState(row[4]), bool(row[9]), _moment(row[13])
        return LiveRun(*values)

    def thread(self, conversation: int, provider: str, endpoint: str) -> ThreadRef | None:
        """The remote thread in use at one endpoint."""
        row = self._first("thread", conversation=conversation, provider=provider, endpoint=endpoint)
        return ThreadRef(str(row[0]), int(row[1]), bool(row[2])) if row else None

    # Assistants

    def assistants(self) -> list[Assistant]:
        """All assistants, each at its newest version, by name."""
        return [_assistant(row) for row in self._rows("assistants")]

    def assistant(self, name: str) -> Assistant:
        """The assistant of a name or of an unambiguous prefix; raises NotFound with the nearest."""
        if found := self.find_assistant(name):
            return found
        everyone = self.assistants()
        matches = [one for one in everyone if one.name.startswith(_as_stored(name))] if name else []
        if len(matches) == 1:
            return matches[0]
        known = nearest(name, [one.name for one in everyone])
        raise NotFound("assistant", name, known, "See them all: chatmgr assistant list")

    def find_assistant(self, name: str) -> Assistant | None:
        """The assistant of exactly this name, if there is one."""
        row = self._first("assistant_named", name=_as_stored(name))
        return _assistant(row) if row else None

    def assistant_of(self, conversation: int) -> Assistant:
        """A conversation's assistant at its newest version, deleted or not."""
        row = self._first("assistant_of", conversation=conversation)
        if row is None:
            raise NotFound("assistant of conversation", str(conversation))
        return _assistant(row)

    def assistant_versions(self, name: str) -> list[Assistant]:
        """Every version of an assistant, oldest first."""
        return [_assistant(row) for row in self._rows("assistant_versions", name=_as_stored(name))]

    def remote_assistant(self, assistant: int, provider: str, endpoint: str) -> str:
        """An assistant's id at an endpoint that has assistants; empty where it has none yet."""
        row = self._first("remote_assistant", assistant=assistant, provider=provider, endpoint=endpoint)
        return str(row[0]) if row else ""

    def remote_assistants(self, assistant: int) -> dict[str, str]:
        """An assistant's ids by provider."""
        return {str(name): str(one) for name, one in self._rows("remote_assistants", assistant=assistant)}

    def counts(self) -> tuple[int, int, int]:
        """Assistants, conversations and turns."""
        row = self._first("counts") or (0, 0, 0)
        return int(row[0]), int(row[1]), int(row[2])


def _as_stored(name: str) -> str:
    """A typed name in the form that names are kept in; what cannot be kept is simply not found."""
    return unicodedata.normalize("NFC", storable(name))


def _moment(value: Any) -> datetime:
    """SQLite gives text without a zone, PostgreSQL a moment in the server's; all of ours are UTC."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _conversation(row: Row) -> Conversation:
    return Conversation(*_with_moments(row, 11, 12))


def _turn(row: Row) -> Turn:
    return Turn(*_with_moments(row, 10, 11))


def _assistant(row: Row) -> Assistant:
    values = _with_moments(row, 8, 9)
    values[7] = as_mapping(row[7])
    return Assistant(*values)


def _with_moments(row: Row, *places: int) -> list[Any]:
    values = list(row)
    for place in places:
        values[place] = None if row[place] is None else _moment(row[place])
    return values
