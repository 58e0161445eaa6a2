"""Reads assistants, each at one version, and their ids at servers that have such things."""

from chatmgr.domain.errors import NotFound
from chatmgr.domain.model import Assistant
from chatmgr.domain.names import DEFAULT_ASSISTANT, nearest
from chatmgr.store.reader.query_session import QuerySession, as_stored
from chatmgr.store.shapes import as_mapping, into, moment, pick

_ASSISTANT = into(Assistant, params=as_mapping, created_at=moment, updated_at=moment)


class Assistants:
    """The assistants that are not deleted, at their newest version where nothing else is said."""

    def __init__(self, session: QuerySession) -> None:
        self._session = session

    def get(self, name: str) -> Assistant:
        """The assistant of a name or of an unambiguous prefix; raises NotFound with the nearest."""
        if assistant := self.find(name):
            return assistant
        everyone = self.list()
        stored = as_stored(name)
        matches = [assistant for assistant in everyone if assistant.name.startswith(stored)] if name else []
        if len(matches) == 1:
            return matches[0]
        known = nearest(name, [assistant.name for assistant in everyone])
        raise NotFound("assistant", name, known, "See them all: chatmgr assistant list")

    def find(self, name: str) -> Assistant | None:
        """The assistant of exactly this name, if there is one."""
        return self._session.first("assistants.by_name", _ASSISTANT, name=as_stored(name))

    def unused(self) -> "list[Assistant]":
        """Those that no conversation uses, be it from the trash, by name; never the default one."""
        return [*self._session.rows("assistants.unused", _ASSISTANT, name=DEFAULT_ASSISTANT)]

    def of(self, conversation: int) -> Assistant:
        """A conversation's assistant, deleted or not."""
        assistant = self._session.first("assistants.of", _ASSISTANT, conversation=conversation)
        if assistant is None:
            raise NotFound("assistant of conversation", str(conversation))
        return assistant

    def of_run(self, run: int) -> Assistant:
        """The assistant that a run was made with, at the version that it had then."""
        assistant = self._session.first("assistants.of_run", _ASSISTANT, run=run)
        if assistant is None:
            raise NotFound("assistant of run", str(run))
        return assistant

    def versions(self, name: str) -> list[Assistant]:
        """Every version of an assistant, oldest first."""
        return list(self._session.rows("assistants.versions", _ASSISTANT, name=as_stored(name)))

    def remote_id(self, assistant: int, provider: str, endpoint: str) -> str:
        """An assistant's id at an endpoint that has assistants; empty where it has none yet."""
        place = {"assistant": assistant, "provider": provider, "endpoint": endpoint}
        return str(self._session.value("assistants.remote_id", "", **place))

    def remote_ids(self, assistant: int) -> dict[str, str]:
        """An assistant's ids by provider."""
        ids = pick("provider", "remote_id")
        return dict(self._session.rows("assistants.remote_ids", ids, assistant=assistant))

    # Last, so that the annotations above mean Python's own list.
    def list(self) -> list[Assistant]:
        """All of them, by name."""
        return list(self._session.rows("assistants.list", _ASSISTANT))
