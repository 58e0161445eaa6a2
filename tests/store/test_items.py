"""Items of turns: what runs say beside their text, and the answers to their calls."""

import hashlib

from chatmgr.domain.events import Usage
from chatmgr.domain.items import DECLINED, ItemKind, answer_to
from chatmgr.domain.model import Message
from chatmgr.domain.remote import RemoteFile
from chatmgr.domain.states import RunState
from chatmgr.store import integrity
from chatmgr.store.writer import OpenRun, RunOutcome
from chatmgr.store.writer.copies import copy_run
from chatmgr.store.writer.database import now
from chatmgr.turns.progress import Progress
from tests.store.row_counts import counts, trashed
from tests.support.sample_items import CALL, CITING, IMAGE, PNG, THOUGHT, answered, say
from tests.support.store import ENDPOINT, Store, execute, query


def test_items_come_back_as_they_were_said(store: Store) -> None:
    run = store.open()
    say(store, run, THOUGHT, CITING, IMAGE)
    live = store.reader.runs.live(run.conversation)
    assert live is not None
    assert live.items == (THOUGHT, CITING, IMAGE)  # before the run has ended, too
    store.writer.runs.close(run, RunOutcome(RunState.COMPLETED, "See."))
    turn = store.reader.turns.get(store.now(), 1)
    assert (turn.items, turn.answer) == (True, "See.")
    *_, image = store.reader.items.of(turn)
    assert (image.item.data, image.size) == (None, len(PNG))
    assert image.sha256 == hashlib.sha256(PNG).hexdigest()
    assert store.reader.items.with_bytes(turn.pk) == (THOUGHT, CITING, IMAGE)


def test_plain_text_stores_no_item(store: Store) -> None:
    store.answer("hello", "hi")
    turn = store.reader.turns.get(store.now(), 1)
    assert (turn.items, store.reader.items.of(turn)) == (False, [])
    [_, answer] = store.reader.turns.context(store.now().pk, 2)
    assert answer == Message("assistant", "hi")
    assert counts(store, "items") == [0]


def test_bytes_are_kept_once(store: Store) -> None:
    answered(store, "", IMAGE, IMAGE)
    answered(store, "", IMAGE)
    assert counts(store, "items", "blobs") == [3, 1]


def test_an_answer_of_items_alone_is_an_answer(store: Store) -> None:
    """An image is; what a model thought before it was cut off is not."""
    store.answer("first", "1")
    answered(store, "", IMAGE)
    pk = store.now().pk
    assert store.reader.turns.last_answered(pk, 3) == 2
    assert store.reader.turns.context(pk, 3)[-1] == Message("assistant", "", items=(IMAGE,))
    answered(store, "", THOUGHT)
    assert store.reader.turns.last_answered(pk, 4) == 2
    assert len(store.reader.turns.context(pk, 4)) == 4


def test_the_context_has_the_items_of_each_turn(store: Store) -> None:
    answered(store, "See.", CITING)
    store.answer("plain", "2")
    answered(store, "", IMAGE)
    answers = store.reader.turns.context(store.now().pk, 4)[1::2]
    assert [answer.items for answer in answers] == [(CITING,), (), (IMAGE,)]
    assert store.reader.turns.items_at(store.now().pk, 3) == (IMAGE,)


def test_an_answer_to_a_call_belongs_to_the_run_that_called(store: Store) -> None:
    """Each run of a turn has its own calls, which may have the same ids."""
    run = store.open()
    say(store, run, CALL, answer_to(CALL, "42"))
    store.writer.runs.close(run, RunOutcome(RunState.FAILED, ""))
    assert query(store.url, "SELECT run_id, position FROM items ORDER BY position") == [
        (run.run, 1),
        (None, 2),
    ]
    execute(store.url, f"UPDATE runs SET turn_id = turn_id WHERE id = {run.run}")
    other = _retried(store, run)
    say(store, other, CALL, answer_to(CALL, "43"), CITING)
    store.writer.runs.close(other, RunOutcome(RunState.COMPLETED, "See."))
    turn = store.reader.turns.get(store.now(), 1)
    assert store.reader.items.with_bytes(turn.pk) == (CALL, answer_to(CALL, "43"), CITING)
    execute(store.url, f"UPDATE turns SET run_id = {run.run}")
    assert store.reader.items.with_bytes(turn.pk) == (CALL, answer_to(CALL, "42"))


def _retried(store: Store, run: OpenRun) -> OpenRun:
    """Another run of a turn."""
    columns = (
        "turn_id, conversation_id, assistant_version_id, provider, model, detail, error, "
        "thread_id, remote_id, started_at, pid, host, background, reasoning"
    )
    execute(
        store.url,
        f"INSERT INTO runs ({columns}, state, key) SELECT {columns}, 'running', 'k' FROM runs "
        f"WHERE id = {run.run}",
    )
    [(newest,)] = query(store.url, "SELECT max(id) FROM runs")
    execute(store.url, f"UPDATE turns SET run_id = {newest}")
    return OpenRun(run.conversation, run.provider, run.endpoint, newest, run.turn, run.position)


def test_an_item_that_was_written_is_not_written_again(store: Store) -> None:
    """A connection may break between a commit and its reply; then the write is tried again."""
    run = store.open()
    position = store.writer.runs.next_item(run)
    store.writer.runs.add_item(run, CALL, position)
    store.writer.runs.add_item(run, CALL, position)
    assert counts(store, "items") == [1]
    outcome = RunOutcome(RunState.CANCELLED, "")
    for _ in range(2):
        store.writer.runs.close(run, outcome, [answer_to(CALL, DECLINED)])
    assert counts(store, "items") == [2]
    assert store.reader.turns.items_at(store.now().pk, 1)[-1].content["declined"] is True


def test_what_a_run_used_before_it_waited_is_kept(store: Store) -> None:
    run = store.open()
    used = RunOutcome(RunState.REQUIRES_ACTION, "", usage=Usage(10, 2), cost=7, reasoning="hm")
    store.writer.runs.require_action(run, "look_up", used)
    assert store.reader.runs.used(run.run) == Usage(10, 2)
    progress = Progress()
    progress.begin_with(Usage(10, 2), "responses")
    progress.add_usage(Usage(20, 3, 4))
    progress.add_usage(Usage(30, 3, 4))  # a later report replaces an earlier one of the same step
    assert progress.usage == Usage(40, 5, 4)
    progress.begin_with(Usage(10, 2), "assistants")
    progress.add_usage(Usage(30, 3))  # the whole run's
    assert progress.usage == Usage(30, 3)
    store.writer.runs.close(run, RunOutcome(RunState.CANCELLED, ""))
    turn = store.reader.turns.get(store.now(), 1)
    assert (turn.input_tokens, turn.cost, turn.reasoning) == (10, 7, "hm")


def test_purging_takes_items_and_their_bytes(store: Store) -> None:
    answered(store, "See.", CITING, IMAGE, CALL, answer_to(CALL, "42"), name="goes")
    store.answer("stays", "yes", "stays")
    store.writer.trash.purge(trashed(store, "goes"))
    assert counts(store, "items", "blobs", "conversations") == [0, 0, 1]
    assert integrity.damage(store.url) == []


def test_damaged_items_are_noticed(sqlite_store: Store) -> None:
    answered(sqlite_store, "", IMAGE)
    assert integrity.damage(sqlite_store.url) == []
    execute(sqlite_store.url, "UPDATE items SET content = '{'")
    assert integrity.damage(sqlite_store.url) == ["1 rows of items hold values of a wrong kind"]


def test_a_kind_of_a_later_version_is_other(store: Store) -> None:
    answered(store, "", IMAGE)
    execute(store.url, "UPDATE items SET kind = 'hologram'")
    [item] = store.reader.turns.items_at(store.now().pk, 1)
    assert (item.kind, item.content, item.data) == (ItemKind.OTHER, {"type": "hologram"}, PNG)


def test_a_copy_of_a_run_has_the_answers_to_its_calls(store: Store) -> None:
    """As for a turn that takes the place of a shared one."""
    run = answered(store, "See.", CALL, answer_to(CALL, "42"), CITING)
    other = _retried(store, run)
    say(store, other, IMAGE)
    store.writer.runs.close(other, RunOutcome(RunState.COMPLETED, ""))
    turn = store.open("again").turn
    with store.writer.database.begin() as db:
        copy_run(db, run.conversation, turn, run.run, now())
    assert store.reader.items.with_bytes(turn) == (CALL, answer_to(CALL, "42"), CITING)


def test_a_failed_retry_leaves_an_answer_of_items(store: Store) -> None:
    run = answered(store, "", IMAGE)
    store.writer.runs.close(_retried(store, run), RunOutcome(RunState.FAILED, ""))
    assert store.reader.turns.items_at(run.conversation, 1) == (IMAGE,)
    other = _retried(store, run)
    say(store, other, CITING)
    store.writer.runs.close(other, RunOutcome(RunState.INTERRUPTED, ""))
    assert store.reader.turns.items_at(run.conversation, 1) == (CITING,)


def test_an_image_that_was_sent_back_is_a_file_at_the_server(store: Store) -> None:
    """So it is uploaded once, and deleted there with its conversation."""
    run = answered(store, "", IMAGE)
    sha256 = hashlib.sha256(PNG).hexdigest()
    store.writer.threads.set_file(sha256, "openai", ENDPOINT, "file-1")
    assert store.reader.threads.remote_files(run.conversation, "openai", ENDPOINT) == {
        sha256: RemoteFile("file-1", "image/png")
    }
    [copy] = store.reader.threads.copies(run.conversation)
    assert (copy.remote_id, copy.users) == ("file-1", {run.conversation: "plan"})
    store.writer.tree.fork(run.conversation, 1, "fork")
    [copy] = store.reader.threads.copies(run.conversation)
    assert set(copy.users.values()) == {"plan", "fork"}
    store.writer.tree.move_tip(run.conversation, 0, "undo")
    assert store.reader.threads.remote_files(run.conversation, "openai", ENDPOINT) == {}
    store.answer("other", "yes")
    [copy] = store.reader.threads.copies(run.conversation)
    assert set(copy.users.values()) == {"plan", "fork"}
