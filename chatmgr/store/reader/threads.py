"""Reads threads and files: what servers have of conversations."""

from typing import NamedTuple

from chatmgr.domain.events import STATELESS
from chatmgr.domain.ids import FAR
from chatmgr.domain.remote import RemoteCopy, RemoteFile, RemoteThread, ThreadRef
from chatmgr.domain.tree import Piece, last_common
from chatmgr.store.reader.pieces import path_to, read_pieces
from chatmgr.store.reader.query_session import QuerySession
from chatmgr.store.shapes import Row, as_dict


class ThreadAt(NamedTuple):
    """A thread, and the provider and the endpoint that it is at."""

    provider: str
    endpoint: str
    thread: ThreadRef


class Threads:
    """The remote counterparts of conversations, by the conversation's key."""

    def __init__(self, session: QuerySession) -> None:
        self._session = session

    def get(self, conversation: int, provider: str, endpoint: str, before: int = FAR) -> ThreadRef | None:
        """A conversation's thread at one endpoint, if it has one in use.

        What it holds is compared with the path before the position ``before``.
        """
        place = {"conversation": conversation, "provider": provider, "endpoint": endpoint}
        row = self._session.first("threads.get", as_dict, **place)
        if row is None:
            return None
        return self._thread_ref(conversation, row, before)

    def _thread_ref(self, conversation: int, row: Row, before: int = FAR) -> ThreadRef:
        synced = self._common(conversation, row["branch"], row["synced"], before)
        ahead = row["synced"] - synced
        return ThreadRef(row["remote_id"], synced, doubtful=bool(row["doubtful"]), ahead=ahead)

    def _common(self, conversation: int, branch: int | None, synced: int, before: int) -> int:
        """The last position up to which a conversation's path is the one to a position of a branch."""
        if branch is None:
            return 0
        path = read_pieces(self._session, conversation, 1, before - 1)
        is_on_path = any(piece.branch == branch for piece in path)  # nearly always: nothing to look up
        held = [Piece(branch, 1, synced)] if is_on_path else path_to(self._session, branch)
        return min(synced, last_common(held, path))

    def holders(self, remote_id: str, provider: str) -> list[str]:
        """The conversations whose thread this is."""
        return list(self._session.column("threads.holders", remote_id=remote_id, provider=provider))

    def ever(self, conversation: int) -> list[RemoteThread]:
        """Every thread that a conversation is known to have or to have had, with its stored responses."""
        threads = []
        for row in list(self._session.rows("threads.ever", as_dict, conversation=conversation)):
            remote_id = "" if row["remote_id"] == STATELESS else row["remote_id"]
            span = {"conversation": conversation, "provider": row["provider"], "thread": remote_id}
            responses = tuple(self._session.column("threads.responses", **span))
            threads.append(RemoteThread(**row, conversation=conversation, responses=responses))
        return threads

    def remote_files(self, conversation: int, provider: str, endpoint: str) -> dict[str, RemoteFile]:
        """What a server calls the files of a conversation, by SHA-256."""
        place = {"conversation": conversation, "provider": provider, "endpoint": endpoint}
        rows = self._session.rows("threads.remote_files", as_dict, **place)
        return {row.pop("sha256"): RemoteFile(**row) for row in rows}

    def copies(self, conversation: int) -> list[RemoteCopy]:
        """The files of a conversation that servers were given, and all conversations that have them."""
        copies: dict[int, RemoteCopy] = {}
        for row in self._session.rows("threads.copies", as_dict, conversation=conversation):
            user, name = row.pop("user_pk"), row.pop("user_name")
            copies.setdefault(row["pk"], RemoteCopy(**row)).users[user] = name
        return list(copies.values())

    # Last, so that the annotations above mean Python's own list.
    def list(self, conversation: int) -> list[ThreadAt]:
        """Every thread of a conversation in use, oldest first."""
        return [
            ThreadAt(row["provider"], row["endpoint"], self._thread_ref(conversation, row))
            for row in list(self._session.rows("threads.list", as_dict, conversation=conversation))
        ]
