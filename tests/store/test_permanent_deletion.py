"""Deleting for good, by hand and by age, on both databases."""

import hashlib
import secrets
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chatmgr.domain.items import Item, ItemKind, answer_to
from chatmgr.domain.model import Attachment
from chatmgr.domain.states import RunState
from chatmgr.services.trash import Trash
from chatmgr.store.location import sqlite_path
from chatmgr.store.search.erase import UnknownFormat
from chatmgr.store.writer import RunOutcome, ThreadKey
from chatmgr.store.writer.scrub import Scrub
from tests.store.row_counts import counts, indexed, trashed
from tests.support.store import ENDPOINT, Store, connected, execute, query

FILE = Attachment("plan.pdf", "application/pdf", "a" * 64, b"%PDF")
TABLES = ("conversations", "turns", "runs", "messages", "tags", "threads", "attachments", "blobs")
DAY = timedelta(days=1)


def _item(content: str, raw: str, data: str) -> Item:
    """A call, with a picture."""
    return Item(ItemKind.TOOL_CALL, {"call_id": "c", "name": content}, raw, data=data.encode())


def with_file(store: Store, name: str, file: Attachment = FILE) -> None:
    """A turn with a file, which a server was given."""
    pk = store.conversation(name).pk
    run = store.writer.turns.open(
        pk, store.assistant(), "gpt-x", "openai", ENDPOINT, "see", attachments=(file,)
    )
    store.writer.threads.set_file(file.sha256, "openai", ENDPOINT, f"file-{file.sha256[0]}")
    store.writer.runs.close(run, RunOutcome(RunState.COMPLETED, "seen", thread_synced=True))


class TestForGood:
    def test_all_that_was_of_it_and_nothing_else(self, store: Store) -> None:
        store.answer("stays", "yes", "stays")
        with_file(store, "stays", other := Attachment("b.pdf", "application/pdf", "b" * 64, b"b"))
        with_file(store, "goes", other)
        before = counts(store, *TABLES, "remote_files")
        with_file(store, "goes")
        key = store.now("goes").id
        store.writer.threads.set(ThreadKey(store.now("goes").pk, "openai", ENDPOINT), "conv_1", 1)
        store.writer.conversations.tag([store.now("goes").pk], ["work"], [])
        store.writer.trash.purge(trashed(store, "goes"))
        after = dict(zip((*TABLES, "remote_files"), counts(store, *TABLES, "remote_files"), strict=True))
        kept = [
            after[conversation]
            for conversation in ("blobs", "remote_files", "conversations", "turns", "tags", "threads")
        ]
        assert kept == [1, 1, 1, 2, 0, 0]
        assert before[TABLES.index("blobs")] == 1
        assert [turn.user for turn in store.reader.turns.list(store.now("stays"))] == ["stays", "see"]
        assert query(store.url, "SELECT key FROM deletions") == [(key,)]
        assert len(indexed(store.url)) == 3

    @pytest.mark.parametrize("how", ["writer", "cascade"])
    def test_the_index_stays_in_step(self, store: Store, how: str) -> None:
        """Retried runs, live runs, text without spaces; deleted in our order, and by the database's own."""
        for name in ("goes", "stays"):
            store.answer("こんにちは世界", "你好，世界", name)
            run = store.answer("again", "first try", name)
            execute(
                store.url,
                "INSERT INTO runs (turn_id, conversation_id, assistant_version_id, provider, model, state, "
                "detail, error, thread_id, remote_id, started_at, pid, host) SELECT turn_id, "
                "conversation_id, "
                "assistant_version_id, provider, model, 'completed', '', '', '', '', started_at, 1, 'h' "
                f"FROM runs WHERE id = {run.run}",
            )
            [(second,)] = query(store.url, "SELECT max(id) FROM runs")
            execute(
                store.url,
                "INSERT INTO messages (turn_id, run_id, role, content, created_at) SELECT turn_id, "
                f"{second}, 'assistant', 'ประเทศไทย second try', created_at FROM messages "
                f"WHERE run_id = {run.run}",
                f"UPDATE turns SET run_id = {second} WHERE id = {run.turn}",
            )
            left = store.open("left behind", name)
            store.writer.runs.checkpoint(left, "half an ans")
            store.writer.runs.checkpoint(left, "half an answer")
        pk = store.now("goes").pk
        assert len(indexed(store.url)) == 8
        if how == "writer":
            execute(store.url, f"UPDATE conversations SET deleted_at = updated_at WHERE id = {pk}")
            store.writer.trash.purge([pk])
        else:
            with connected(store.url) as db:
                if sqlite_path(store.url):
                    db.execute("PRAGMA foreign_keys=ON")
                db.execute(f"DELETE FROM conversations WHERE id = {pk}")
                db.execute(f"DELETE FROM branches WHERE conversation_id = {pk}")
        stays = store.now("stays").pk
        stamps = [key for (key,) in query(store.url, "SELECT stamp FROM turns ORDER BY stamp")]
        assert indexed(store.url) == [-stays, *stamps]
        assert counts(store, "turns", "runs", "messages") == [3, 4, 7]

    @pytest.mark.parametrize("rewritten", [True, False], ids=["rewritten", "in place"])
    def test_nothing_is_left_in_the_bytes(
        self, sqlite_store: Store, home: Path, rewritten: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A small file is rewritten; a large one is searched where the rows were."""
        if not rewritten:
            monkeypatch.setattr(Scrub, "_rewriting_pays", lambda _self: False)
        store, secret = sqlite_store, list[str]()

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
                run = store.open(f"what is said {number}" if number % 5 else own(), name)
                for _ in range(2):
                    store.writer.runs.checkpoint(run, f"so far {number}" if number % 5 else own())
                said = [f"said {number}" if number % 5 else own() for _ in range(4)]
                store.writer.runs.add_item(run, _item(*said[:3]), 1)
                store.writer.runs.add_item(run, answer_to(_item(*said[:3]), said[3]), 2)
                text = f"answer {number}" if number % 5 else own()
                store.writer.runs.close(run, RunOutcome(RunState.COMPLETED, text, reasoning=text))
        renamed = store.now(secret[0])
        store.writer.conversations.set_title(renamed.pk, title := own())
        store.writer.conversations.set_title(renamed.pk, title[::-1])
        store.writer.conversations.rename({renamed.pk: (other_name := secrets.token_hex(10))})
        secret.append(other_name)
        assert _in_bytes(home, secret)
        keys = trashed(
            store,
            *(
                conversation.name
                for conversation in store.reader.conversations.list(0)
                if conversation.name in secret
            ),
        )
        store.reader.close()
        store.writer.trash.purge(keys)
        assert store.writer.trash.scrub() == ""
        assert _in_bytes(home, secret) == []
        assert len(indexed(store.url)) == 24 * 5
        with closing(sqlite3.connect(home / "chatmgr.db")) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert store.answer("goes on", "as before", "c1").position == 5
        assert _in_bytes(home, secret) == []

    @pytest.mark.parametrize("rewritten", [True, False], ids=["rewritten", "in place"])
    @pytest.mark.parametrize("goes", ["source", "fork"])
    def test_of_a_fork_what_the_other_does_not_hold(
        self, sqlite_store: Store, home: Path, goes: str, rewritten: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What both hold stays, with files and runs; the rest leaves the bytes, and so does the name."""
        if not rewritten:
            monkeypatch.setattr(Scrub, "_rewriting_pays", lambda _self: False)
        store, names = sqlite_store, {"source": secrets.token_hex(10), "fork": secrets.token_hex(10)}
        shared = _secret_turns(store, names["source"], 3)
        tails = {"source": _secret_turns(store, names["source"], 3)}
        source = store.now(names["source"])
        store.writer.conversations.set_title(source.pk, "")  # a fork has the same
        store.writer.tree.fork(source.pk, 3, names["fork"])
        tails["fork"] = _secret_turns(store, names["fork"], 3)
        store.writer.tree.move_tip(source.pk, 5, "undo")
        tails["source"] += _secret_turns(store, names["source"], 2)  # beside a turn that was undone
        stays = "fork" if goes == "source" else "source"
        gone = [*tails[goes], names[goes]]
        kept = [*shared, *tails[stays], names[stays]]
        assert _in_bytes(home, [*gone, *kept]) == [*gone, *kept]
        keys = trashed(store, names[goes])
        store.reader.close()
        store.writer.trash.purge(keys)
        assert store.writer.trash.scrub() == ""
        assert _in_bytes(home, [*gone, *kept]) == kept
        assert [turn.user for turn in store.reader.turns.list(store.now(names[stays]))][:3] == shared[::3]
        assert counts(store, "conversations", "attachments", "blobs") == [1, *[len(kept) // 3] * 2]
        assert query(store.url, "SELECT DISTINCT conversation_id FROM runs") == [
            (store.now(names[stays]).pk,)
        ]
        indexed(store.url)

    def test_a_conversation_of_very_many_paths(self, sqlite_store: Store) -> None:
        """More pieces than one condition can name, each in a branch that goes on from the one before."""
        store = sqlite_store
        pk = store.conversation("a").pk
        moment = "2026-11-27 00:00:00.000000"
        branches = [
            f"({100 + number}, 'k{number}', {pk}, {99 + number if number else 'NULL'}, {number}, '{moment}')"
            for number in range(1_200)
        ]
        execute(
            store.url,
            "INSERT INTO branches (id, key, conversation_id, parent_id, parent_position, created_at) "
            f"VALUES {', '.join(branches)}",
            "INSERT INTO turns (branch_id, position, created_at, stamp, key) "
            "SELECT id, parent_position + 1, created_at, id, key FROM branches WHERE id >= 100",
        )
        store.writer.trash.purge(trashed(store, "a"))
        assert counts(store, "conversations", "branches", "turns", "path_segments") == [0, 0, 0, 0]

    def test_who_was_killed_in_between_has_left_a_note(self, sqlite_store: Store, home: Path) -> None:
        """The rows are gone, their bytes are not: the next one knows, and removes them."""
        store = sqlite_store
        store.answer(secret := secrets.token_hex(12), "hi", "a")
        store.writer.trash.purge(trashed(store, "a"))
        store.close()
        again = Store(store.url)
        trash = Trash(again.reader, lambda: again.writer, 0)
        assert again.reader.meta.get("unscrubbed")
        assert trash.scrub() == ""
        assert again.reader.meta.get("unscrubbed") == ""
        assert _in_bytes(home, [secret]) == []
        again.close()

    def test_an_index_of_another_format_is_rewritten(
        self, sqlite_store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Scrub, "_rewriting_pays", lambda _self: False)
        store = sqlite_store
        store.answer("stays", "yes", "b")
        store.answer(secret := secrets.token_hex(12), "hi", "a")
        keys = trashed(store, "a")
        monkeypatch.setattr("chatmgr.store.writer.erasure.erase", _refuse)
        store.writer.trash.purge(keys)
        assert store.writer.trash.scrub() == ""
        assert _in_bytes(home, [secret]) == []

    def test_a_reader_keeps_the_log(self, sqlite_store: Store, home: Path) -> None:
        store = sqlite_store
        store.answer("hello", "hi", "a")
        with closing(sqlite3.connect(home / "chatmgr.db", isolation_level=None)) as other:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM turns").fetchall()
            store.writer.trash.purge(trashed(store, "a"))
            assert "reads it" in store.writer.trash.scrub()
        assert store.writer.trash.scrub() == ""


def _secret_turns(store: Store, name: str, count: int) -> list[str]:
    """Turns with a file each; the question, the answer and the content of each."""
    told: list[str] = []
    for _ in range(count):
        question, answer, content = (secrets.token_hex(12) for _ in range(3))
        data = content.encode()
        file = Attachment("plan.txt", "text/plain", hashlib.sha256(data).hexdigest(), data)
        run = store.writer.turns.open(
            store.conversation(name).pk,
            store.assistant(),
            "gpt-x",
            "openai",
            ENDPOINT,
            question,
            attachments=(file,),
        )
        store.writer.runs.close(run, RunOutcome(RunState.COMPLETED, answer, reasoning=answer[::-1]))
        told += [question, answer, content]
    return told


def _refuse(*_: object) -> dict[str, list[int]]:
    raise UnknownFormat


def _in_bytes(home: Path, secret: list[str]) -> list[str]:
    """What of these can be found; of a word also by its end, for the index keeps what words share once."""
    files = (home / "chatmgr.db", home / "chatmgr.db-wal")
    content = b"".join(path.read_bytes() for path in files if path.exists())
    return [
        word
        for word in secret
        if word.encode() in content or (word.isascii() and word[-12:].encode() in content)
    ]


class TestTrash:
    def test_never_unless_it_is_set(self, store: Store) -> None:
        store.conversation("a")
        trashed(store, "a")
        due = Trash(store.reader, lambda: store.writer, 0).process_due(datetime.now(UTC) + 9999 * DAY)
        assert (due.deleted, due.announced) == ([], [])
        assert len(list(store.reader.trash.list())) == 1

    def test_announced_first_and_gone_a_day_later(self, store: Store) -> None:
        retention, now = Trash(store.reader, lambda: store.writer, 30), datetime.now(UTC)
        for name in "ab":
            store.conversation(name)
        trashed(store, "a")
        assert retention.process_due(now + 29 * DAY).announced == []
        first = retention.process_due(now + 31 * DAY)
        assert ([conversation.name for conversation in first.announced], first.when) == (
            ["a"],
            now + 32 * DAY,
        )
        assert retention.process_due(now + 31.9 * DAY).deleted == []
        execute(
            store.url, *_deleted_at("b", now + 1.5 * DAY)
        )  # due after the announcement: not covered by it
        second = retention.process_due(now + 32 * DAY)
        assert [conversation.name for conversation in second.deleted] == ["a"]
        assert [conversation.name for conversation in second.announced] == ["b"]
        assert [conversation.name for conversation in retention.process_due(now + 33 * DAY).deleted] == ["b"]
        assert store.reader.meta.get("trash_announced") == ""

    def test_a_shorter_time_is_announced_anew(self, store: Store) -> None:
        now = datetime.now(UTC)
        for name in "ab":
            store.conversation(name)
        execute(store.url, *_deleted_at("a", now - 40 * DAY), *_deleted_at("b", now - 5 * DAY))
        assert len(Trash(store.reader, lambda: store.writer, 30).process_due(now).announced) == 1
        processed = Trash(store.reader, lambda: store.writer, 1).process_due(now + DAY)
        assert [conversation.name for conversation in processed.deleted] == ["a"]
        assert [conversation.name for conversation in processed.announced] == ["b"]

    def test_restored_and_deleted_again_begins_anew(self, store: Store) -> None:
        retention, now = Trash(store.reader, lambda: store.writer, 30), datetime.now(UTC)
        store.conversation("a")
        trashed(store, "a")
        assert retention.process_due(now + 31 * DAY).announced
        execute(store.url, *_deleted_at("a", now + 31.5 * DAY))
        assert retention.process_due(now + 40 * DAY).deleted == []
        assert retention.process_due(now + 62 * DAY).deleted == []
        assert retention.process_due(now + 63 * DAY).deleted


def _deleted_at(name: str, moment: datetime) -> tuple[str]:
    stored = moment.strftime("%Y-%m-%d %H:%M:%S.%f")
    return (f"UPDATE conversations SET deleted_at = '{stored}' WHERE name = '{name}'",)
