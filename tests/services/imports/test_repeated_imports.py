"""An import that is repeated: what is new comes, what is there stays, whoever changed what meanwhile."""

from pathlib import Path
from typing import Any

import pytest

from chatmgr.services.imports.service import ImportOptions, ImportService
from tests.services.imports.importing import (
    bring,
    everything,
    export,
    no_writer,
    pair,
    said,
    texts,
    tree,
)
from tests.support.store import Store, query

ONE = ("Question 1?", "Answer 1.")
TWO = ("Question 2?", "Answer 2.")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "conversations.json"


def test_an_import_brings_whole_conversations_and_their_times(store: Store, file: Path) -> None:
    export(file, tree([*pair(1), *pair(2)], "a2", title="Trip to Peru"), tree(pair(1), "a1", "c-2", title=""))
    report = bring(store, file, tags=("old",))
    assert report.sources["chatgpt"].new == 2
    assert texts(store, "Trip to Peru") == [ONE, TWO]
    assert texts(store, "question-1") == [ONE]
    conversation = store.now("Trip to Peru")
    assert conversation.assistant == "imported-chatgpt"
    assert conversation.tags == ("old",)
    assert conversation.updated_at.year == 2023
    assert conversation.model == conversation.provider == ""


def test_a_second_import_adds_nothing(store: Store, file: Path, tmp_path: Path) -> None:
    export(file, tree([*pair(1), *pair(2)], "a2"), tree(pair(1), "a1", "c-2"))
    bring(store, file)
    before = everything(store)
    assert bring(store, file).files == 1  # as a whole
    again = export(tmp_path / "again.json", tree(pair(1), "a1", "c-2"), tree([*pair(1), *pair(2)], "a2"))
    report = bring(store, again)
    assert report.files == 0
    assert report.sources["chatgpt"].known == 2
    assert everything(store) == before


def test_two_stores_get_the_same_keys(store: Store, file: Path, tmp_path: Path) -> None:
    export(file, tree([*pair(1), *pair(2)], "a2"))
    bring(store, file)
    other = Store(f"sqlite:///{tmp_path / 'other.db'}")
    bring(other, file)
    for statement in (
        "SELECT key FROM conversations",
        "SELECT key FROM turns ORDER BY key",
        "SELECT key FROM runs ORDER BY key",
    ):
        assert query(store.url, statement) == query(other.url, statement)
    other.close()


def test_what_has_grown_is_added_at_the_end(store: Store, file: Path) -> None:
    bring(store, export(file, tree(pair(1), "a1", title="demo")))
    report = bring(store, export(file, tree([*pair(1), *pair(2)], "a2", title="demo")))
    assert report.sources["chatgpt"].grown == 1
    assert texts(store, "demo") == [ONE, TWO]


def test_another_answer_answers_and_is_gone_on_from(store: Store, file: Path) -> None:
    bring(store, export(file, tree(pair(1), "a1", title="demo")))
    other = said("b1", "q1", "assistant", "Better.", 20)
    bring(store, export(file, tree([*pair(1), other], "b1", title="demo")))
    assert texts(store, "demo") == [("Question 1?", "Better.")]
    bring(store, export(file, tree([*pair(1), other, *pair(3, "b1")], "a3", title="demo")))
    assert texts(store, "demo") == [("Question 1?", "Better."), ("Question 3?", "Answer 3.")]
    assert query(store.url, "SELECT count(*) FROM turns") == [(2,)]
    assert query(store.url, "SELECT count(*) FROM runs") == [(3,)]


def test_another_answer_and_what_follows_it_may_come_at_once(store: Store, file: Path) -> None:
    bring(store, export(file, tree(pair(1), "a1", title="demo")))
    other = said("b1", "q1", "assistant", "Better.", 20)
    bring(store, export(file, tree([*pair(1), other, *pair(3, "b1")], "a3", title="demo")))
    assert texts(store, "demo") == [("Question 1?", "Better."), ("Question 3?", "Answer 3.")]


def test_what_was_gone_on_from_keeps_its_answer(store: Store, file: Path) -> None:
    first = [*pair(1), *pair(2)]
    bring(store, export(file, tree(first, "a2", title="demo")))
    other = said("b1", "q1", "assistant", "Better.", 50)
    bring(store, export(file, tree([*first, other, *pair(6, "b1")], "a6", title="demo")))
    assert texts(store, "demo") == [ONE, TWO]  # the other path is beside it
    assert query(store.url, "SELECT count(*) FROM turns") == [(4,)]


def test_an_answer_that_grew_is_another_run_that_answers(store: Store, file: Path) -> None:
    cut = [pair(1)[0], said("a1", "q1", "assistant", "Ans", 15)]
    bring(store, export(file, tree(cut, "a1", title="demo")))
    bring(store, export(file, tree(pair(1), "a1", title="demo")))
    assert texts(store, "demo") == [ONE]
    assert query(store.url, "SELECT count(*) FROM runs") == [(2,)]


def test_a_question_that_gets_its_answer_later_is_answered(store: Store, file: Path) -> None:
    bring(store, export(file, tree(pair(1)[:1], "q1", title="demo")))
    assert texts(store, "demo") == [("Question 1?", "")]
    bring(store, export(file, tree(pair(1), "a1", title="demo")))
    assert texts(store, "demo") == [ONE]


def test_a_text_that_was_changed_is_a_path_beside_the_old_one(store: Store, file: Path) -> None:
    bring(store, export(file, tree([*pair(1), *pair(2)], "a2", title="demo")))
    changed = [*pair(1), said("q2", "a1", "user", "Changed?", 20), pair(2)[1]]
    report = bring(store, export(file, tree(changed, "a2", title="demo")))
    assert report.sources["chatgpt"].beside == 1
    assert texts(store, "demo") == [ONE, TWO]
    assert query(store.url, "SELECT count(*) FROM turns") == [(3,)]


def test_what_a_person_did_since_stays(store: Store, file: Path) -> None:
    bring(store, export(file, tree(pair(1), "a1", title="demo")))
    conversation = store.now("demo")
    store.writer.conversations.rename({conversation.pk: "mine"})
    store.answer("And then?", "Then this.", "mine")
    bring(store, export(file, tree([*pair(1), *pair(2)], "a2", title="Another title")))
    assert texts(store, "mine") == [ONE, ("And then?", "Then this.")]
    assert store.now("mine").title == "demo"


def test_what_is_in_the_trash_stays_there_and_what_was_purged_does_not_come_back(
    store: Store, file: Path, tmp_path: Path
) -> None:
    bring(store, export(file, tree(pair(1), "a1", title="demo"), tree(pair(1), "a1", "c-2", title="other")))
    conversations = [store.now("demo"), store.now("other")]
    store.reader.close()
    store.writer.trash.put([conversation.pk for conversation in conversations])
    store.writer.trash.purge([conversations[1].pk])
    grown = [*pair(1), *pair(2)]
    later = export(tmp_path / "later.json", tree(grown, "a2"), tree(grown, "a2", "c-2"))
    report = bring(store, later)
    assert (report.sources["chatgpt"].grown, report.sources["chatgpt"].deleted) == (1, 1)
    assert query(store.url, "SELECT count(*) FROM conversations WHERE deleted_at IS NULL") == [(0,)]
    assert query(store.url, "SELECT count(*) FROM conversations") == [(1,)]


def test_an_older_state_after_a_newer_one_adds_nothing(store: Store, tmp_path: Path) -> None:
    export(tmp_path / "1.json", tree([*pair(1), *pair(2)], "a2", title="demo"))
    export(tmp_path / "2.json", tree(pair(1), "a1", title="demo"))
    bring(store, tmp_path)
    assert texts(store, "demo") == [ONE, TWO]
    assert bring(store, tmp_path / "1.json").sources["chatgpt"].known == 1


def test_a_bad_conversation_does_not_stop_the_others(store: Store, file: Path) -> None:
    bad: dict[str, Any] = {
        **tree(pair(1), "a1", "c-bad"),
        "mapping": {"q": {"id": "q", "message": {"author": 3}}},
    }
    export(file, tree(pair(1), "a1"), bad, tree(pair(1), "a1", "c-2"))
    file.write_text(file.read_text("utf-8")[:-20], "utf-8")  # cut short
    report = bring(store, file)
    assert report.sources["chatgpt"].new == 1
    assert [fault.place.index for fault in report.faults][-1] == 3
    assert bring(store, file).files == 0  # a file with faults is read again


def test_a_dry_run_writes_nothing(store: Store, file: Path) -> None:
    export(file, tree([*pair(1), *pair(2)], "a2"))
    service = ImportService(store.reader, no_writer)
    report = service.run([str(file)], ImportOptions(dry_run=True))
    assert (report.sources["chatgpt"].new, report.sources["chatgpt"].turns) == (1, 2)


def test_since_leaves_out_what_is_older(store: Store, file: Path) -> None:
    from datetime import UTC, datetime

    export(file, tree(pair(1), "a1"), tree(pair(1), "a1", "c-2", update_time=1_900_000_000.0))
    report = bring(store, file, since=datetime(2026, 1, 1, tzinfo=UTC))
    assert (report.sources["chatgpt"].new, report.sources["chatgpt"].old) == (1, 1)
