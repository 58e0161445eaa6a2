"""Deleting for good, by hand and by age, on both databases."""

import secrets
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chatmgr.domain.model import Attachment
from chatmgr.domain.states import RunState
from chatmgr.services.trash import Trash
from chatmgr.store.location import sqlite_path
from chatmgr.store.writer import RunOutcome, ThreadKey
from tests.store.row_counts import counts, indexed, trashed
from tests.support.store import ENDPOINT, Desk, ask, connected, tell

FILE = Attachment("plan.pdf", "application/pdf", "a" * 64, b"%PDF")
TABLES = ("conversations", "turns", "runs", "messages", "tags", "threads", "attachments", "blobs")
DAY = timedelta(days=1)


def with_file(desk: Desk, name: str, file: Attachment = FILE) -> None:
    """A turn with a file, which a server was given."""
    pk = desk.conversation(name).pk
    run = desk.writer.open_turn(pk, desk.assistant(), "gpt-x", "openai", ENDPOINT, "see", attachments=(file,))
    desk.writer.set_remote_file(file.sha256, "openai", ENDPOINT, f"file-{file.sha256[0]}")
    desk.writer.close_run(run, RunOutcome(RunState.COMPLETED, "seen", thread_synced=True))


class TestForGood:
    def test_all_that_was_of_it_and_nothing_else(self, desk: Desk) -> None:
        desk.answer("stays", "yes", "stays")
        with_file(desk, "stays", other := Attachment("b.pdf", "application/pdf", "b" * 64, b"b"))
        with_file(desk, "goes", other)
        before = counts(desk, *TABLES, "remote_files")
        with_file(desk, "goes")
        desk.writer.set_thread(ThreadKey(desk.now("goes").pk, "openai", ENDPOINT), "conv_1", 1)
        desk.writer.tag([desk.now("goes").pk], ["work"], [])
        desk.writer.purge(trashed(desk, "goes"))
        after = dict(zip((*TABLES, "remote_files"), counts(desk, *TABLES, "remote_files"), strict=True))
        kept = [after[one] for one in ("blobs", "remote_files", "conversations", "turns", "tags", "threads")]
        assert kept == [1, 1, 1, 2, 0, 0]
        assert before[TABLES.index("blobs")] == 1
        assert [turn.user for turn in desk.reader.turns(desk.now("stays"))] == ["stays", "see"]
        assert len(indexed(desk.url)) == 3

    @pytest.mark.parametrize("how", ["writer", "cascade"])
    def test_the_index_stays_in_step(self, desk: Desk, how: str) -> None:
        """Retried runs, live runs, text without spaces; deleted in our order, and by the database's own."""
        for name in ("goes", "stays"):
            desk.answer("こんにちは世界", "你好，世界", name)
            run = desk.answer("again", "first try", name)
            tell(
                desk.url,
                "INSERT INTO runs (turn_id, conversation_id, assistant_version_id, provider, model, state, "
                "detail, error, thread_id, remote_id, started_at, pid, host) SELECT turn_id, "
                "conversation_id, "
                "assistant_version_id, provider, model, 'completed', '', '', '', '', started_at, 1, 'h' "
                f"FROM runs WHERE id = {run.run}",
            )
            [(second,)] = ask(desk.url, "SELECT max(id) FROM runs")
            tell(
                desk.url,
                "INSERT INTO messages (turn_id, run_id, role, content, created_at) SELECT turn_id, "
                f"{second}, 'assistant', 'ประเทศไทย second try', created_at FROM messages "
                f"WHERE run_id = {run.run}",
                f"UPDATE turns SET run_id = {second} WHERE id = {run.turn}",
            )
            left = desk.open("left behind", name)
            desk.writer.checkpoint(left, "half an ans")
            desk.writer.checkpoint(left, "half an answer")
        pk = desk.now("goes").pk
        assert len(indexed(desk.url)) == 8
        if how == "writer":
            tell(desk.url, f"UPDATE conversations SET deleted_at = updated_at WHERE id = {pk}")
            desk.writer.purge([pk])
        else:
            with connected(desk.url) as db:
                if sqlite_path(desk.url):
                    db.execute("PRAGMA foreign_keys=ON")
                db.execute(f"DELETE FROM conversations WHERE id = {pk}")
        stays = desk.now("stays").pk
        stamps = [key for (key,) in ask(desk.url, "SELECT stamp FROM turns ORDER BY stamp")]
        assert indexed(desk.url) == [-stays, *stamps]
        assert counts(desk, "turns", "runs", "messages") == [3, 4, 7]

    def test_nothing_is_left_in_the_bytes(self, sqlite_desk: Desk, home: Path) -> None:
        desk, secret = sqlite_desk, list[str]()

        def own() -> str:
            words = [secrets.token_hex(12) for _ in range(20)]
            letters = "".join(chr(0x4E00 + secrets.randbelow(20_000)) for _ in range(12))
            secret.extend([*words, letters])
            return " ".join([*words, letters])

        for number in range(30):
            name = f"c{number}"
            if not number % 5:
                secret.append(name := secrets.token_hex(10))
            for _ in range(4):
                run = desk.open(f"what is said {number}" if number % 5 else own(), name)
                for _ in range(2):
                    desk.writer.checkpoint(run, f"so far {number}" if number % 5 else own())
                text = f"answer {number}" if number % 5 else own()
                desk.writer.close_run(run, RunOutcome(RunState.COMPLETED, text, reasoning=text))
        assert _in_bytes(home, secret)
        keys = trashed(desk, *(one.name for one in desk.reader.conversations(0) if one.name in secret))
        desk.reader.close()
        desk.writer.purge(keys)
        assert desk.writer.scrub() == ""
        assert _in_bytes(home, secret) == []
        assert len(indexed(desk.url)) == 24 * 5
        with closing(sqlite3.connect(home / "chatmgr.db")) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

    def test_a_reader_keeps_the_log(self, sqlite_desk: Desk, home: Path) -> None:
        desk = sqlite_desk
        desk.answer("hello", "hi", "a")
        with closing(sqlite3.connect(home / "chatmgr.db", isolation_level=None)) as other:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM turns").fetchall()
            desk.writer.purge(trashed(desk, "a"))
            assert "reads it" in desk.writer.scrub()
        assert desk.writer.scrub() == ""


def _in_bytes(home: Path, secret: list[str]) -> list[str]:
    """What of these can be found; of a word also by its end, for the index keeps what words share once."""
    files = (home / "chatmgr.db", home / "chatmgr.db-wal")
    found = b"".join(one.read_bytes() for one in files if one.exists())
    return [one for one in secret if one.encode() in found or (one.isascii() and one[-12:].encode() in found)]


class TestTrash:
    def test_never_unless_it_is_set(self, desk: Desk) -> None:
        desk.conversation("a")
        trashed(desk, "a")
        due = Trash(desk.reader, lambda: desk.writer, 0).process_due(datetime.now(UTC) + 9999 * DAY)
        assert (due.deleted, due.announced) == ([], [])
        assert len(list(desk.reader.trash())) == 1

    def test_announced_first_and_gone_a_day_later(self, desk: Desk) -> None:
        retention, now = Trash(desk.reader, lambda: desk.writer, 30), datetime.now(UTC)
        for name in "ab":
            desk.conversation(name)
        trashed(desk, "a")
        assert retention.process_due(now + 29 * DAY).announced == []
        first = retention.process_due(now + 31 * DAY)
        assert ([one.name for one in first.announced], first.when) == (["a"], now + 32 * DAY)
        assert retention.process_due(now + 31.9 * DAY).deleted == []
        tell(desk.url, *_deleted_at("b", now + 1.5 * DAY))  # due after the announcement: not covered by it
        second = retention.process_due(now + 32 * DAY)
        assert [one.name for one in second.deleted] == ["a"]
        assert [one.name for one in second.announced] == ["b"]
        assert [one.name for one in retention.process_due(now + 33 * DAY).deleted] == ["b"]
        assert desk.reader.meta("trash_announced") == ""

    def test_a_shorter_time_is_announced_anew(self, desk: Desk) -> None:
        now = datetime.now(UTC)
        for name in "ab":
            desk.conversation(name)
        tell(desk.url, *_deleted_at("a", now - 40 * DAY), *_deleted_at("b", now - 5 * DAY))
        assert len(Trash(desk.reader, lambda: desk.writer, 30).process_due(now).announced) == 1
        found = Trash(desk.reader, lambda: desk.writer, 1).process_due(now + DAY)
        assert [one.name for one in found.deleted] == ["a"]
        assert [one.name for one in found.announced] == ["b"]

    def test_restored_and_deleted_again_begins_anew(self, desk: Desk) -> None:
        retention, now = Trash(desk.reader, lambda: desk.writer, 30), datetime.now(UTC)
        desk.conversation("a")
        trashed(desk, "a")
        assert retention.process_due(now + 31 * DAY).announced
        tell(desk.url, *_deleted_at("a", now + 31.5 * DAY))
        assert retention.process_due(now + 40 * DAY).deleted == []
        assert retention.process_due(now + 62 * DAY).deleted == []
        assert retention.process_due(now + 63 * DAY).deleted


def _deleted_at(name: str, moment: datetime) -> tuple[str]:
    stored = moment.strftime("%Y-%m-%d %H:%M:%S.%f")
    return (f"UPDATE conversations SET deleted_at = '{stored}' WHERE name = '{name}'",)
