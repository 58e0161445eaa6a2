"""The reader's pages on the trash, on names, and on what servers keep of conversations."""

from collections.abc import Iterator
from datetime import datetime
from shlex import quote

from chatmgr.domain.errors import NotFound, UsageFault
from chatmgr.domain.events import STATELESS
from chatmgr.domain.filters import Filters
from chatmgr.domain.model import Conversation
from chatmgr.domain.names import nearest
from chatmgr.domain.remote import RemoteCopy, RemoteThread
from chatmgr.store.reader import values
from chatmgr.store.reader.base import GUESSES, SHORTEST_ID, Pages, as_stored

_TRASH = Filters(archived=None)


class TidyPages(Pages):
    """Reads the trash."""

    def again(self, conversation: Conversation) -> Conversation:
        """A conversation as it is now, whatever it is called meanwhile."""
        row = self._first("conversation_again", conversation=conversation.pk)
        if row is None:
            raise NotFound("conversation", conversation.name, (), "It was deleted for good meanwhile.")
        return values.conversation(row)

    def taken(self, name: str) -> int:
        """The key of the conversation that has exactly this name; 0 where none has."""
        row = self._first("name_taken", name=as_stored(name))
        return int(row[0]) if row else 0

    def tag(self, name: str) -> str:
        """A tag as it is kept, of whatever conversation, deleted or not; raises NotFound with the nearest."""
        known = [str(row[0]) for row in self._rows("tag_names")]
        if (kept := as_stored(name)) not in known:
            raise NotFound("tag", name, nearest(name, known), "See them all: chatmgr tag --list")
        return kept

    def providers(self) -> list[str]:
        """Every provider that a conversation was ever at, or a run was asked of."""
        return [str(row[0]) for row in self._rows("providers")]

    def trash(self, filters: Filters = _TRASH) -> Iterator[Conversation]:
        """What is in the trash, deleted last first."""
        return map(values.conversation, self._rows("trashed", limit=self._limit(0), **filters.values()))

    def trashed_before(self, moment: datetime) -> list[Conversation]:
        """What has been in the trash since before a moment."""
        return [values.conversation(row) for row in self._rows("trashed_before", before=moment)]

    def trashed(self, name: str) -> Conversation:
        """The conversation in the trash that a name or an id means: of one name, the one deleted last."""
        if row := self._first("trashed_named", name=as_stored(name)):
            return values.conversation(row)
        matches = list(self._prefixed("trashed_prefixed", name, GUESSES)) if name else []
        if not matches and len(name) >= SHORTEST_ID:
            matches = list(self._prefixed("trashed_by_id", name, 2))
        found = [values.conversation(one) for one in matches]
        names = list(dict.fromkeys(one.name for one in found))
        if len(names) == 1:
            return found[0]
        if names:
            listed = ", ".join(f"“{one}”" for one in names[:2]) + (", …" if len(names) > 2 else "")
            raise UsageFault(f"“{name}” could be {listed} in the trash.", "Type a few letters more.")
        raise NotFound("deleted conversation", name, self._nearest(name), self._elsewhere(name))

    def _nearest(self, name: str) -> list[str]:
        return nearest(name, [one for one, _ in self.trashed_names("", GUESSES)])

    def _elsewhere(self, name: str) -> str:
        if self.taken(name):
            return f"“{name}” is not deleted. See it: chatmgr history {quote(name)}"
        return "See what is in the trash: chatmgr trash list"

    def trashed_names(self, prefix: str, count: int) -> list[tuple[str, str]]:
        """Names in the trash that begin so, and their titles: what a shell completes."""
        return [(str(name), str(title)) for name, title in self._prefixed("trashed_names", prefix, count)]

    def threads_ever(self, conversation: int) -> list[RemoteThread]:
        """Every thread that a conversation is known to have or to have had, with its stored responses."""
        found = []
        for pk, provider, endpoint, remote_id in list(self._rows("threads_ever", conversation=conversation)):
            thread = "" if remote_id == STATELESS else str(remote_id)
            rows = self._rows("responses_of", conversation=conversation, provider=provider, thread=thread)
            responses = tuple(str(row[0]) for row in rows)
            found.append(
                RemoteThread(int(pk), conversation, str(provider), str(endpoint), str(remote_id), responses)
            )
        return found

    def copies(self, conversation: int) -> list[RemoteCopy]:
        """The files of a conversation that servers were given, and all conversations that have them."""
        found: dict[int, RemoteCopy] = {}
        for pk, provider, endpoint, remote_id, user, name in self._rows(
            "users_of_files", conversation=conversation
        ):
            known = RemoteCopy(int(pk), str(provider), str(endpoint), str(remote_id))
            found.setdefault(int(pk), known).users[int(user)] = str(name)
        return list(found.values())
