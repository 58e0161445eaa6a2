"""Reads what was imported before."""

from collections.abc import Iterable
from typing import NamedTuple

from chatmgr.store.reader.query_session import QuerySession
from chatmgr.store.shapes import pick


class KnownSource(NamedTuple):
    """A conversation that was imported before: what it looked like there, and whether it is here still."""

    digest: str
    is_there: bool


class Imports:
    """What other programs' conversations became here."""

    def __init__(self, session: QuerySession) -> None:
        self._session = session

    def known(self, kind: str) -> dict[str, KnownSource]:
        """The conversations of a kind of source that were imported before, by their ids there."""
        rows = self._session.rows("imports.known", pick("source_id", "digest", "is_there"), kind=kind)
        return {source_id: KnownSource(digest, bool(is_there)) for source_id, digest, is_there in rows}

    def file(self, digest: str) -> str:
        """What a whole file held, by its hash; empty for one that was not imported before."""
        return str(self._session.value("imports.file", "", digest=digest))

    def is_there(self, key: str) -> bool:
        """Whether there is a conversation of this key."""
        return bool(self._session.value("imports.is_there", 0, key=key))

    def turns_there(self, keys: Iterable[str]) -> int:
        """How many of some turns are there."""
        return sum(bool(self._session.value("imports.has_turn", 0, key=key)) for key in keys)

    def version_key(self, version: int) -> str:
        """The key of an assistant's version."""
        return str(self._session.value("imports.version_key", "", version=version))
