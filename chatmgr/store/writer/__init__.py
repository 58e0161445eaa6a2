"""The only writer. Each method is one transaction: committed when it returns, or nothing happened."""

import secrets
from contextlib import suppress
from shlex import quote

from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError

from chatmgr.domain.errors import UsageFault
from chatmgr.store.tables import ConversationRow, MetaRow
from chatmgr.store.writer.assistants import AssistantWriter
from chatmgr.store.writer.base import ThreadKey, now
from chatmgr.store.writer.tidy import TidyWriter
from chatmgr.store.writer.turns import ImportedTurn, OpenRun, RunOutcome, TurnWriter

__all__ = ["ImportedTurn", "OpenRun", "RunOutcome", "ThreadKey", "Writer"]


class Writer(AssistantWriter, TurnWriter, TidyWriter):
    """Writes one database, brought to today's schema first."""

    def create_conversation(
        self, name: str, title: str, assistant: int, model: str, provider: str, folder: str = ""
    ) -> None:
        """A new, empty conversation."""
        moment = now()
        row = {
            "key": secrets.token_hex(8),
            "name": name,
            "title": title,
            "assistant_id": assistant,
            "model": model,
            "provider": provider,
            "turns": 0,
            "folder": folder,
            "created_at": moment,
            "updated_at": moment,
            "used_at": moment,
        }
        try:
            with self.begin() as db:
                db.execute(insert(ConversationRow), row)
        except IntegrityError:
            raise UsageFault(
                f"There is a conversation “{name}” already.",
                f"Go on with it: chatmgr resume {quote(name)} — or choose another name.",
            ) from None

    def set_meta(self, key: str, value: str) -> None:
        """Remember a fact about the database itself."""
        with self.begin() as db:
            db.execute(delete(MetaRow).where(MetaRow.key == key))
            with suppress(IntegrityError), db.begin_nested():  # another process did so just now
                db.execute(insert(MetaRow), {"key": key, "value": value})

    def move(self, conversation: int, provider: str, model: str) -> None:
        """From its next turn on, a conversation lives at this provider, with this model."""
        with self.begin() as db:
            db.execute(
                update(ConversationRow)
                .where(ConversationRow.id == conversation)
                .values(provider=provider, model=model)
            )

    def limit_cost(self, conversation: int, most: int | None) -> None:
        """The most a conversation may cost, in billionths of a US dollar; None for no limit."""
        with self.begin() as db:
            db.execute(
                update(ConversationRow).where(ConversationRow.id == conversation).values(max_cost=most)
            )

    def touch(self, conversation: int, folder: str = "") -> None:
        """Remember that a conversation was used now, and in which folder, where that is one to remember."""
        where = {"folder": folder} if folder else {}
        with self.begin() as db:
            db.execute(
                update(ConversationRow)
                .where(ConversationRow.id == conversation)
                .values(used_at=now(), **where)
            )

    def suggest_title(self, conversation: int, title: str) -> bool:
        """Give a title to a conversation that has none; False where somebody else gave it one."""
        with self.begin() as db:
            done = db.execute(
                update(ConversationRow)
                .where(ConversationRow.id == conversation, ConversationRow.title == "")
                .values(title=title)
            )
            return done.rowcount == 1
