"""Every statement of the reader, on both databases, against the type that takes its rows."""

import re
from dataclasses import fields
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest

import chatmgr
from chatmgr.completion import fast_path, path_addresses
from chatmgr.domain import events
from chatmgr.domain.exchange import Change, Exchanged
from chatmgr.domain.filters import Filters
from chatmgr.domain.items import Item
from chatmgr.domain.lossless_columns import COLUMNS
from chatmgr.domain.model import Assistant, Attachment, Conversation, LiveRun, Run, Turn
from chatmgr.domain.remote import RemoteCopy, RemoteFile, RemoteThread, ThreadRef
from chatmgr.domain.search import Hit
from chatmgr.domain.stored_texts import Holder
from chatmgr.domain.totals import Ranking, UsageTotals
from chatmgr.domain.tree import Author, JournalEntry, Piece, Tip
from chatmgr.store import statements
from chatmgr.store.location import sqlite_path
from chatmgr.store.reader.meta import Counts
from chatmgr.store.reader.runs import Cost
from chatmgr.store.reader.stats import Usage
from chatmgr.store.reader.tree import Branch
from chatmgr.store.reader.turns import AttachmentInfo
from chatmgr.store.writer import Writer
from tests.support.store import connected

PACKAGE = Path(chatmgr.__file__).parent
SUBJECTS = sorted(path.stem for path in (PACKAGE / "store" / "sql").glob("*.sql"))


def _fields(taker: type, *left_out: str) -> set[str]:
    names = getattr(taker, "_fields", None) or [field.name for field in fields(taker)]
    assert set(left_out) <= set(names)
    return set(names) - set(left_out)


CONVERSATION, TURN, ASSISTANT = _fields(Conversation, "branch"), _fields(Turn), _fields(Assistant)
LIVE_RUN = _fields(LiveRun, "earlier", "items", "request", "begun")
ITEM = _fields(Item, "data")
COUNT = _fields(UsageTotals)
HIT = _fields(Hit, "snippet", "score", "also_in", "path") | {"stamp", "user", "answer"}
COLUMNS_OF = {
    "conversations.list": CONVERSATION,
    "conversations.keys": {"id"},
    "conversations.by_key": CONVERSATION,
    "conversations.by_name": CONVERSATION,
    "conversations.by_name_prefix": CONVERSATION,
    "conversations.by_id_prefix": CONVERSATION,
    "conversations.last_used": CONVERSATION,
    "conversations.last_in_folder": CONVERSATION,
    "conversations.newest_names": {"name"},
    "conversations.names": {"name", "title"},
    "conversations.key_of_name": {"id"},
    "conversations.at_provider": {"name"},
    "conversations.providers": {"provider"},
    "conversations.tags": {"name", "conversations"},
    "conversations.tag_names": {"name"},
    "turns.pieces": set(Piece._fields),
    "turns.list": TURN,
    "turns.runs": _fields(Run),
    "turns.user_messages": {"content"},
    "turns.context": {"user", "answer", "message", "turn"},
    "turns.context_files": _fields(Attachment) | {"message"},
    "turns.last_answered": {"position"},
    "turns.attachments": _fields(AttachmentInfo),
    "turns.files": _fields(Attachment),
    "tree.tip": set(Tip._fields),
    "tree.numbered": {"id"},
    "tree.owner": CONVERSATION,
    "tree.parent": {"parent", "after"},
    "tree.path": set(Piece._fields),
    "tree.last": {"last"},
    "tree.shared": {"shared"},
    "tree.branches": set(Branch._fields),
    "tree.questions": {"turn", "user"},
    "tree.sharing": {"name", "branch", "last"},
    "tree.author": set(Author._fields),
    "tree.named_paths": {"branch", "last", "question"},
    "tree.turns_along": {"turn", "question"},
    "journal.entries": set(JournalEntry._fields),
    "journal.name": {"name"},
    "runs.live": LIVE_RUN,
    "runs.all_live": LIVE_RUN,
    "items.of_turn": ITEM | {"sha256", "size", "head"},
    "items.bytes": {"data"},
    "items.with_bytes": _fields(Item),
    "items.of_span": _fields(Item) | {"turn"},
    "runs.used": _fields(events.Usage),
    "runs.cost": _fields(Cost),
    "runs.earlier": {"pk", "answer"},
    "runs.asked_anew": {"action", "detail"},
    "runs.said_by": {"run"},
    "runs.newest": {"newest"},
    "runs.max_cost": {"max_cost"},
    "runs.last_model": {"model"},
    "threads.get": _fields(ThreadRef, "ahead") | {"branch"},
    "threads.list": _fields(ThreadRef, "ahead") | {"provider", "endpoint", "branch"},
    "threads.holders": {"name"},
    "threads.ever": _fields(RemoteThread, "conversation", "responses"),
    "threads.responses": {"remote_id"},
    "threads.remote_files": _fields(RemoteFile) | {"sha256"},
    "threads.copies": _fields(RemoteCopy, "users") | {"user_pk", "user_name"},
    "assistants.list": ASSISTANT,
    "assistants.unused": ASSISTANT,
    "assistants.by_name": ASSISTANT,
    "assistants.of": ASSISTANT,
    "assistants.of_run": ASSISTANT,
    "assistants.versions": ASSISTANT,
    "assistants.remote_id": {"remote_id"},
    "assistants.remote_ids": {"provider", "remote_id"},
    "trash.list": CONVERSATION,
    "trash.before": CONVERSATION,
    "trash.by_name": CONVERSATION,
    "trash.by_name_prefix": CONVERSATION,
    "trash.by_id_prefix": CONVERSATION,
    "trash.names": {"name", "title"},
    "imports.known": {"source_id", "digest", "is_there"},
    "imports.file": {"digest"},
    "imports.is_there": {"there"},
    "imports.has_turn": {"there"},
    "imports.version_key": {"key"},
    "stats.usage": _fields(Usage),
    "stats.turns_by_model": {"key", "turns"},
    "stats.turns_by_provider": {"key", "turns"},
    "stats.first_times": {"created_at"},
    "stats.last_times": {"created_at"},
    "stats.total": COUNT - {"key"} | {"conversations"},
    "stats.total_of": COUNT - {"key"},
    "stats.by_cell": COUNT - {"key"} | {"cell"},
    **{f"stats.by_{by}": COUNT for by in get_args(Ranking)},
    "search.turns": HIT,
    "search.turns_by_words": HIT,
    "search.turns_by_grams": HIT,
    "search.turns_by_time": HIT,
    "search.names": CONVERSATION,
    "search.names_by_words": CONVERSATION,
    "search.names_by_grams": CONVERSATION,
    "search.holders": {"name"},
    "search.forked": {"forked"},
    "search.path": {"path"},
    "search.trigrams": {"term"},
    "export.pieces": {*Piece._fields, "place"},
    "exchange.states": {
        *("pk", "key", "name", "title", "model", "provider", "turns", "last_run_id", "branch_id"),
        *("updated_at", "archived_at", "deleted_at", "assistant_id", "version", "entry", "live"),
    },
    "exchange.exchanged": {"key", *Exchanged._fields},
    "exchange.deleted": {"key"},
    "exchange.turns": {"branch", "position", "key", "parent", "after", "attempt", "run", "chosen"},
    "exchange.tip": {"key", "created_at"},
    "exchange.changes": set(Change._fields),
    "exchange.threads": {"provider", "endpoint", "remote_id", "doubtful", "created_at", "turn"},
    "exchange.version_keys": {"id", "key", "assistant"},
    "exchange.assistant": {"name"},
    **{f"export.{table}": set(columns) for table, columns in COLUMNS.items()},
    "scrub.branches": {"branch"},
    "scrub.pieces": set(Piece._fields),
    "scrub.turns": {"turn", "place", "field", "pk", "text"},
    "scrub.files": {"turn", "place", "pk", "name", "sha256"},
    "scrub.bytes": {"data"},
    "scrub.copies": {"provider", "remote_id"},
    "scrub.holders": _fields(Holder),
    "scrub.conversations": {"pk", "id", "name", "title"},
    "scrub.journal": {"conversation", "pk", "text"},
    "scrub.tags": {"conversation", "name"},
    "scrub.assistants": {"name", "version", "pk", "assistant", "instructions", "params"},
    "scrub.versions": {"id"},
    "meta.get": {"value"},
    "meta.counts": _fields(Counts),
    "meta.miscounted": {"name", "counted", "held"},
    "meta.without_message": {"name", "position"},
    "meta.broken_paths": {"name"},
    "meta.lost_branches": {"key"},
    "meta.unanswered": {"key"},
}
COMPUTED = {
    *(f"stats.by_{by}" for by in get_args(Ranking)),
    *(f"export.{table}" for table in COLUMNS),
    *("search." + "_".join(parts) for parts in product(("turns", "names"), ("by_words", "by_grams"))),
    *("search.turns", "search.names", "search.turns_by_time"),
}
NUMBERS = (
    "conversation",
    "turn",
    "branch",
    "turn",
    "run",
    "stamp",
    "message",
    "position",
    "first",
    "last",
    "before",
    "after",
    "limit",
    "width",
    "version",
)
TEXTS = (
    "name",
    "low",
    "high",
    "provider",
    "endpoint",
    "remote_id",
    "thread",
    "key",
    "sha256",
    "kind",
    "digest",
    "database",
)
VALUES: dict[str, object] = {
    **Filters().values(),
    **dict.fromkeys(NUMBERS, 1),
    **dict.fromkeys(TEXTS, "a"),
    **dict.fromkeys(("words", "grams", "no_words", "no_grams"), '"abc"'),
    **dict.fromkeys(("wanted", "unwanted"), '[{"any": [{"text": "a", "prefix": false, "gram": false}]}]'),
    **{"shift": 0, "step": 60, "all_paths": 1},
}
_BY_ASSISTANT = ("assistants.remote_id", "assistants.remote_ids")
_OF_ASSISTANT = ("export.assistant_versions", "export.remote_assistants")
OTHER_VALUES: dict[str, dict[str, object]] = {
    "trash.before": {"before": datetime(2026, 8, 26, tzinfo=UTC)},
    **{name: {"assistant": 1} for name in (*_BY_ASSISTANT, *_OF_ASSISTANT, "exchange.assistant")},
}


@pytest.fixture(params=["sqlite", "postgres"])
def dialect_and_url(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A database of today's schema, and what its statements are marked by."""
    url = str(request.getfixturevalue(f"{request.param}_url"))
    Writer(url).close()
    return ("sqlite" if sqlite_path(url) else "postgresql"), url


def _values(name: str, dialect: str) -> dict[str, Any]:
    values = VALUES | OTHER_VALUES.get(name, {})
    if dialect == "sqlite":
        return {key: str(value) if isinstance(value, datetime) else value for key, value in values.items()}
    return values


def test_each_statement_gives_the_columns_that_its_taker_has(dialect_and_url: tuple[str, str]) -> None:
    dialect, url = dialect_and_url
    checked = set()
    with connected(url) as connection:
        for name in (name for subject in SUBJECTS for name in statements.names(subject, dialect)):
            cursor = connection.execute(statements.statement(name, dialect), _values(name, dialect))
            columns = [column[0] for column in cursor.description]
            assert len(columns) == len(set(columns)), name
            assert set(columns) == COLUMNS_OF[name], name
            checked.add(name)
    assert len(checked) > 70


def test_each_statement_is_known_and_asked_for() -> None:
    known: set[str] = set()
    for dialect, subject in product(("sqlite", "postgresql"), SUBJECTS):
        known.update(statements.names(subject, dialect))
    assert known == set(COLUMNS_OF)
    source = "".join(path.read_text(encoding="utf-8") for path in (PACKAGE / "store").rglob("*.py"))
    assert set(re.findall(r'"(\w+\.\w+)"', source)) & known == known - COMPUTED


def test_the_completion_asks_what_the_reader_asks(sqlite_url: str) -> None:
    Writer(sqlite_url).close()
    pairs = {
        "conversations.names": fast_path.CONVERSATION_NAMES,
        "assistants.list": fast_path.ASSISTANT_NAMES,
        "tree.named_paths": path_addresses.PATHS,
        "tree.turns_along": path_addresses.TURNS,
    }
    with connected(sqlite_url) as connection:
        for name, own in pairs.items():
            plans = [
                [re.sub(r"conversations|assistants", "", row[3]) for row in connection.execute(sql, VALUES)]
                for sql in (
                    f"EXPLAIN QUERY PLAN {text}" for text in (own, statements.statement(name, "sqlite"))
                )
            ]
            assert plans[0] == plans[1], name


def test_a_statement_is_put_together_for_each_driver() -> None:
    lite = statements.statement("stats.by_cell", "sqlite")
    server = statements.statement("stats.by_cell", "postgresql")
    assert "strftime('%s', substr(turns.created_at, 1, 19))" in lite
    assert "\n    ) / :step AS cell," in lite
    assert "extract(epoch FROM turns.created_at)" in server
    assert "\n    ) / %(step)s AS cell," in server
    assert "--" not in lite + server
    with pytest.raises(KeyError):
        statements.statement("search.trigrams", "postgresql")


def test_percent_signs_and_casts_reach_psycopg_unharmed(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["SELECT :name::text, 'a%'", "-- include: where"]
    blocks = {"-- name: odd": lines, "-- fragment: where": ["", "WHERE x = :x"]}
    monkeypatch.setitem(statements._files, "test", blocks)
    monkeypatch.setattr(statements, "_statements", {})
    server = statements.statement("test.odd", "postgresql")
    assert server.splitlines()[0] == "SELECT %(name)s::text, 'a%%'"
    assert statements.statement("test.odd", "sqlite").splitlines()[0] == lines[0]
