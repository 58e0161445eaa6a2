"""A turn's life in the database: opened, sent, checkpointed, closed; what is known of its thread."""

import os
import platform

import pytest

from chatmgr.domain.errors import Busy
from chatmgr.domain.events import Usage
from chatmgr.domain.remote import ThreadRef
from chatmgr.domain.states import LIVE, RunState
from chatmgr.store.writer import RunOutcome
from tests.support.store import ENDPOINT, Store, execute, query, snapshot

REFUSING_RUNS = {
    "sqlite": ["CREATE TRIGGER refuse BEFORE INSERT ON runs BEGIN SELECT RAISE(ABORT, 'no run'); END"],
    "postgresql": [
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE unique_violation USING MESSAGE = 'no run'; END $$",
        "CREATE TRIGGER refuse BEFORE INSERT ON runs FOR EACH ROW EXECUTE FUNCTION refuse()",
    ],
}


def _thread(store: Store) -> ThreadRef | None:
    return store.reader.threads.get(store.now().pk, "openai", ENDPOINT)


def test_opening_a_turn_commits_turn_message_and_run(store: Store) -> None:
    run = store.open("hello 🦊\r\n  kept as typed ")
    plan = store.now()
    assert (run.position, run.conversation, run.endpoint) == (1, plan.pk, ENDPOINT)
    assert (plan.turns, plan.state, plan.live) == (1, "pending", True)
    turn = store.reader.turns.get(plan, 1)
    assert (turn.user, turn.answer, turn.state) == ("hello 🦊\r\n  kept as typed ", "", "pending")
    live = store.reader.runs.live(plan.pk)
    assert live is not None
    assert (live.run_pk, live.turn_pk, live.conversation_pk, live.position) == (run.run, run.turn, plan.pk, 1)
    assert (live.state, live.sent, live.text) == (RunState.PENDING, False, "")
    assert (live.pid, live.host) == (os.getpid(), platform.node())
    assert (live.provider, live.model) == ("openai", "gpt-x")


def test_a_turn_that_cannot_be_opened_leaves_nothing(store: Store) -> None:
    store.answer("hello", "hi")
    before = snapshot(store.url)
    execute(store.url, *REFUSING_RUNS[store.url.split(":")[0]])
    with pytest.raises(Busy):
        store.open("lost?")
    assert snapshot(store.url) == before
    assert store.now().turns == 1


def test_a_conversation_has_one_live_run_at_most(store: Store) -> None:
    run = store.open("first")
    before = snapshot(store.url)
    for live in sorted(LIVE):
        execute(store.url, f"UPDATE runs SET state = '{live}'")
        with pytest.raises(Busy) as caught:
            store.open("second")
        assert caught.value.exit_code == 8
    execute(store.url, "UPDATE runs SET state = 'pending'")
    assert snapshot(store.url) == before
    assert store.open("elsewhere", "other").position == 1
    store.writer.runs.close(run, RunOutcome(RunState.CANCELLED, ""))
    assert store.open("second").position == 2


def test_a_run_records_the_version_it_used(store: Store) -> None:
    store.answer("hello", "hi")
    first = store.assistant()
    store.writer.assistants.edit(first, "Be strict.", "gpt-y", "openai", {})
    store.answer("again", "hm")
    used = query(store.url, "SELECT assistant_version_id FROM runs ORDER BY id")
    assert used == [(first.version_id,), (store.assistant().version_id,)]


def test_sending_makes_the_run_run_and_its_thread_doubtful(store: Store) -> None:
    run = store.open()
    store.writer.threads.set(run, "conv_1", 0)
    assert _thread(store) == ThreadRef("conv_1", 0, doubtful=False)
    store.writer.runs.mark_sent(run)
    assert _thread(store) == ThreadRef("conv_1", 0, doubtful=True)
    live = store.reader.runs.live(run.conversation)
    assert live is not None
    assert (live.state, live.sent) == (RunState.RUNNING, True)


@pytest.mark.parametrize(
    ("thread_synced", "thread"),
    [
        (True, ThreadRef("conv_1", 2, doubtful=False)),
        (False, ThreadRef("conv_1", 1, doubtful=True)),
        (None, ThreadRef("conv_1", 1, doubtful=False)),
    ],
)
def test_closing_says_what_the_thread_holds(
    store: Store, thread_synced: bool | None, thread: ThreadRef
) -> None:
    store.answer("hello", "hi")
    run = store.open("again")
    store.writer.threads.set(run, "conv_1", 1)
    store.writer.runs.mark_sent(run)
    store.writer.runs.close(run, RunOutcome(RunState.FAILED, "", thread_synced=thread_synced))
    assert _thread(store) == thread


def test_a_turn_that_was_never_sent_does_not_clear_an_older_doubt(store: Store) -> None:
    """Turn 1 was cut off; turn 2 could not even reach the server: the thread may still hold turn 1."""
    first = store.open()
    store.writer.threads.set(first, "conv_1", 0)
    store.writer.runs.mark_sent(first)
    store.writer.runs.close(first, RunOutcome(RunState.INTERRUPTED, "", thread_synced=False))
    second = store.open()
    store.writer.runs.close(second, RunOutcome(RunState.FAILED, "", thread_synced=None))
    assert _thread(store) == ThreadRef("conv_1", 0, doubtful=True)


def test_a_new_thread_drops_the_old(store: Store) -> None:
    run = store.open()
    for remote in ("conv_1", "conv_2"):
        store.writer.threads.set(run, remote, 0)
    assert _thread(store) == ThreadRef("conv_2", 0)
    assert store.now().thread_id == "conv_2"
    kept = query(store.url, "SELECT remote_id, dropped_at IS NULL FROM threads ORDER BY id")
    assert [(remote, bool(current)) for remote, current in kept] == [("conv_1", False), ("conv_2", True)]
    assert store.reader.threads.get(run.conversation, "openai", "https://elsewhere.test") is None


def test_remote_ids_are_added_as_they_become_known(store: Store) -> None:
    run = store.open()
    store.writer.runs.record_ids(run, "conv_1", "", "")
    store.writer.runs.record_ids(run, "", "resp_1", "gpt-x-2026")
    store.writer.runs.record_ids(run, "", "", "")
    live = store.reader.runs.live(run.conversation)
    assert live is not None
    assert (live.thread_id, live.run_id, live.model) == ("conv_1", "resp_1", "gpt-x-2026")


def test_checkpoints_replace_each_other(store: Store) -> None:
    run = store.open()
    for text in ("So", "So far", "So far, so good"):
        store.writer.runs.checkpoint(run, text)
        live = store.reader.runs.live(run.conversation)
        assert live is not None
        assert live.text == text
    assert query(store.url, "SELECT content FROM messages WHERE role = 'assistant'") == [("So far, so good",)]


def test_closing_keeps_everything_together(store: Store) -> None:
    run = store.open()
    store.writer.runs.mark_sent(run)
    store.writer.runs.checkpoint(run, "So")
    store.writer.runs.close(
        run, RunOutcome(RunState.INCOMPLETE, "So far", "max_output_tokens", "cut off", Usage(7, None))
    )
    turn = store.reader.turns.get(store.now(), 1)
    assert (turn.answer, turn.state, turn.detail) == ("So far", "incomplete", "max_output_tokens")
    assert (turn.error, turn.input_tokens, turn.output_tokens) == ("cut off", 7, None)
    assert turn.started_at is not None
    assert turn.finished_at is not None
    assert turn.finished_at >= turn.started_at
    assert turn.started_at.utcoffset() is not None
    assert not store.now().live
    assert store.reader.runs.live(run.conversation) is None


def test_closing_without_text_keeps_what_had_come(store: Store) -> None:
    run = store.open()
    store.writer.runs.checkpoint(run, "So far")
    store.writer.runs.close(run, RunOutcome(RunState.INTERRUPTED, ""))
    assert store.reader.turns.get(store.now(), 1).answer == "So far"
    assert store.reader.turns.last_answered(run.conversation, 2) == 1


def test_a_run_that_waits_for_a_tool_stays_live(store: Store) -> None:
    run = store.open()
    store.writer.runs.require_action(run, "tool")
    assert store.now().live
    turn = store.reader.turns.get(store.now(), 1)
    assert (turn.state, turn.detail) == ("requires_action", "tool")


def test_only_an_end_closes_a_run(store: Store) -> None:
    run = store.open()
    for live in LIVE:
        with pytest.raises(ValueError, match="does not close"):
            store.writer.runs.close(run, RunOutcome(live, ""))
    assert store.now().live


def test_any_text_survives(store: Store) -> None:
    """Quotes, percent signs, colons, tabs, a megabyte: content is never part of a statement."""
    odd = "'\"; -- %s %(x)s :name ?\t\x01\r\n\u2028 ﷽ e\u0301 " + "é" * 500_000
    store.answer(odd, odd)
    turn = store.reader.turns.get(store.now(), 1)
    assert turn.user == odd
    assert turn.answer == odd
