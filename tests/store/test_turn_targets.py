"""Turns that are asked or answered anew: where they go, what stays, and what sums count."""

import pytest

from chatmgr.domain.filters import EVERYTHING
from chatmgr.domain.model import Attachment
from chatmgr.domain.search import parse_query
from chatmgr.domain.states import RunState
from chatmgr.domain.turn_target import TurnTarget
from chatmgr.services.statistics import RANKINGS, statistics
from chatmgr.store import migrate
from chatmgr.store.writer import OpenRun, RunOutcome, ThreadKey
from tests.support.sample_items import IMAGE, say
from tests.support.store import ENDPOINT, Store

NOTE = Attachment("notes.txt", "text/plain", "5" * 64, b"12 apples")
Path = list[tuple[str, str]]


@pytest.fixture
def plan(store: Store) -> Store:
    """A store with the conversation ``plan``, of three turns."""
    for text in ("one", "two", "three"):
        store.answer(text, text.upper())
    return store


def path(store: Store, name: str = "plan") -> Path:
    """The questions and answers on a conversation's path."""
    return [(turn.user, turn.answer) for turn in store.reader.turns.list(store.now(name))]


def left(store: Store, number: int, name: str = "plan") -> Path:
    """Those on another of its paths."""
    along = store.reader.tree.along(store.now(name), number)
    assert [turn.conversation for turn in store.reader.turns.list(along)] == [along.name] * along.turns
    return [(turn.user, turn.answer) for turn in store.reader.turns.list(along)]


def anew(store: Store, text: str, target: TurnTarget, name: str = "plan") -> OpenRun:
    """Open a run where a target says."""
    pk = store.now(name).pk
    return store.writer.turns.open(pk, store.assistant(), "m", "openai", ENDPOINT, text, target=target)


def close(store: Store, run: OpenRun, text: str, state: RunState = RunState.COMPLETED) -> None:
    """End a run."""
    store.writer.runs.close(run, RunOutcome(state, text, thread_synced=True, cost=5))


def is_sound(store: Store) -> bool:
    """Whether the search index agrees with the turns."""
    store.reader.close()
    return migrate.check_search(store.url)


def test_a_turn_in_place_of_another_leaves_the_path(plan: Store) -> None:
    before = path(plan)
    close(plan, anew(plan, "zwei", TurnTarget(2, "edit")), "ZWEI")
    assert path(plan) == [("one", "ONE"), ("zwei", "ZWEI")]
    assert left(plan, 1) == before
    assert left(plan, 2) == path(plan)
    plan.answer("drei", "DREI")
    assert path(plan)[-1] == ("drei", "DREI")
    close(plan, anew(plan, "eins", TurnTarget(1, "edit")), "EINS")
    assert path(plan) == [("eins", "EINS")]
    assert left(plan, 2)[1:] == [("zwei", "ZWEI"), ("drei", "DREI")]
    assert plan.reader.tree.current(plan.now()) == 3
    assert is_sound(plan)


def test_another_run_answers_the_turn_and_the_one_before_stays_beside_it(plan: Store) -> None:
    close(plan, anew(plan, "three", TurnTarget(3, "retry", again=True)), "DREI")
    assert path(plan)[-1] == ("three", "DREI")
    assert [run.answer for run in plan.reader.turns.runs(plan.now(), 3)] == ["THREE", "DREI"]
    assert plan.now().turns == 3
    assert is_sound(plan)
    assert [hit.turn for hit in plan.reader.search.find(parse_query("drei"), EVERYTHING, 5).hits] == [3]


@pytest.mark.parametrize("state", [RunState.FAILED, RunState.CANCELLED, RunState.INTERRUPTED])
def test_a_run_that_gives_nothing_leaves_the_answer_before(plan: Store, state: RunState) -> None:
    run = anew(plan, "three", TurnTarget(3, "retry", again=True))
    assert plan.now().live
    close(plan, run, "", state)
    assert path(plan)[-1] == ("three", "THREE")
    assert plan.now().state == "completed"
    assert is_sound(plan)
    close(plan, anew(plan, "three", TurnTarget(3, "retry", again=True)), "DR", state)
    assert path(plan)[-1] == ("three", "DR")


def test_a_run_that_gives_nothing_leaves_the_answer_that_was_picked(plan: Store) -> None:
    pk, again = plan.now().pk, TurnTarget(3, "retry", again=True)
    close(plan, anew(plan, "three", again), "III")
    plan.writer.tree.pick(pk, 3, plan.reader.turns.runs(plan.now(), 3)[0].pk)
    close(plan, anew(plan, "three", again), "", RunState.FAILED)
    assert path(plan)[-1] == ("three", "THREE")
    assert plan.now().state == "completed"
    assert is_sound(plan)


def test_a_run_that_gives_an_image_alone_has_given_something(plan: Store) -> None:
    run = anew(plan, "three", TurnTarget(3, "retry", again=True))
    say(plan, run, IMAGE)
    close(plan, run, "", RunState.INTERRUPTED)
    assert path(plan)[-1] == ("three", "")


def test_an_answer_goes_on_from_what_there_was(plan: Store) -> None:
    close(plan, plan.open("four"), "FO", RunState.INTERRUPTED)
    [before] = plan.reader.turns.runs(plan.now(), 4)
    run = anew(plan, "four", TurnTarget(4, "continue", "", True, "FO", before.pk))
    live = plan.reader.runs.live(plan.now().pk)
    assert live is not None
    assert (live.text, live.begun) == ("FO", "FO")
    plan.writer.runs.checkpoint(run, "FOU")
    live = plan.reader.runs.live(plan.now().pk)
    assert live is not None
    assert (live.text, live.begun) == ("FOU", "FO")
    close(plan, run, "FO", RunState.FAILED)
    assert [turn.state for turn in plan.reader.turns.tail(plan.now(), 1)] == ["interrupted"]
    close(plan, anew(plan, "four", TurnTarget(4, "continue", "", True, "FO", before.pk)), "FOUR")
    assert path(plan)[-1] == ("four", "FOUR")
    assert is_sound(plan)


def test_an_answer_of_a_shared_turn_goes_on_in_a_copy(plan: Store) -> None:
    close(plan, plan.open("four"), "FO", RunState.INTERRUPTED)
    plan.writer.tree.fork(plan.now().pk, 4, "fork")
    [before] = plan.reader.turns.runs(plan.now(), 4)
    close(plan, anew(plan, "four", TurnTarget(4, "continue", "", False, "FO", before.pk), "fork"), "FOUR")
    assert path(plan)[-1] == ("four", "FO")
    assert path(plan, "fork")[-1] == ("four", "FOUR")
    runs = plan.reader.turns.runs(plan.now("fork"), 4)
    assert [(run.answer, run.cost, run.input_tokens) for run in runs] == [("FO", 0, 0), ("FOUR", 5, None)]
    assert is_sound(plan)


def test_picking_in_a_copy_counts_each_run_once(store: Store) -> None:
    pk = store.conversation().pk
    run = store.writer.turns.open(pk, store.assistant(), "m", "openai", ENDPOINT, "one", attachments=(NOTE,))
    store.writer.runs.close(run, RunOutcome(RunState.COMPLETED, "ONE", cost=3))
    close(store, anew(store, "one", TurnTarget(1, "retry", again=True)), "EINS")
    store.answer("two", "TWO")
    [first, _] = store.reader.turns.runs(store.now(), 1)
    spent = store.reader.runs.cost(pk)
    store.writer.tree.pick_copy(pk, 1, first.pk)
    assert path(store) == [("one", "ONE")]
    assert left(store, 1) == [("one", "EINS"), ("two", "TWO")]
    [turn] = store.reader.turns.list(store.now())
    assert [file.name for file in store.reader.turns.attachments(turn)] == ["notes.txt"]
    assert store.reader.turns.context(pk, 2)[0].attachments == (NOTE,)
    assert store.reader.runs.cost(pk) == spent
    assert is_sound(store)


def test_sums_leave_out_runs_that_were_copied(plan: Store) -> None:
    plan.writer.tree.fork(plan.now().pk, 3, "fork")
    fork = plan.now("fork").pk
    before = counts(plan)
    plan.writer.tree.pick_copy(fork, 3, plan.reader.turns.runs(plan.now(), 3)[0].pk)
    assert path(plan, "fork") == path(plan)
    assert counts(plan) == before
    assert plan.reader.stats.total_of(fork) is None
    [copied] = plan.reader.turns.runs(plan.now("fork"), 3)
    target = TurnTarget(3, "continue", "", False, "THREE", copied.pk)
    close(plan, anew(plan, "three", target, "fork"), "THREE!")
    assert counts(plan) == [("plan", 3, 3), ("fork", 1, 1)]
    source = plan.now().pk
    plan.writer.trash.put([source])
    plan.writer.trash.purge([source])
    assert counts(plan) == [("fork", 4, 4)]


def counts(store: Store) -> list[tuple[str, int, int]]:
    """The turns and runs that each conversation made, as every way of counting has it."""
    whole, quick = (statistics(store.reader, EVERYTHING, moments=moments) for moments in (True, False))
    assert whole is not None
    assert quick is not None
    assert quick.total == whole.total
    for ranking in RANKINGS:
        quick_rows, rows = (
            [(row.key, row.turns, row.runs, row.cost) for row in each.rows(ranking)]
            for each in (quick, whole)
        )
        assert quick_rows == rows
    assert sum(row.runs for row in whole.rows("day")) == whole.total.runs
    return [(row.key, row.turns, row.runs) for row in quick.rows("conversation")]


def test_threads_know_how_much_of_the_path_they_hold(plan: Store) -> None:
    key = ThreadKey(plan.now().pk, "openai", ENDPOINT)
    plan.writer.threads.set(key, "thread_1", 3)

    def held(before: int) -> tuple[int, int, bool]:
        thread = plan.reader.threads.get(*key_of(key), before=before)
        assert thread is not None
        return thread.synced, thread.ahead, thread.doubtful

    assert held(4) == (3, 0, False)
    plan.writer.tree.move_tip(key.conversation, 2, "undo")
    assert held(3) == (2, 1, False)
    plan.writer.tree.move_tip(key.conversation, 3, "redo")
    assert held(4) == (3, 0, False)
    run = anew(plan, "three", TurnTarget(3, "retry", again=True))
    assert held(3) == (2, 1, True)
    close(plan, run, "DREI")
    assert held(4) == (3, 0, False)
    close(plan, anew(plan, "zwei", TurnTarget(2, "edit")), "ZWEI")
    plan.writer.threads.set(key, "thread_2", 2)
    branches = plan.reader.tree
    plan.writer.tree.switch(key.conversation, branches.along(plan.now(), 1).branch, 3)
    assert held(4) == (1, 1, False)
    plan.writer.tree.fork(key.conversation, 3, "fork")
    assert plan.reader.threads.get(plan.now("fork").pk, key.provider, key.endpoint) is None


def key_of(key: ThreadKey) -> tuple[int, str, str]:
    """The arguments that a thread is read by."""
    return key.conversation, key.provider, key.endpoint


def test_a_fork_of_another_path(plan: Store) -> None:
    before = path(plan)
    close(plan, anew(plan, "zwei", TurnTarget(2, "edit")), "ZWEI")
    along = plan.reader.tree.along(plan.now(), 1)
    plan.writer.tree.fork(along.pk, 3, "fork", branch=along.branch)
    assert path(plan, "fork") == before
    plan.answer("four", "FOUR", "fork")
    assert left(plan, 1) == before
    assert path(plan, "fork")[-1] == ("four", "FOUR")


def test_a_turn_of_a_path_that_was_left_is_found_once_its_source_is_gone(plan: Store) -> None:
    source = plan.now().pk
    plan.writer.tree.fork(source, 3, "fork")
    plan.answer("four", "FOUR", name="fork")
    plan.writer.tree.move_tip(plan.now("fork").pk, 1, "undo")
    plan.answer("other", "OTHER", name="fork")
    for gone in (plan.writer.trash.put, plan.writer.trash.purge):
        gone([source])
        found = plan.reader.search.find(parse_query("two"), EVERYTHING, 5, all_paths=True).hits
        assert [(hit.conversation, hit.path, hit.turn) for hit in found] == [("fork", 1, 2)]
    assert left(plan, 1, "fork")[1] == ("two", "TWO")
