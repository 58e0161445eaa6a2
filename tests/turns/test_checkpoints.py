"""Checkpoints of long answers: each writes what is new, and readers see all that was written."""

import pytest

from chatmgr.domain.errors import DatabaseUnreachable
from chatmgr.domain.events import Delta
from chatmgr.domain.states import RunState
from chatmgr.store.location import sqlite_path
from chatmgr.store.writer import OpenRun, RunOutcome
from chatmgr.turns.progress import Progress
from chatmgr.turns.recorder import Recorder
from tests.support.store import Store, query

LONG = "So far. " * 100_000


def _checkpoint(store: Store, run: OpenRun, progress: Progress, *deltas: str) -> None:
    """What one second of a stream brings."""
    for delta in deltas:
        progress.add_delta(Delta(delta))
    Recorder(store.writer).checkpoint(run, progress)


def _set(store: Store, pragma: str) -> None:
    """Change a setting of the writer's connection."""
    with store.writer.database.engine.connect() as connection:
        connection.connection.cursor().execute(f"PRAGMA {pragma}")


def _shown(store: Store) -> list[str]:
    """The answer of the last turn as each reader gives it."""
    conversation = store.now()
    live_run = store.reader.runs.live(conversation.pk)
    [turn] = store.reader.turns.tail(conversation, 1)
    [run] = store.reader.turns.runs(conversation, 1)
    [piece] = store.reader.export.pieces(conversation.pk)
    [records] = store.reader.export.turn_records(piece, 1)
    exported = [message["content"] for message in records[0]["messages"] if message["run_id"]]
    return [live_run.text if live_run else turn.answer, turn.answer, run.answer, *exported]


def test_what_is_new_of_a_long_answer_is_all_that_is_written(sqlite_store: Store) -> None:
    run, progress = sqlite_store.open(), Progress()
    path = sqlite_path(sqlite_store.url)
    assert path is not None
    log = path.with_name(f"{path.name}-wal")
    _set(sqlite_store, "wal_autocheckpoint=0")
    _checkpoint(sqlite_store, run, progress, LONG)
    before = log.stat().st_size
    for _ in range(10):
        _checkpoint(sqlite_store, run, progress, "And more.")
    assert log.stat().st_size - before < 10 * 8 * 4096
    assert log.stat().st_size - before < len(LONG)


def test_parts_are_read_as_one_answer_and_become_one(store: Store) -> None:
    run, progress = store.open(), Progress()
    parts = [LONG, "One. ", "Two. ", "名古屋 🎏", "Three."]
    for count, part in enumerate(parts, 1):
        _checkpoint(store, run, progress, part)
        assert set(_shown(store)) == {"".join(parts[:count])}
    assert query(store.url, "SELECT count(*) FROM answer_parts") == [(4,)]
    store.writer.runs.close(run, RunOutcome(RunState.COMPLETED, progress.text, thread_synced=True))
    assert set(_shown(store)) == {"".join(parts)}
    assert query(store.url, "SELECT count(*) FROM answer_parts") == [(0,)]


def test_a_recovered_answer_grows_from_where_it_was(store: Store) -> None:
    run, progress = store.open(), Progress()
    _checkpoint(store, run, progress, LONG)
    _checkpoint(store, run, progress, "One. ")
    live_run = store.reader.runs.live(run.conversation)
    assert live_run is not None
    recovered = Progress(live_run.text)
    _checkpoint(store, run, recovered)
    _checkpoint(store, run, recovered, "Two.")
    assert set(_shown(store)) == {f"{LONG}One. Two."}


def test_a_character_cut_in_two_is_saved_whole(store: Store) -> None:
    run, progress = store.open(), Progress()
    _checkpoint(store, run, progress, LONG, "A fish \ud83c")
    assert _shown(store)[0] == LONG
    _checkpoint(store, run, progress, "\udf8f!")
    assert _shown(store)[0] == f"{LONG}A fish 🎏!"


def test_a_part_that_could_not_be_written_is_in_the_next(sqlite_store: Store) -> None:
    run, progress = sqlite_store.open(), Progress()
    _checkpoint(sqlite_store, run, progress, LONG)
    _set(sqlite_store, "query_only=ON")
    with pytest.raises(DatabaseUnreachable):
        _checkpoint(sqlite_store, run, progress, "One. ")
    _set(sqlite_store, "query_only=OFF")
    _checkpoint(sqlite_store, run, progress, "Two.")
    assert set(_shown(sqlite_store)) == {f"{LONG}One. Two."}


def test_a_checkpoint_that_comes_late_changes_nothing(store: Store) -> None:
    """Who does not wait for the checkpoint's thread closes the run before it."""
    run = store.answer("hello", "the whole answer")
    store.writer.runs.checkpoint(run, "the who")
    assert query(store.url, "SELECT content FROM messages WHERE role = 'assistant'") == [
        ("the whole answer",)
    ]
