"""Scrubbing: every place where a text is kept, on both databases."""

import json
from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import select, text

from chatmgr.domain.errors import Busy
from chatmgr.domain.filters import Filters
from chatmgr.domain.secret_matches import MARK, LiteralMatcher, Scrubber
from chatmgr.domain.stored_texts import BYTES
from chatmgr.services.app import App
from chatmgr.services.export import Exporter
from chatmgr.services.scrub import ScrubService
from chatmgr.services.secret_patterns import SecretPatterns
from chatmgr.store import locks, tables
from chatmgr.store.location import sqlite_path
from chatmgr.store.writer import ThreadKey
from tests.store.row_counts import indexed
from tests.support.sample_items import answered, item
from tests.support.scrubbing import quiet, scrub
from tests.support.secrets import Planted, openai_key, plant
from tests.support.store import ENDPOINT, Store, execute, query

BYTES_OF_DEMO = 2  # files


@pytest.fixture
def app(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """The application on the same database as the store."""
    monkeypatch.setenv("CHATMGR_DATABASE_URL", store.url)
    made = App()
    yield made
    made.close()


def all_rows(store: Store) -> str:
    """Every value in the tables, as text, and the search index of PostgreSQL."""
    content: list[str] = []
    with store.writer.database.begin() as db:
        for table in tables.metadata.sorted_tables:
            for row in db.execute(select(table)):
                content += [
                    value.decode(errors="replace") if isinstance(value, bytes) else str(value)
                    for value in row
                ]
        if not sqlite_path(store.url):
            content += [str(words) for words in db.scalars(text("SELECT words FROM search"))]
    return "\n".join(content)


def left(store: Store, planted: Planted) -> list[str]:
    """Which of the secrets are in a row."""
    rows = all_rows(store)
    lines = [line for secret in planted.secrets for line in secret.splitlines() if "PRIVATE" not in line]
    return [line for line in lines if line in rows]


def test_every_place_is_found_and_overwritten(store: Store, app: App) -> None:
    planted = plant(store)
    assert left(store, planted)
    findings, remainder = scrub(app, SecretPatterns())
    certain = [finding.occurrence for finding in findings.places if finding.occurrence.certain]
    kinds = Counter({found.secret: found.kind for found in certain}.values())  # a title twice
    assert kinds == Counter(planted.kinds)
    assert {finding.address for finding in findings.places} >= {"demo", "demo@1", "tutor (version 1)"}
    assert left(store, planted) == []
    assert planted.plain in all_rows(store)
    assert all_rows(store).count(MARK) == len(planted.secrets)  # of both files, one text is left
    assert remainder.threads == [("demo", "openai", "conv_1")]
    assert remainder.files == [("openai", "file-1")]
    assert remainder.unscrubbed == ""
    assert scrub(app, SecretPatterns())[0].places == []
    assert len(indexed(store.url)) == 3


def test_what_a_file_was_called_by_moves_with_its_bytes(store: Store, app: App) -> None:
    plant(store)
    before = {row for (row,) in query(store.url, "SELECT sha256 FROM blobs")}
    findings, _ = scrub(app, SecretPatterns())
    assert sum(finding.place.field == BYTES for finding in findings.places) == BYTES_OF_DEMO
    after = {row for (row,) in query(store.url, "SELECT sha256 FROM blobs")}
    assert len(before) == BYTES_OF_DEMO
    assert after
    assert not before & after
    [(sha256, raw)] = query(store.url, "SELECT sha256, raw FROM items")
    assert json.loads(raw)["result"] == f"sha256:{sha256}"
    [row] = query(store.url, "SELECT count(*) FROM attachments JOIN blobs USING (sha256)")
    assert row == (1,)


def test_a_literal_text_goes_and_secrets_stay(store: Store, app: App) -> None:
    planted = plant(store)
    scrub(app, LiteralMatcher([planted.plain]))
    assert planted.plain not in all_rows(store)
    assert len(left(store, planted)) >= len(planted.secrets)


def test_only_in_the_named_conversations(store: Store, app: App) -> None:
    store.answer(f"mine {(secret := openai_key())}", "yes", "mine")
    store.answer(f"yours {secret}", "yes", "yours")
    scrub(app, SecretPatterns(), "mine")
    texts = {text for (text,) in query(store.url, "SELECT content FROM messages WHERE role = 'user'")}
    assert texts == {f"mine {MARK}", f"yours {secret}"}


def test_threads_are_dropped_and_the_journal_says_what(store: Store, app: App) -> None:
    plant(store)
    store.answer("clean", "yes", "other")
    for name in ("demo", "other"):
        pk = store.now(name).pk
        thread = store.open("next", name)
        store.writer.threads.set(thread, f"conv_{name}", 1)
        execute(store.url, f"UPDATE runs SET state = 'completed' WHERE conversation_id = {pk}")
    scrub(app, SecretPatterns())
    demo, other = store.now("demo").pk, store.now("other").pk
    store.reader.close()
    assert store.reader.threads.list(demo) == []
    assert len(store.reader.threads.list(other)) == 1
    assert [thread.remote_id for thread in store.reader.threads.ever(demo)] == ["conv_1", "conv_demo"]
    with store.writer.database.begin() as db:
        entries = list(db.execute(select(tables.journal.c.action, tables.journal.c.detail)))
    assert [detail["files"] for _, detail in entries if "files" in detail] == [
        [{"provider": "openai", "id": "file-1"}]
    ]
    noted = [detail for action, detail in entries if action == "scrub"]
    assert sum(sum(detail["kinds"].values()) for detail in noted) > 5


def test_a_shared_turn_is_overwritten_once_and_for_all(store: Store, app: App) -> None:
    store.answer(f"a {openai_key()}", "yes", "demo")
    demo = store.now("demo").pk
    store.writer.tree.fork(demo, 1, "fork")
    store.writer.tree.move_tip(demo, 0, "undo")
    findings, _ = scrub(app, SecretPatterns())
    assert [finding.address for finding in findings.places] == ["fork@1"]
    assert store.reader.turns.get(store.now("fork"), 1).user == f"a {MARK}"
    store.writer.tree.move_tip(demo, 1, "redo")
    assert store.reader.turns.get(store.now("demo"), 1).user == f"a {MARK}"


def test_turns_of_another_conversation_on_a_path_that_was_left(store: Store, app: App) -> None:
    """A fork left a path through turns that its source said; they are its own as well."""
    for question in ("one", "two: tell nobody", "three"):
        store.answer(question, "yes")
    store.writer.tree.fork(store.now().pk, 3, "fork")
    fork = store.now("fork")
    key = ThreadKey(fork.pk, "openai", ENDPOINT)
    store.answer("four", "yes", name="fork")
    store.writer.threads.set(key, "conv_fork", 4)
    store.writer.tree.move_tip(fork.pk, 1, "undo")
    store.answer("other", "yes", name="fork")
    findings, _ = scrub(app, LiteralMatcher(["tell nobody"]), "fork")
    assert [finding.address for finding in findings.places] == ["fork~1@2"]
    assert "tell nobody" not in all_rows(store)
    assert store.reader.threads.get(fork.pk, "openai", ENDPOINT) is None


def test_a_path_that_was_left_is_searched(store: Store, app: App) -> None:
    store.answer("one", "yes")
    store.answer(f"two {openai_key()}", "yes")
    store.writer.tree.move_tip(store.now().pk, 1, "undo")
    store.answer("another two", "yes")
    findings, _ = scrub(app, SecretPatterns(), "plan")
    assert [finding.address for finding in findings.places] == ["plan~1@2"]
    assert scrub(app, SecretPatterns())[0].places == []


def test_names_are_shown_and_stay(store: Store, app: App) -> None:
    name = f"key {openai_key()[:60]}"
    store.conversation(name)
    store.writer.conversations.set_title(store.now(name).pk, "nothing")
    store.writer.conversations.tag([store.now(name).pk], ["abc"], [])
    findings, _ = scrub(app, LiteralMatcher([name[8:], "abc", "tutor"]))
    fields = sorted(finding.place.field for finding in findings.places)
    assert fields == ["assistant", "detail", "name", "tag"]  # the journal tells of the tag
    assert not [
        finding for finding in findings.places if name in finding.address + finding.occurrence.snippet
    ]
    assert [finding.place.field for finding in findings.replaced()] == ["detail"]
    assert (store.now(name).name, store.now(name).tags) == (name, ("abc",))


def test_a_live_run_is_busy(store: Store, app: App) -> None:
    run = store.open(f"secret {openai_key()}")
    store.reader.close()
    lock = locks.acquire(store.url, run.conversation, wait=False)
    other = ScrubService(app, Scrubber(SecretPatterns()), None, guesses=False)
    with pytest.raises(Busy, match="busy"):
        other.apply(other.search(quiet), quiet)
    lock.release()
    execute(store.url, "UPDATE runs SET remote_id = 'resp_1'")
    with pytest.raises(Busy, match="open run"):
        other.apply(other.search(quiet), quiet)
    assert MARK not in all_rows(store)


def test_what_a_dead_process_left_is_overwritten_across_its_parts(store: Store, app: App) -> None:
    secret = openai_key()
    run = store.open("go on")
    store.writer.runs.checkpoint(run, f"it is {secret[:30]}")
    store.writer.runs.checkpoint(run, f"{secret[30:]} and", start=36)
    findings, _ = scrub(app, SecretPatterns())
    assert [finding.field for finding in findings.places] == ["unfinished answer"]
    live = app.reader.runs.live(run.conversation)
    assert live is not None
    assert live.text == f"it is {MARK} and"
    assert query(store.url, "SELECT count(*) FROM answer_parts") == [(0,)]


def test_guesses_need_to_be_asked_for(store: Store, app: App) -> None:
    store.answer('password = "open sesame"', "yes")
    findings, _ = scrub(app, SecretPatterns())
    assert (len(findings.places), findings.replaced(), findings.anything) == (1, [], False)
    assert "open sesame" in all_rows(store)
    scrub(app, SecretPatterns(), guesses=True)
    assert "open sesame" not in all_rows(store)


def test_footnotes_stay_where_they_belong(store: Store, app: App) -> None:
    secret = openai_key()
    text = f"The key is {secret}. Cats sleep. They eat."
    citations = [
        {"start": text.index("Cats"), "end": text.index(" They"), "url": "https://example.test/cats"},
        {"start": 4, "end": text.index(secret) + 9, "url": "https://example.test/keys"},
    ]
    answered(store, text, item("text", {"text": text, "citations": citations}, "msg_1"))
    scrub(app, SecretPatterns())
    [shown] = app.reader.items.of(app.reader.turns.get(store.now(), 1))
    [cats, keys] = shown.item.content["citations"]
    kept = shown.item.content["text"]
    assert kept[cats["start"] : cats["end"]] == "Cats sleep."
    assert keys == {"url": "https://example.test/keys"}
    chosen = list(app.reader.export.chosen(Filters(archived=None)))
    for form, mark in {"md": "[^1.1]", "text": "[1]", "html": "[1]", "json": ""}.items():
        export = "".join(Exporter(app.reader).pieces(chosen, form))
        assert secret not in export
        assert "https://example.test/keys" in export
        assert form == "json" or f"{MARK}. Cats sleep.{mark} They eat." in export.replace("\\", "")
    assert f'"start": {cats["start"]}'.replace(" ", "") in export.replace(" ", "")
