"""Writes the tree of turns: forks, undoing and redoing, switching paths, choosing another answer.

Nothing is deleted or renumbered: these move the end of a conversation's path, or let it go on in a branch of
its own. Whoever calls them holds the lock of the conversation, and each of them is noted in its journal.
"""

import secrets
from shlex import quote
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import IntegrityError

from chatmgr.domain.errors import UsageFault
from chatmgr.domain.ids import FAR
from chatmgr.domain.tree import Piece, within
from chatmgr.store.tables import conversations, messages, threads, turns
from chatmgr.store.writer import paths
from chatmgr.store.writer.conversations import lock_names
from chatmgr.store.writer.copies import copy_attachments, copy_run
from chatmgr.store.writer.database import Database, now
from chatmgr.store.writer.journal import note
from chatmgr.store.writer.turns import add_turn

_COPIED = ("title", "assistant_id", "model", "provider", "folder", "max_cost")


class TreeWriter:
    """The paths of conversations through the tree of turns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def fork(self, source: int, position: int, name: str, *, branch: int = 0) -> None:
        """Add a conversation that shares the turns up to a position with another, and goes on by itself.

        ``branch`` is where another path of the source ends, if it is that one which is shared. Costs the same
        however many turns that are. Raises UsageFault where the name is taken.
        """
        try:
            with self._database.begin() as db:
                lock_names(db, [source])
                source_key = db.scalar(select(conversations.c.key).where(conversations.c.id == source))
                along = {"branch": branch} if branch else {}
                path = within(paths.path_to(db, branch), 1, position) if branch else None
                path = paths.pieces(db, source, position) if path is None else path
                row = self._fork_of(db, source, path, position, name)
                pk = paths.add_conversation(db, row, path[-1].branch if path else None, position)
                branch = paths.pieces(db, pk)[-1].branch
                paths.set_path(db, pk, [*path, Piece(branch, position + 1, FAR)])
                # By id: a name that is given up, or deleted for good, must not live on in another's journal.
                note(db, pk, "fork", id=source_key, turn=position)
                note(db, source, "forked", id=row["key"], turn=position, **along)
        except IntegrityError:
            raise UsageFault(
                f"There is a conversation “{name}” already.",
                f"Go on with it: chatmgr resume {quote(name)} — or choose another name.",
            ) from None

    def _fork_of(
        self, db: Connection, source: int, path: list[Piece], position: int, name: str
    ) -> dict[str, Any]:
        columns = [conversations.c[column] for column in _COPIED]
        original = db.execute(select(*columns).where(conversations.c.id == source)).one()
        turn = paths.turn_on(db, path, position)
        moment = now()
        return {
            **original._mapping,
            "key": secrets.token_hex(8),
            "name": name,
            "turns": position,
            "last_run_id": turn.run_id if turn else None,
            "created_at": moment,
            "updated_at": moment,
            "used_at": moment,
        }

    def move_tip(self, conversation: int, position: int, action: str) -> None:
        """Let a conversation's path end at a position that it goes through: an undo, or a redo.

        ``action`` is what the journal calls it.
        """
        with self._database.begin() as db:
            before = self._tip(db, conversation)
            paths.set_tip(db, conversation, position, now())
            note(db, conversation, action, before=before, after=position)

    def switch(self, conversation: int, branch: int, position: int) -> None:
        """Let a conversation's path be the one that ends in a branch, at a position of that.

        Raises UsageFault where another conversation goes on in it.
        """
        with self._database.begin() as db:
            columns = conversations.c
            owner = select(columns.name).where(columns.branch_id == branch, columns.id != conversation)
            if (name := db.scalar(owner)) is not None:
                raise UsageFault(f"“{name}” goes on there.", f"Go on with that: chatmgr resume {quote(name)}")
            before = self._tip(db, conversation)
            paths.set_path(db, conversation, paths.path_to(db, branch))
            paths.set_tip(db, conversation, position, now())
            note(db, conversation, "switch", before=before, after=position, branch=branch)

    def pick(self, conversation: int, position: int, run: int) -> None:
        """Let another run answer the last turn of a conversation's path, which no other path goes through."""
        with self._database.begin() as db:
            turn = paths.turn_at(db, conversation, position)
            if turn is None:
                raise UsageFault("This turn is no longer there.", "Look again.")
            db.execute(update(turns).where(turns.c.id == turn.id).values(run_id=run))
            own = update(conversations).where(conversations.c.id == conversation)
            db.execute(own.values(last_run_id=run, updated_at=now()))
            held = threads.c.conversation_id == conversation
            db.execute(update(threads).where(held, threads.c.synced >= position).values(doubtful=True))
            note(db, conversation, "pick", turn=position, run=run)

    def pick_copy(self, conversation: int, position: int, run: int) -> None:
        """As ``pick``, for a turn that others go through: a copy of it takes its place, on a new branch.

        The copy holds the question with its files, and of the runs the one that is picked.
        """
        with self._database.begin() as db:
            before = self._tip(db, conversation)
            original = paths.turn_at(db, conversation, position)
            if original is None:
                raise UsageFault("This turn is no longer there.", "Look again.")
            columns = messages.c
            asked = (columns.turn_id == original.id, columns.role == "user")
            question = db.execute(select(columns.id, columns.content).where(*asked)).one()
            _, turn = add_turn(db, conversation, question.content, (), position)
            copied = db.scalar(select(columns.id).where(columns.turn_id == turn, columns.role == "user"))
            copy_attachments(db, question.id, int(copied or 0))
            picked = copy_run(db, conversation, turn, run, now())
            own = update(conversations).where(conversations.c.id == conversation)
            db.execute(own.values(last_run_id=picked))
            note(db, conversation, "pick", turn=position, before=before, run=picked)

    @staticmethod
    def _tip(db: Connection, conversation: int) -> int:
        return int(db.scalar(select(conversations.c.turns).where(conversations.c.id == conversation)) or 0)
