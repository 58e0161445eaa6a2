"""The reader: lists, transcripts and names, as frozen values.

It never writes and never makes a database: before the first turn there simply is nothing to read.
Names are found in steps: exact, as an unambiguous prefix of a name, then of an id (ids are random, so
they never stand in a name's way), and a miss says what is nearest.
"""

import shlex
from collections.abc import Iterator

from chatmgr.domain.errors import NotFound, UsageFault
from chatmgr.domain.filters import EVERYTHING, Filters
from chatmgr.domain.model import (
    Assistant,
    Attachment,
    Attempt,
    Conversation,
    LiveRun,
    Message,
    RemoteFile,
    ThreadRef,
    Turn,
)
from chatmgr.domain.names import nearest, slug
from chatmgr.store.reader import values
from chatmgr.store.reader.base import FAR, GUESSES, SHORTEST_ID, as_stored
from chatmgr.store.reader.export import ExportPages
from chatmgr.store.reader.folders import FolderPages
from chatmgr.store.reader.search import SearchPages
from chatmgr.store.reader.stats import StatsPages
from chatmgr.store.reader.tidy import TidyPages


class Reader(SearchPages, StatsPages, ExportPages, TidyPages, FolderPages):
    """Reads one database. Open it late and close it before the network is used."""

    # Conversations

    def conversations(self, count: int, filters: Filters = EVERYTHING) -> Iterator[Conversation]:
        """Newest activity first; ``count`` 0 for all, read as they are consumed."""
        rows = self._rows("conversations", limit=self._limit(count), **filters.values())
        return map(values.conversation, rows)

    def tags(self) -> list[tuple[str, int]]:
        """Every tag, and how many conversations have it."""
        return [(str(name), int(count)) for name, count in self._rows("tags")]

    def conversation(self, name: str) -> Conversation:
        """The one conversation that ``name`` means; raises NotFound with the nearest names."""
        if found := self.find_conversation(name):
            return found
        matches = list(self._prefixed("conversation_prefixed", name, 3)) if name else []
        if not matches and len(name) >= SHORTEST_ID:
            matches = list(self._prefixed("conversation_by_id", name, 3))
        if len(matches) == 1:
            return values.conversation(matches[0])
        if matches:
            names = [f"“{values.conversation(one).name}”" for one in matches]
            listed = ", ".join(names[:2]) + (", …" if len(names) > 2 else "")
            raise UsageFault(f"“{name}” could be {listed}.", "Type a few letters more.")
        if self._first("trashed_named", name=as_stored(name)):
            raise NotFound(
                "conversation", name, (), f"It is in the trash: chatmgr restore {shlex.quote(name)}"
            )
        known = [str(row[0]) for row in self._rows("conversation_names", limit=GUESSES)]
        hint = "See them all: chatmgr history" if known else f"Begin it: chatmgr new {shlex.quote(name)}"
        raise NotFound("conversation", name, nearest(name, known), hint)

    def find_conversation(self, name: str) -> Conversation | None:
        """The conversation of exactly this name, if there is one."""
        row = self._first("conversation_named", name=as_stored(name))
        return values.conversation(row) if row else None

    def last_used(self) -> Conversation | None:
        """The conversation that was resumed, sent to or made last."""
        row = self._first("conversation_last_used")
        return values.conversation(row) if row else None

    def names(self, prefix: str, count: int) -> list[tuple[str, str]]:
        """Names that begin with ``prefix``, and their titles: what a shell completes."""
        return [(str(name), str(title)) for name, title in self._prefixed("names_prefixed", prefix, count)]

    def unused_name(self, text: str) -> str:
        """A short name of a text's first words that no conversation has; only names like it are read."""
        return slug(text, [name for name, _ in self.names(slug(text), FAR)])

    # Turns

    def turns(self, conversation: Conversation, first: int = 1, last: int = FAR) -> Iterator[Turn]:
        """Turns in order, read as they are consumed."""
        rows = self._rows("turns", conversation=conversation.pk, first=first, last=last, limit=self._limit(0))
        return map(values.turn, rows)

    def tail(self, conversation: Conversation, count: int) -> list[Turn]:
        """The last turns, in order."""
        rows = self._rows("turns_last", conversation=conversation.pk, limit=count)
        return [values.turn(row) for row in rows][::-1]

    def said(self, count: int) -> Iterator[str]:
        """What the user said in all conversations, newest first, read as it is consumed."""
        return (str(row[0]) for row in self._rows("said", limit=self._limit(count)))

    def turn(self, conversation: Conversation, address: int) -> Turn:
        """The turn at an address: 3 from the start, -1 from the end."""
        position = address if address > 0 else conversation.turns + 1 + address
        if 0 < position <= FAR:
            for one in self.turns(conversation, position, position):
                return one
        count = conversation.turns
        holds = {0: "no turns yet", 1: "one turn"}.get(count, f"{count} turns")
        begin = "" if address else " Turns begin at 1; -1 is the last."
        hint = f"“{conversation.name}” has {holds}.{begin}"
        raise NotFound("turn", f"{conversation.name}@{address}", (), hint)

    def attempts(self, conversation: Conversation, position: int) -> list[Attempt]:
        """Every run of a turn, in the order they were made."""
        rows = self._rows("attempts", conversation=conversation.pk, position=position)
        return [values.attempt(row) for row in rows]

    def history(self, conversation: int, before: int, after: int = 0) -> list[Message]:
        """What a model is shown of the answered turns between two positions, oldest first."""
        span = {"conversation": conversation, "before": before, "after": after}
        rows = list(self._rows("history", **span))
        files: dict[int, tuple[Attachment, ...]] = {}
        for message, name, kind, sha256, data in self._rows("attached", **span) if rows else ():
            found = Attachment(str(name), str(kind), str(sha256), bytes(data))
            files[message] = (*files.get(message, ()), found)
        return [
            one
            for user, answer, message in reversed(rows)
            for one in (
                Message("user", str(user), files.get(message, ())),
                Message("assistant", str(answer)),
            )
        ]

    def attachments(self, turn: Turn) -> list[tuple[str, str, str, int]]:
        """Name, content type, SHA-256 and size of the files sent with a turn."""
        if not turn.files:
            return []
        rows = self._rows("attachments", message=turn.message)
        return [(str(name), str(kind), str(sha256), int(size)) for name, kind, sha256, size in rows]

    def remote_files(self, conversation: int, provider: str, endpoint: str) -> dict[str, RemoteFile]:
        """What a server calls the files of a conversation, by SHA-256."""
        rows = self._rows("remote_files", conversation=conversation, provider=provider, endpoint=endpoint)
        return {str(sha256): RemoteFile(str(remote), str(kind)) for sha256, remote, kind in rows}

    def model_at(self, conversation: int, provider: str) -> str:
        """The model that a conversation used last at a provider; empty where it never was there."""
        row = self._first("model_at", conversation=conversation, provider=provider)
        return str(row[0]) if row else ""

    def cost(self, conversation: int) -> tuple[int, int]:
        """What a conversation has cost, in billionths of a US dollar, and how many runs have no price."""
        row = self._first("cost", conversation=conversation) or (0, 0)
        return int(row[0]), int(row[1])

    def max_cost(self, conversation: int) -> int | None:
        """The most a conversation may cost before its next turn is refused."""
        row = self._first("max_cost", conversation=conversation)
        return None if row is None or row[0] is None else int(row[0])

    def answered(self, conversation: int, before: int) -> int:
        """The newest position before ``before`` that has an answer; 0 for none."""
        row = self._first("answered", conversation=conversation, before=before)
        return int(row[0]) if row else 0

    def live_run(self, conversation: int) -> LiveRun | None:
        """The run of a conversation that nobody has closed."""
        row = self._first("live_run", conversation=conversation)
        return values.live_run(row) if row else None

    def live_runs(self) -> list[LiveRun]:
        """Every run that nobody has closed, oldest first."""
        return [values.live_run(row) for row in self._rows("live_runs")]

    def threads(self, conversation: int) -> list[tuple[str, str, ThreadRef]]:
        """Provider, endpoint and thread of every remote counterpart in use."""
        return [
            (str(row[0]), str(row[1]), ThreadRef(str(row[2]), int(row[3]), bool(row[4])))
            for row in self._rows("threads", conversation=conversation)
        ]

    def holders_of(self, remote_id: str, provider: str) -> list[str]:
        """The conversations whose thread this is."""
        return [str(row[0]) for row in self._rows("threads_at", remote_id=remote_id, provider=provider)]

    def conversations_at(self, provider: str) -> list[str]:
        """The names of the conversations that live at a provider, newest activity first."""
        return [str(row[0]) for row in self._rows("conversations_at", provider=provider)]

    def thread(self, conversation: int, provider: str, endpoint: str) -> ThreadRef | None:
        """The remote thread in use at one endpoint."""
        row = self._first("thread", conversation=conversation, provider=provider, endpoint=endpoint)
        return ThreadRef(str(row[0]), int(row[1]), bool(row[2])) if row else None

    # Assistants

    def assistants(self) -> list[Assistant]:
        """All assistants, each at its newest version, by name."""
        return [values.assistant(row) for row in self._rows("assistants")]

    def assistant(self, name: str) -> Assistant:
        """The assistant of a name or of an unambiguous prefix; raises NotFound with the nearest."""
        if found := self.find_assistant(name):
            return found
        everyone = self.assistants()
        matches = [one for one in everyone if one.name.startswith(as_stored(name))] if name else []
        if len(matches) == 1:
            return matches[0]
        known = nearest(name, [one.name for one in everyone])
        raise NotFound("assistant", name, known, "See them all: chatmgr assistant list")

    def find_assistant(self, name: str) -> Assistant | None:
        """The assistant of exactly this name, if there is one."""
        row = self._first("assistant_named", name=as_stored(name))
        return values.assistant(row) if row else None

    def assistant_of(self, conversation: int) -> Assistant:
        """A conversation's assistant at its newest version, deleted or not."""
        row = self._first("assistant_of", conversation=conversation)
        if row is None:
            raise NotFound("assistant of conversation", str(conversation))
        return values.assistant(row)

    def assistant_versions(self, name: str) -> list[Assistant]:
        """Every version of an assistant, oldest first."""
        return [values.assistant(row) for row in self._rows("assistant_versions", name=as_stored(name))]

    def remote_assistant(self, assistant: int, provider: str, endpoint: str) -> str:
        """An assistant's id at an endpoint that has assistants; empty where it has none yet."""
        row = self._first("remote_assistant", assistant=assistant, provider=provider, endpoint=endpoint)
        return str(row[0]) if row else ""

    def remote_assistants(self, assistant: int) -> dict[str, str]:
        """An assistant's ids by provider."""
        return {str(name): str(one) for name, one in self._rows("remote_assistants", assistant=assistant)}

    def meta(self, key: str) -> str:
        """A fact about the database itself; empty where it is not known."""
        row = self._first("meta", key=key)
        return str(row[0]) if row else ""

    def counts(self) -> tuple[int, int, int]:
        """Assistants, conversations and turns."""
        row = self._first("counts") or (0, 0, 0)
        return int(row[0]), int(row[1]), int(row[2])
