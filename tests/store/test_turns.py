"""A turn's life in the database: opened, sent, checkpointed, closed; what is known of its thread."""

import os
import platform

import pytest

from chatmgr.domain.errors import Busy
from chatmgr.domain.events import Usage
from chatmgr.domain.model import ThreadRef
from chatmgr.domain.states import LIVE, RunState
from chatmgr.store.writer import RunOutcome
from tests.support.store import ENDPOINT, Desk, ask, tables, tell

REFUSING_RUNS = {
    "sqlite": ["CREATE TRIGGER refuse BEFORE INSERT ON runs BEGIN SELECT RAISE(ABORT, 'no run'); END"],
    "postgresql": [
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE unique_violation USING MESSAGE = 'no run'; END $$",
        "CREATE TRIGGER refuse BEFORE INSERT ON runs FOR EACH ROW EXECUTE FUNCTION refuse()",
    ],
}


def _thread(desk: Desk) -> ThreadRef | None:
    return desk.reader.threads.get(desk.now().pk, "openai", ENDPOINT)


def test_opening_a_turn_commits_turn_message_and_run(desk: Desk) -> None:
    run = desk.open("hello 🦊\r\n  kept as typed ")
    plan = desk.now()
    assert (run.position, run.conversation, run.endpoint) == (1, plan.pk, ENDPOINT)
    assert (plan.turns, plan.state, plan.live) == (1, "pending", True)
    turn = desk.reader.turns.get(plan, 1)
    assert (turn.user, turn.answer, turn.state) == ("hello 🦊\r\n  kept as typed ", "", "pending")
    live = desk.reader.runs.live(plan.pk)
    assert live is not None
    assert (live.run_pk, live.turn_pk, live.conversation_pk, live.position) == (run.run, run.turn, plan.pk, 1)
    assert (live.state, live.sent, live.text) == (RunState.PENDING, False, "")
    assert (live.pid, live.host) == (os.getpid(), platform.node())
    assert (live.provider, live.model) == ("openai", "gpt-x")


def test_a_turn_that_cannot_be_opened_leaves_nothing(desk: Desk) -> None:
    desk.answer("hello", "hi")
    before = tables(desk.url)
    tell(desk.url, *REFUSING_RUNS[desk.url.split(":")[0]])
    with pytest.raises(Busy):
        desk.open("lost?")
    assert tables(desk.url) == before
    assert desk.now().turns == 1


def test_a_conversation_has_one_live_run_at_most(desk: Desk) -> None:
    run = desk.open("first")
    before = tables(desk.url)
    for live in sorted(LIVE):
        tell(desk.url, f"UPDATE runs SET state = '{live}'")
        with pytest.raises(Busy) as caught:
            desk.open("second")
        assert caught.value.exit_code == 8
    tell(desk.url, "UPDATE runs SET state = 'pending'")
    assert tables(desk.url) == before
    assert desk.open("elsewhere", "other").position == 1
    desk.writer.runs.close(run, RunOutcome(RunState.CANCELLED, ""))
    assert desk.open("second").position == 2


def test_a_run_records_the_version_it_used(desk: Desk) -> None:
    desk.answer("hello", "hi")
    first = desk.assistant()
    desk.writer.assistants.edit(first, "Be strict.", "gpt-y", "openai", {})
    desk.answer("again", "hm")
    used = ask(desk.url, "SELECT assistant_version_id FROM runs ORDER BY id")
    assert used == [(first.version_id,), (desk.assistant().version_id,)]


def test_sending_makes_the_run_run_and_its_thread_doubtful(desk: Desk) -> None:
    run = desk.open()
    desk.writer.threads.set(run, "conv_1", 0)
    assert _thread(desk) == ThreadRef("conv_1", 0, doubtful=False)
    desk.writer.runs.mark_sent(run)
    assert _thread(desk) == ThreadRef("conv_1", 0, doubtful=True)
    live = desk.reader.runs.live(run.conversation)
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
    desk: Desk, thread_synced: bool | None, thread: ThreadRef
) -> None:
    desk.answer("hello", "hi")
    run = desk.open("again")
    desk.writer.threads.set(run, "conv_1", 1)
    desk.writer.runs.mark_sent(run)
    desk.writer.runs.close(run, RunOutcome(RunState.FAILED, "", thread_synced=thread_synced))
    assert _thread(desk) == thread


def test_a_turn_that_was_never_sent_does_not_clear_an_older_doubt(desk: Desk) -> None:
    """Turn 1 was cut off; turn 2 could not even reach the server: the thread may still hold turn 1."""
    first = desk.open()
    desk.writer.threads.set(first, "conv_1", 0)
    desk.writer.runs.mark_sent(first)
    desk.writer.runs.close(first, RunOutcome(RunState.INTERRUPTED, "", thread_synced=False))
    second = desk.open()
    desk.writer.runs.close(second, RunOutcome(RunState.FAILED, "", thread_synced=None))
    assert _thread(desk) == ThreadRef("conv_1", 0, doubtful=True)


def test_a_new_thread_drops_the_old(desk: Desk) -> None:
    run = desk.open()
    for remote in ("conv_1", "conv_2"):
        desk.writer.threads.set(run, remote, 0)
    assert _thread(desk) == ThreadRef("conv_2", 0)
    assert desk.now().thread_id == "conv_2"
    kept = ask(desk.url, "SELECT remote_id, dropped_at IS NULL FROM threads ORDER BY id")
    assert [(remote, bool(current)) for remote, current in kept] == [("conv_1", False), ("conv_2", True)]
    assert desk.reader.threads.get(run.conversation, "openai", "https://elsewhere.test") is None


def test_remote_ids_are_added_as_they_become_known(desk: Desk) -> None:
    run = desk.open()
    desk.writer.runs.record_ids(run, "conv_1", "", "")
    desk.writer.runs.record_ids(run, "", "resp_1", "gpt-x-2026")
    desk.writer.runs.record_ids(run, "", "", "")
    live = desk.reader.runs.live(run.conversation)
    assert live is not None
    assert (live.thread_id, live.run_id, live.model) == ("conv_1", "resp_1", "gpt-x-2026")


def test_checkpoints_replace_each_other(desk: Desk) -> None:
    run = desk.open()
    for text in ("So", "So far", "So far, so good"):
        desk.writer.runs.checkpoint(run, text)
        live = desk.reader.runs.live(run.conversation)
        assert live is not None
        assert live.text == text
    assert ask(desk.url, "SELECT content FROM messages WHERE role = 'assistant'") == [("So far, so good",)]


def test_closing_keeps_everything_together(desk: Desk) -> None:
    run = desk.open()
    desk.writer.runs.mark_sent(run)
    desk.writer.runs.checkpoint(run, "So")
    desk.writer.runs.close(
        run, RunOutcome(RunState.INCOMPLETE, "So far", "max_output_tokens", "cut off", Usage(7, None))
    )
    turn = desk.reader.turns.get(desk.now(), 1)
    assert (turn.answer, turn.state, turn.detail) == ("So far", "incomplete", "max_output_tokens")
    assert (turn.error, turn.input_tokens, turn.output_tokens) == ("cut off", 7, None)
    assert turn.started_at is not None
    assert turn.finished_at is not None
    assert turn.finished_at >= turn.started_at
    assert turn.started_at.utcoffset() is not None
    assert not desk.now().live
    assert desk.reader.runs.live(run.conversation) is None


def test_closing_without_text_keeps_what_had_come(desk: Desk) -> None:
    run = desk.open()
    desk.writer.runs.checkpoint(run, "So far")
    desk.writer.runs.close(run, RunOutcome(RunState.INTERRUPTED, ""))
    assert desk.reader.turns.get(desk.now(), 1).answer == "So far"
    assert desk.reader.turns.last_answered(run.conversation, 2) == 1


def test_a_run_that_waits_for_a_tool_stays_live(desk: Desk) -> None:
    run = desk.open()
    desk.writer.runs.require_action(run, "tool")
    assert desk.now().live
    turn = desk.reader.turns.get(desk.now(), 1)
    assert (turn.state, turn.detail) == ("requires_action", "tool")


def test_only_an_end_closes_a_run(desk: Desk) -> None:
    run = desk.open()
    for live in LIVE:
        with pytest.raises(ValueError, match="does not close"):
            desk.writer.runs.close(run, RunOutcome(live, ""))
    assert desk.now().live


def test_any_text_survives(desk: Desk) -> None:
    """Quotes, percent signs, colons, tabs, a megabyte: content is never part of a statement."""
    odd = "'\"; -- %s %(x)s :name ?\t\x01\r\n\u2028 ﷽ e\u0301 " + "é" * 500_000
    desk.answer(odd, odd)
    turn = desk.reader.turns.get(desk.now(), 1)
    assert turn.user == odd
    assert turn.answer == odd
