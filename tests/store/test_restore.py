"""Lossless exports come back as the rows that they were made of, on both databases."""

import io
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from chatmgr.domain.filters import Filters
from chatmgr.domain.source_conversations import Place
from chatmgr.importers.source import OwnExport
from chatmgr.services.export import Exporter
from chatmgr.services.imports.own_exports import bring_back
from chatmgr.services.imports.report import ImportReport
from chatmgr.store import integrity, migrate
from chatmgr.store.reader import Reader
from chatmgr.store.writer import Writer
from tests.store.tree_operations import operations
from tests.store.tree_player import Player
from tests.support.sample_stores import fill
from tests.support.store import Store, connected, query


def exported(url: str, form: str = "jsonl") -> str:
    with Reader(url) as reader:
        return "".join(Exporter(reader).pieces(reader.export.chosen(Filters(archived=None)), form))


def content(text: str) -> list[str]:
    """The records of JSON Lines, without what says when they were exported."""
    return text.splitlines()[1:]


def restore(url: str, text: str) -> ImportReport:
    report = ImportReport()
    data = text.encode()
    with closing(Writer(url)) as writer:
        export = OwnExport(Place(Path("export")), lambda: io.BytesIO(data), len(data))
        bring_back(export, lambda: writer, report)
    return report


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_every_row_and_field(url: str, sqlite_url: str, home: Path, form: str) -> None:
    source = f"sqlite:///{home / 'other' / 'chatmgr.db'}"
    (home / "other").mkdir(parents=True)
    fill(source)
    report = restore(url, exported(source, form))
    assert (report.of("chatmgr", "").new, report.faults) == (2, [])
    assert content(exported(url)) == content(exported(source))
    again = restore(url, exported(source, form))
    assert (again.of("chatmgr", "").new, again.of("chatmgr", "").known) == (0, 2)
    assert content(exported(url)) == content(exported(source))
    assert migrate.check_search(url)


@contextmanager
def played(url: str, seed: int, count: int = 40) -> Iterator[Store]:
    """A store after random forks, edits, undoing, deleting."""
    store = Store(url)
    player = Player(store)
    for operation in operations(seed, count):
        player.play(operation)
    yield store
    store.close()


@pytest.mark.parametrize("seed", range(6))
def test_random_trees(home: Path, migrated_postgres_url: str, seed: int) -> None:
    for name in ("from", "to"):
        (home / name).mkdir(parents=True)
    source, target = (f"sqlite:///{home / name / 'chatmgr.db'}" for name in ("from", "to"))
    with played(source, seed):
        text = exported(source)
        for url in (target, migrated_postgres_url):
            restore(url, text)
            assert content(exported(url)) == content(text)
            assert integrity.damage(url) == []
            assert migrate.check_search(url)


def test_what_grew_is_added_and_what_is_here_stays(home: Path) -> None:
    for name in ("from", "to"):
        (home / name).mkdir(parents=True)
    source, target = (f"sqlite:///{home / name / 'chatmgr.db'}" for name in ("from", "to"))
    with closing(Store(source)) as there:
        there.answer("one", "1", "demo")
        restore(target, exported(source))
        there.answer("two", "2", "demo")
        with closing(Store(target)) as here:
            here.answer("mine", "yes", "other")
        report = restore(target, exported(source))
        assert (report.of("chatmgr", "").grown, report.of("chatmgr", "").turns) == (1, 1)
        with closing(Store(target)) as here:
            assert [turn.user for turn in here.reader.turns.list(here.now("demo"))] == ["one", "two"]
            here.answer("three here", "3", "demo")
        there.answer("three there", "3", "demo")
        report = restore(target, exported(source))
    with closing(Store(target)) as here:
        users = [turn.user for turn in here.reader.turns.list(here.now("demo"))]
        assert users == ["one", "two", "three here"]
        assert query(target, "SELECT count(*) FROM turns") == [(5,)]
        assert here.now("demo").paths == 2
    assert integrity.damage(target) == []


def test_one_that_was_cut_short_gives_what_is_whole(home: Path) -> None:
    for name in ("from", "to"):
        (home / name).mkdir(parents=True)
    source, target = (f"sqlite:///{home / name / 'chatmgr.db'}" for name in ("from", "to"))
    with closing(Store(source)) as there:
        for name in ("first", "second"):
            there.answer("one", "1", name)
            there.answer("two", "2", name)
    text = exported(source)
    for end in range(len(text) - 3, text.index('"type": "conversation"'), -max(len(text) // 40, 1)):
        report = restore(target, text[:end])
        assert "cut short" in report.faults[0].reason
        assert integrity.damage(target) == []
    assert restore(target, text).faults == []
    assert content(exported(target)) == content(text)


def test_an_export_of_before_there_were_keys(sqlite_url: str, home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    at = "2026-03-01T12:00:00.000000Z"
    run = {"id": 9, "turn_id": 8, "assistant_version_id": 5, "provider": "openai", "model": "m"}
    run |= {"state": "completed", "detail": "", "error": "", "thread_id": "", "remote_id": "", "sent_at": at}
    run |= {"started_at": at, "finished_at": at, "pid": 1, "host": "h", "input_tokens": 1, "output_tokens": 2}
    run |= {
        "cached_tokens": None,
        "reasoning_tokens": None,
        "cost": None,
        "background": False,
        "cursor": None,
    }
    version = {
        "id": 5,
        "assistant_id": 4,
        "version": 1,
        "instructions": "Be kind.",
        "model": "",
        "provider": "",
    }
    records = [
        {"type": "header", "format": "chatmgr/1", "schema": "0003", "chatmgr": "0.1.0", "exported_at": at},
        {"type": "assistant", "id": 4, "name": "tutor", "version": 1, "created_at": at, "updated_at": at}
        | {
            "deleted_at": None,
            "versions": [version | {"params": {}, "created_at": at}],
            "remote_assistants": [],
        },
        {"type": "conversation", "id": 7, "key": "0123456789abcdef", "name": "demo", "title": "", "turns": 1}
        | {"assistant_id": 4, "model": "", "provider": "openai", "last_run_id": 9, "created_at": at}
        | {"updated_at": at, "used_at": at, "deleted_at": None, "max_cost": None, "archived_at": None}
        | {"folder": "", "tags": ["old"], "threads": []},
        {"type": "turn", "id": 8, "conversation_id": 7, "position": 1, "run_id": 9, "created_at": at}
        | {"stamp": 1772366400, "runs": [run | {"cursor": None, "reasoning": ""}]}
        | {
            "messages": [
                {"id": 1, "turn_id": 8, "run_id": None, "role": "user", "content": "hi", "created_at": at}
                | {"attachments": []},
                {"id": 2, "turn_id": 8, "run_id": 9, "role": "assistant", "content": "ho", "created_at": at}
                | {"attachments": []},
            ]
        },
        {"type": "end", "assistants": 1, "conversations": 1, "turns": 1},
    ]
    text = "".join(json.dumps(record) + "\n" for record in records)
    for _ in range(2):
        assert restore(sqlite_url, text).faults == []
    with Reader(sqlite_url) as reader:
        conversation = reader.conversations.get("demo")
        [turn] = reader.turns.list(conversation)
        assert (turn.user, turn.answer, conversation.tags) == ("hi", "ho", ("old",))
    assert integrity.damage(sqlite_url) == []


def test_sequences_go_on_after_what_came(home: Path, migrated_postgres_url: str) -> None:
    (home / "from").mkdir(parents=True)
    source = f"sqlite:///{home / 'from' / 'chatmgr.db'}"
    with closing(Store(source)) as there:
        there.answer("one", "1", "demo")
    restore(migrated_postgres_url, exported(source))
    with closing(Store(migrated_postgres_url)) as here:
        here.answer("two", "2", "demo")
        here.answer("else", "3", "other")
        assert here.now("demo").turns == 2
    with connected(migrated_postgres_url) as db:
        assert db.execute("SELECT count(*) FROM runs").fetchone() == (3,)
