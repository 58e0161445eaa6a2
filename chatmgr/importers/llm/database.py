"""Reads llm's database. One file can hold three generations of tables at once, which say the same twice.

``log`` and ``logs`` were never moved on; ``conversations`` and ``responses`` were in use until 0.31;
``threads``, ``turns``, ``messages`` and ``parts`` since. A thread that was continued across that change holds
its whole history again, so an old conversation of the same id is not read beside it.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from functools import partial

from chatmgr.domain.source_conversations import Place, SourceConversation, SourceMessage, SourceRole
from chatmgr.importers import making
from chatmgr.importers.databases_digest import digest_of_rows
from chatmgr.importers.llm.parts import (
    calls_of,
    next_id,
    results_of,
    sent_files,
    time_of,
    usage_of,
)
from chatmgr.importers.llm.rows import LlmDatabase, Row
from chatmgr.importers.llm.threads import ThreadReader
from chatmgr.importers.making import words_of
from chatmgr.importers.reading.databases import tables_of
from chatmgr.importers.source import Entry, LeftOut, Surroundings

KIND = "llm"
_PROVIDER = "llm"


class Llm:
    """Reads ``logs.db``."""

    kind = KIND
    label = "llm"

    def recognises(self, tables: Mapping[str, frozenset[str]]) -> bool:
        """By the tables of any era."""
        return (
            {"prompt", "response", "model"} <= tables.get("log", frozenset())
            or {"prompt", "response", "datetime_utc"} <= tables.get("logs", frozenset())
            or {"prompt", "response", "conversation_id"} <= tables.get("responses", frozenset())
            or ({"tip_message_hash"} <= tables.get("threads", frozenset()) and "parts" in tables)
        )

    def entries(self, db: sqlite3.Connection, around: Surroundings) -> Iterator[Entry | LeftOut]:
        """Its conversations, of all generations."""
        database = LlmDatabase(db, tables_of(db))
        threads: set[str] = set()
        if database.has("threads", "tip_message_hash") and database.has("parts"):
            reader = ThreadReader(database)
            for entry in reader.entries(around):
                threads.add(entry.id)
                yield entry
        if database.has("responses", "conversation_id"):
            yield from _conversations(database, around, threads)
        for table in ("logs", "log"):
            if database.has(table, "prompt", "response"):
                yield from _logs(database, around, table)


def _conversations(db: LlmDatabase, around: Surroundings, known: set[str]) -> Iterator[Entry]:
    names = {}
    if db.has("conversations", "id"):
        names = {row["id"]: words_of(row.get("name")) for row in db.rows("SELECT * FROM conversations")}
    keys = db.rows(
        "SELECT coalesce(conversation_id, id) AS conversation FROM responses GROUP BY 1 ORDER BY min(id)"
    )
    for key in [str(row["conversation"]) for row in keys]:
        if key in known:
            continue
        rows = list(
            db.rows("SELECT * FROM responses WHERE coalesce(conversation_id, id) = ? ORDER BY id", key)
        )
        place = Place(around.member.place.file, around.member.place.member, 0, key)
        changed = time_of(rows[-1].get("datetime_utc"))
        read = partial(_conversation, db, key, names.get(key, ""), rows)
        yield Entry(KIND, key, digest_of_rows(rows), place, read, changed)


def _conversation(db: LlmDatabase, key: str, name: str, rows: list[Row]) -> SourceConversation:
    """A conversation of ``responses``. One without a prompt goes on with what its tools gave."""
    messages: list[SourceMessage] = []
    instructions = ""
    for row in rows:
        response = str(row["id"])
        system = _with_fragments(db.joined("system_fragments", response), words_of(row.get("system")))
        instructions = instructions or system
        prompt = _with_fragments(db.joined("prompt_fragments", response), words_of(row.get("prompt")))
        files, missing = sent_files(db.attachments("prompt_attachments", "response_id", response))
        results = tuple(results_of(db, response))
        at = time_of(row.get("datetime_utc"))
        if results:
            _add(messages, SourceRole.TOOL, results, at)
        if prompt or files or missing or not messages:
            said = (*making.texts(prompt), *missing)
            _add(messages, SourceRole.USER, said, at, files=files)
        thought = words_of(row.get("reasoning"))
        items = (
            *((making.reasoning(thought),) if thought else ()),
            *making.texts(row.get("response")),
            *calls_of(db, response),
        )
        model = words_of(row.get("resolved_model")) or words_of(row.get("model"))
        if items:
            _add(messages, SourceRole.ASSISTANT, items, at, model=model, usage=usage_of(row))
    return SourceConversation(
        kind=KIND,
        id=key,
        messages=tuple(messages),
        title=name,
        created_at=time_of(rows[0].get("datetime_utc")),
        updated_at=time_of(rows[-1].get("datetime_utc")),
        instructions=instructions,
        provider=_PROVIDER,
    )


def _add(
    messages: list[SourceMessage],
    role: SourceRole,
    items: tuple[object, ...],
    at: object,
    **more: object,
) -> None:
    parent = messages[-1].id if messages else ""
    key = next_id(messages, role)
    messages.append(SourceMessage(key, parent, role, items, at=at, **more))  # type: ignore[arg-type]


def _with_fragments(fragments: str, words: str) -> str:
    return "\n".join(filter(None, (fragments, words)))


def _logs(db: LlmDatabase, around: Surroundings, table: str) -> Iterator[Entry]:
    """The conversations of the oldest two tables: rows that name the first of their chat, or stand alone."""
    chats: dict[str, list[Row]] = {}
    key_column = "id" if db.has(table, "id") else "rowid"
    statement = f"SELECT {key_column} AS number, {table}.* FROM {table} ORDER BY {key_column}"  # noqa: S608
    for row in db.rows(statement):
        chat = row.get("chat_id") or row["number"]
        chats.setdefault(str(chat), []).append(row)
    for chat, rows in chats.items():
        key = f"{table}-{chat}-{_moment(rows[0])}"
        place = Place(around.member.place.file, around.member.place.member, 0, key)
        read = partial(_log, key, rows)
        yield Entry(KIND, key, digest_of_rows(rows), place, read, time_of(_moment(rows[-1])))


def _moment(row: Row) -> str:
    return words_of(row.get("datetime_utc")) or words_of(row.get("timestamp"))


def _log(key: str, rows: list[Row]) -> SourceConversation:
    messages: list[SourceMessage] = []
    for row in rows:
        at = time_of(_moment(row))
        _add(messages, SourceRole.USER, making.texts(row.get("prompt")), at)
        answer = making.texts(row.get("response"))
        if answer:
            model = words_of(row.get("model"))
            _add(messages, SourceRole.ASSISTANT, answer, at, model=model)
    return SourceConversation(
        kind=KIND,
        id=key,
        messages=tuple(messages),
        created_at=time_of(_moment(rows[0])),
        updated_at=time_of(_moment(rows[-1])),
        instructions=next((system for row in rows if (system := words_of(row.get("system")))), ""),
        provider=_PROVIDER,
    )
