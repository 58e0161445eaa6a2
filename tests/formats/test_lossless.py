"""JSON and JSON Lines against the database: every row, every field, on both databases.

The comparison goes through the tables as the ORM declares them, so that a column or a table that is added
later and forgotten here fails.
"""

import base64
import json
import tracemalloc
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from chatmgr.domain.filters import Filters
from chatmgr.domain.lossless_columns import COLUMNS, FLAGS, JSON, is_moment
from chatmgr.services.export import Exporter
from chatmgr.store import engine
from chatmgr.store.migrate import HEAD
from chatmgr.store.reader import Reader
from chatmgr.store.tables import metadata
from tests.support.commands import KEY, Chatmgr
from tests.support.sample_stores import SampleStore, fill_long, python_type

Rows = dict[str, list[dict[str, Any]]]
# Facts about the database itself, what is gone, and what an export gives as the content of a message.
NOT_OF_CONVERSATIONS = {"meta", "deletions", "exchanges", "answer_parts"}


def kept(url: str) -> Rows:
    """Everything in the database, as the ORM reads it."""
    opened = engine.create(url)
    try:
        with opened.connect() as db:
            return {
                name: [dict(row) for row in db.execute(select(table)).mappings()]
                for name, table in metadata.tables.items()
                if name not in NOT_OF_CONVERSATIONS
            }
    finally:
        opened.dispose()


def _taken(record: dict[str, Any], name: str) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = record.pop(name)
    return records


def flattened(parts: list[tuple[str, dict[str, Any]]]) -> Rows:
    """An export's records as rows of tables again."""
    rows: Rows = {name: [] for name in COLUMNS}
    for kind, record in parts:
        if kind == "assistant":
            rows["assistant_versions"] += _taken(record, "versions")
            rows["remote_assistants"] += _taken(record, "remote_assistants")
            rows["assistants"].append(record)
        elif kind == "conversation":
            rows["tags"] += [{"conversation_id": record["id"], "name": item} for item in record.pop("tags")]
            for name in ("threads", "branches", "path_segments", "journal", "sources"):
                rows[name] += _taken(record, name)
            rows["conversations"].append(record)
        elif kind == "turn":
            for message in record["messages"]:
                rows["attachments"] += _taken(message, "attachments")
            rows["messages"] += _taken(record, "messages")
            rows["runs"] += _taken(record, "runs")
            rows["items"] += _taken(record, "items")
            rows["turns"].append(record)
        elif kind == "file":
            rows["remote_files"] += _taken(record, "remote_files")
            rows["blobs"].append(record)
    return {name: [_typed(row) for row in result] for name, result in rows.items()}


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    for name, value in row.items():
        if is_moment(name) and value is not None:
            assert value.endswith("Z")
            row[name] = datetime.fromisoformat(value)
        if name == "data":
            row[name] = base64.b64decode(value, validate=True)
    return row


def of_lines(text: str) -> list[tuple[str, dict[str, Any]]]:
    """The records of JSON Lines; the first and the last line are about the export."""
    records = [json.loads(line) for line in text.split("\n")[:-1]]
    kinds = [record.pop("type") for record in records]
    assert (kinds[0], kinds[-1]) == ("header", "end")
    assert records[0]["format"] == "chatmgr/1"
    assert records[0]["schema"] == HEAD
    inner = list(zip(kinds, records, strict=True))[1:-1]
    assert records[-1] == {f"{kind}s": kinds.count(kind) for kind in set(kinds[1:-1])}
    return inner


def of_document(text: str) -> list[tuple[str, dict[str, Any]]]:
    """The records of one JSON document."""
    document = json.loads(text)
    assert document.pop("format") == "chatmgr/1"
    assert document.pop("schema") == HEAD
    assert datetime.fromisoformat(document.pop("exported_at"))
    assert document.pop("chatmgr")
    records = []
    for conversation in document.pop("conversations"):
        turns = conversation.pop("transcript")
        records += [("conversation", conversation), *(("turn", turn) for turn in turns)]
    for kind in ("assistant", "file"):
        records += [(kind, item) for item in document.pop(f"{kind}s")]
    assert document == {}
    return records


READ = {"json": of_document, "jsonl": of_lines}


def in_order(rows: Rows) -> Rows:
    return {name: sorted(result, key=repr) for name, result in rows.items()}


@pytest.mark.parametrize("form", READ)
def test_every_field_of_every_row(chatmgr: Chatmgr, full: str, form: str) -> None:
    result = chatmgr("export", "--all", "--format", form, env={"CHATMGR_DATABASE_URL": full})
    exported, expected = flattened(READ[form](result.out)), kept(full)
    assert set(exported) == set(expected)
    for table, rows in expected.items():
        assert rows, table
        by = (
            ["conversation_id", "name"]
            if table == "tags"
            else list(metadata.tables[table].primary_key.columns.keys())
        )
        by_key = {tuple(row[name] for name in by): row for row in exported[table]}
        assert len(by_key) == len(exported[table]) == len(rows), table
        for row in rows:
            for name, value in row.items():
                assert by_key[tuple(row[key] for key in by)][name] == value, (table, name)


def test_every_column_is_filled_somewhere(full: str) -> None:
    never = {"conversations.deleted_at"}  # what is in the trash is not exported
    for table, rows in kept(full).items():
        for name in rows[0]:
            assert f"{table}.{name}" in never or any(row[name] is not None for row in rows), (table, name)


def test_the_columns_are_those_of_the_tables() -> None:
    for name, table in metadata.tables.items():
        if name in NOT_OF_CONVERSATIONS:
            continue
        assert set(COLUMNS[name]) == set(table.c.keys()), name
        for column in table.c:
            kind = python_type(column)
            assert (kind is datetime) == is_moment(column.name), column
            assert (kind is bool) == (column.name in FLAGS), column
            assert (kind is dict) == (f"{name}.{column.name}" in JSON), column


@pytest.mark.parametrize("form", READ)
def test_one_conversation_takes_along_what_it_uses_alone(chatmgr: Chatmgr, full: str, form: str) -> None:
    env = {"CHATMGR_DATABASE_URL": full}
    rows = flattened(READ[form](chatmgr("export", "two", "--format", form, env=env).out))
    assert [conversation["id"] for conversation in rows["conversations"]] == [2]
    assert [assistant["id"] for assistant in rows["assistants"]] == [2]
    assert [turn["id"] for turn in rows["turns"]] == [3]
    assert [message["id"] for message in rows["messages"]] == [5, 6]
    assert [len(row["data"]) for row in rows["blobs"]] == [256]
    both = flattened(READ[form](chatmgr("export", "two", "one", "two", "--format", form, env=env).out))
    assert [conversation["id"] for conversation in both["conversations"]] == [2, 1]
    assert in_order(both) == in_order(
        flattened(of_lines(chatmgr("export", "--all", "--format", "jsonl", env=env).out))
    )


def test_what_is_used_comes_first_in_json_lines(chatmgr: Chatmgr, full: str) -> None:
    env = {"CHATMGR_DATABASE_URL": full}
    met: set[object] = set()
    for kind, value in of_lines(chatmgr("export", "--all", "--format", "jsonl", env=env).out):
        if kind == "assistant":
            met |= {("version", version["id"]) for version in value["versions"]} | {
                ("assistant", value["id"])
            }
        elif kind == "conversation":
            assert ("assistant", value["assistant_id"]) in met
            met |= {("branch", branch["id"]) for branch in value["branches"]}
        elif kind == "file":
            met.add(value["sha256"])
        else:
            assert ("branch", value["branch_id"]) in met
            assert all(("version", run["assistant_version_id"]) in met for run in value["runs"])
            assert all(
                file["sha256"] in met for message in value["messages"] for file in message["attachments"]
            )


@pytest.mark.parametrize("form", READ)
def test_nothing_at_all(chatmgr: Chatmgr, form: str) -> None:
    result = chatmgr("export", "--all", "--format", form)
    assert READ[form](result.out) == []
    assert not chatmgr.home.exists()


def test_no_key(chatmgr: Chatmgr, samples: SampleStore) -> None:
    chatmgr.provider("completions", "http://127.0.0.1:9/v1")
    chatmgr("config", "set-key", "wire", stdin=KEY.encode())
    samples.say("demo", "hello", "hi")
    for form in ("json", "jsonl", "md", "text", "html"):
        assert KEY not in chatmgr("export", "demo", "--format", form).out


def test_memory_does_not_grow_with_the_store(sqlite_url: str) -> None:
    turns, text = 500, "word\n" * 400
    fill_long(sqlite_url, turns, text)
    with Reader(sqlite_url) as reader:
        chosen = reader.export.chosen(Filters())
        for form in ("json", "jsonl", "md", "text"):
            tracemalloc.start()
            size = sum(map(len, Exporter(reader).pieces(chosen, form)))
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert size > 2 * turns * len(text)
            assert peak < size / 4, form


@pytest.mark.parametrize("form", READ)
def test_an_export_is_of_one_moment(full: str, form: str) -> None:
    """What is said while it is written is not in it, not even in part."""
    with Reader(full) as reader, reader.snapshot():
        pieces = Exporter(reader).pieces(reader.export.chosen(Filters(archived=None)), form)
        begin = [next(pieces) for _ in range(4)]
        with SampleStore(full) as samples:
            samples.say("two", "meanwhile", "said")
            assert samples.named("two").turns == 2
        rows = flattened(READ[form]("".join([*begin, *pieces])))
    assert len(rows["turns"]) == 3
    assert all(message["content"] != "meanwhile" for message in rows["messages"])
    assert sorted(conversation["turns"] for conversation in rows["conversations"]) == [1, 2]
