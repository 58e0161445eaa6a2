"""Reads conversations: lists, names and tags.

Names are found in steps: exact, as an unambiguous prefix of a name, then of an id (ids are random, so
they never stand in a name's way), and a miss says what is nearest.
"""

import shlex
from collections.abc import Iterator

from chatmgr.domain.addresses import in_shell, split_path
from chatmgr.domain.errors import NotFound, UsageFault
from chatmgr.domain.filters import EVERYTHING, Filters
from chatmgr.domain.ids import FAR
from chatmgr.domain.model import Conversation
from chatmgr.domain.names import nearest, slug
from chatmgr.store.reader.query_session import GUESSES, SHORTEST_ID, QuerySession, as_stored
from chatmgr.store.shapes import into, moment, moment_or_none, pick


def _tags(joined: str | None) -> tuple[str, ...]:
    return tuple(sorted(joined.split(","))) if joined else ()


CONVERSATION = into(
    Conversation,
    created_at=moment,
    updated_at=moment,
    archived_at=moment_or_none,
    deleted_at=moment_or_none,
    tags=_tags,
)


class Conversations:
    """The conversations that are not in the trash."""

    def __init__(self, session: QuerySession) -> None:
        self._session = session

    def get(self, name: str) -> Conversation:
        """The one conversation that ``name`` means; raises NotFound with the nearest names."""
        if conversation := self.find(name):
            return conversation
        matches = self._prefixed("conversations.by_name_prefix", name) if name else []
        if not matches and len(name) >= SHORTEST_ID:
            matches = self._prefixed("conversations.by_id_prefix", name)
        if len(matches) == 1:
            return matches[0]
        if matches:
            names = [f"“{match.name}”" for match in matches]
            listed = ", ".join(names[:2]) + (", …" if len(names) > 2 else "")
            raise UsageFault(f"“{name}” could be {listed}.", "Type a few letters more.")
        if self._session.first("trash.by_name", CONVERSATION, name=as_stored(name)):
            raise NotFound(
                "conversation", name, (), f"It is in the trash: chatmgr restore {shlex.quote(name)}"
            )
        if "~" in name and self.find(split_path(name)[0]):
            hint = f"Go to that path first: chatmgr switch {in_shell(name)}"
            raise NotFound("conversation", name, (), hint)
        stem = name.partition("@")[0]
        if stem != name and self.find(stem):
            hint = f"The name is meant here, without a turn: {in_shell(stem)}"
            raise NotFound("conversation", name, (), hint)
        known = list(self._session.column("conversations.newest_names", limit=GUESSES))
        hint = "See them all: chatmgr history" if known else f"Begin it: chatmgr new {shlex.quote(name)}"
        raise NotFound("conversation", name, nearest(name, known), hint)

    def _prefixed(self, statement: str, prefix: str) -> list[Conversation]:
        return list(self._session.prefixed(statement, CONVERSATION, prefix, 3))

    def find(self, name: str) -> Conversation | None:
        """The conversation of exactly this name, if there is one."""
        return self._session.first("conversations.by_name", CONVERSATION, name=as_stored(name))

    def refresh(self, conversation: Conversation) -> Conversation:
        """A conversation as it is now, whatever it is called meanwhile."""
        fresh = self._session.first("conversations.by_key", CONVERSATION, conversation=conversation.pk)
        if fresh is None:
            raise NotFound("conversation", conversation.name, (), "It was deleted for good meanwhile.")
        return fresh

    def last_used(self) -> Conversation | None:
        """The conversation that was resumed, sent to or made last."""
        return self._session.first("conversations.last_used", CONVERSATION)

    def last_in_folder(self, folder: str) -> Conversation | None:
        """The conversation that was used last in a folder, unless it is archived."""
        return self._session.first("conversations.last_in_folder", CONVERSATION, folder=folder)

    def names(self, prefix: str, count: int) -> list[tuple[str, str]]:
        """Names that begin with ``prefix``, and their titles: what a shell completes."""
        return list(self._session.prefixed("conversations.names", pick("name", "title"), prefix, count))

    def unused_name(self, text: str) -> str:
        """A short name of a text's first words that no conversation has; only names like it are read."""
        return slug(text, [name for name, _ in self.names(slug(text), FAR)])

    def taken(self, name: str) -> int:
        """The key of the conversation that has exactly this name; 0 where none has."""
        return int(self._session.value("conversations.key_of_name", 0, name=as_stored(name)))

    def tags(self) -> list[tuple[str, int]]:
        """Every tag, and how many conversations have it."""
        return list(self._session.rows("conversations.tags", pick("name", "conversations")))

    def tag(self, name: str) -> str:
        """A tag as it is kept, of whatever conversation, deleted or not; raises NotFound with the nearest."""
        known = list(self._session.column("conversations.tag_names"))
        if (kept := as_stored(name)) not in known:
            raise NotFound("tag", name, nearest(name, known), "See them all: chatmgr tag --list")
        return kept

    def at_provider(self, provider: str) -> list[str]:
        """The names of the conversations that live at a provider, newest activity first."""
        return list(self._session.column("conversations.at_provider", provider=provider))

    def providers(self) -> list[str]:
        """Every provider that a conversation was ever at, or a run was asked of."""
        return list(self._session.column("conversations.providers"))

    # Last, so that the annotations above mean Python's own list.
    def list(self, count: int, filters: Filters = EVERYTHING) -> Iterator[Conversation]:
        """Newest activity first; ``count`` 0 for all, read as they are consumed."""
        limit = self._session.limit(count)
        return self._session.rows("conversations.list", CONVERSATION, limit=limit, **filters.values())
