"""Writers queue: nobody gives up because others write, and a long wait is announced."""

import sqlite3
import threading
import time
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from chatmgr.domain.events import Delta
from chatmgr.domain.interrupts import interrupts
from chatmgr.domain.states import RunState
from chatmgr.store import write_queue
from chatmgr.store.location import sqlite_path
from chatmgr.store.writer import RunOutcome, Writer
from chatmgr.turns.progress import Progress
from chatmgr.turns.recorder import Recorder
from tests.support.processes import until
from tests.support.store import Store, connected, query
from tests.support.store_processes import OtherProcess


def _path(url: str) -> Path:
    path = sqlite_path(url)
    assert path is not None
    return path


def hold(url: str, pipe: Connection) -> None:
    """Hold the place of the writer until told to let go."""
    with write_queue.writing(_path(url), purpose=pipe.recv()[0]):
        pipe.send("held")
        pipe.recv()
    pipe.send("done")


def write_many(url: str, pipe: Connection) -> None:
    """Run turns one after the other; tell how long the slowest write took."""
    name, count = pipe.recv()
    store = Store(url)
    slowest = 0.0
    for number in range(count):
        began = time.monotonic()
        store.answer(f"question {number}", "answer", name)
        slowest = max(slowest, time.monotonic() - began)
    store.close()
    pipe.send(slowest)


def housekeep(url: str, pipe: Connection) -> None:
    """Take the writer's place again and again, and let others in between."""
    path = _path(url)
    pipe.recv()
    steps = 0
    while not pipe.poll():
        with write_queue.writing(path, purpose="is tidying"):
            steps += 1
        write_queue.let_others_write(path)
    pipe.send(steps)


def _wait_until_queued(url: str) -> None:
    while not write_queue.others_wait(_path(url)):
        time.sleep(0.005)


def write_title(url: str, pipe: Connection) -> None:
    """Write once, and tell all that was announced meanwhile."""
    announced: list[str] = []
    write_queue.ANNOUNCE_SECONDS = 0.05
    writer = Writer(url, announced.append)
    pipe.send("ready")
    pipe.recv()
    writer.conversations.set_title(1, "written")
    writer.close()
    pipe.send(announced)


def test_a_writer_waits_and_says_what_for(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    store.conversation()
    holder, writer = OtherProcess(hold, sqlite_url), OtherProcess(write_title, sqlite_url)
    assert writer.pipe.recv() == "ready"
    assert holder.ask("is emptying the trash") == "held"
    writer.pipe.send("go")
    _wait_until_queued(sqlite_url)
    time.sleep(0.2)  # past what is announced; not to wait for anything
    assert store.now().title == "Plan"
    assert holder.ask("let go") == "done"
    announced = writer.pipe.recv()
    assert len(announced) == 1
    assert "another chatmgr process is emptying the trash" in announced[0]
    assert store.now().title == "written"
    for process in (holder, writer):
        process.close()
    store.close()


def test_a_killed_holder_lets_the_next_one_in(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    store.conversation()
    holder, writer = OtherProcess(hold, sqlite_url), OtherProcess(write_title, sqlite_url)
    assert writer.pipe.recv() == "ready"
    assert holder.ask("is emptying the trash") == "held"
    writer.pipe.send("go")
    _wait_until_queued(sqlite_url)
    holder.kill()
    assert writer.pipe.recv() is not None
    assert store.now().title == "written"
    for process in (holder, writer):
        process.close()
    store.close()


def test_ctrl_c_leaves_the_queue(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who gave up does not get the lock later on, and keep it."""
    store = Store(sqlite_url)
    store.conversation()
    holder = OtherProcess(hold, sqlite_url)
    assert holder.ask("") == "held"

    def interrupt(_self: threading.Event, _timeout: float | None = None) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(threading.Event, "wait", interrupt)
        with pytest.raises(KeyboardInterrupt), write_queue.writing(_path(sqlite_url)):
            raise AssertionError
    assert holder.ask("let go") == "done"
    again = OtherProcess(hold, sqlite_url)
    assert again.ask("") == "held"
    again.close()
    holder.close()
    store.close()


def test_a_checkpoint_that_nobody_waits_for_leaves_the_queue(sqlite_url: str) -> None:
    """The answer was stopped beside a writer that never ends: its end waits there, and only its end."""
    store = Store(sqlite_url)
    run, progress = store.open(), Progress()
    holder = OtherProcess(hold, sqlite_url)
    assert holder.ask("is tidying") == "held"
    recorder = Recorder(store.writer)
    with recorder.checkpoints(run, progress):
        progress.add_delta(Delta("So far."))
        until(_queueing, "the checkpoint to queue")
    assert not [thread for thread in threading.enumerate() if thread.name == "chatmgr-checkpoints"]
    assert len(_queueing()) == 1  # the place in the queue is kept for the end
    assert holder.ask("let go") == "done"
    store.writer.runs.close(run, RunOutcome(RunState.CANCELLED, "So far."))
    assert query(sqlite_url, "SELECT state FROM runs") == [("cancelled",)]
    holder.close()
    store.close()


def test_what_is_in_memory_waits_for_other_programs(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that does not queue holds the database: an answer is written once it lets go."""
    monkeypatch.setattr("chatmgr.store.engine.BUSY_SECONDS", 0)
    store = Store(sqlite_url)
    run = store.open()
    held = threading.Event()
    announced: list[str] = []

    def announce(text: str) -> None:
        announced.append(text)
        held.set()

    writer = Writer(sqlite_url, announce)
    with closing(sqlite3.connect(_path(sqlite_url), isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        closer = threading.Thread(
            target=lambda: writer.runs.close(run, RunOutcome(RunState.COMPLETED, "all of it"))
        )
        closer.start()
        assert held.wait(30)
        other.execute("ROLLBACK")
        closer.join()
    assert store.reader.turns.get(store.now(), 1).answer == "all of it"
    assert len(announced) == 1
    assert "another program" in announced[0]
    writer.close()
    store.close()


def test_many_writers_beside_house_keeping(sqlite_url: str) -> None:
    """With SQLite's own waiting alone, one of them is always overtaken by the others until it gives up."""
    store = Store(sqlite_url)
    for number in range(8):
        store.conversation(f"c{number}")
    store.close()
    keeper = OtherProcess(housekeep, sqlite_url)
    keeper.pipe.send("go")
    writers = [OtherProcess(write_many, sqlite_url) for _ in range(8)]
    for number, writer in enumerate(writers):
        writer.pipe.send((f"c{number}", 10))
    slowest = [writer.pipe.recv() for writer in writers]
    assert isinstance(keeper.ask("enough"), int)
    for process in (keeper, *writers):
        process.close()
    assert query(sqlite_url, "SELECT count(*) FROM runs WHERE state = 'completed'") == [(80,)]
    assert len(slowest) == 8


def test_one_process_may_nest(sqlite_url: str) -> None:
    path = _path(sqlite_url)
    Store(sqlite_url).close()
    with write_queue.writing(path), write_queue.writing(path):
        pass
    with connected(sqlite_url) as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("ROLLBACK")
    holder = OtherProcess(hold, sqlite_url)
    assert holder.ask("") == "held"
    holder.close()


def test_who_left_the_queue_and_comes_again_waits_in_the_same_place(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one left behind would give back the lock that the process has by then: locks are a process's."""
    store = Store(sqlite_url)
    store.conversation()
    holder = OtherProcess(hold, sqlite_url)
    assert holder.ask("is holding") == "held"
    with monkeypatch.context() as patched:
        patched.setattr(interrupts, "join", _pressed)
        with pytest.raises(KeyboardInterrupt), write_queue.writing(_path(sqlite_url)):
            pass
    again = threading.Thread(target=_write_nothing, args=(sqlite_url,))
    again.start()
    assert len(_queueing()) == 1
    holder.pipe.send("go")
    again.join()
    assert not _queueing()
    holder.join()
    store.close()


def _write_nothing(url: str) -> None:
    with write_queue.writing(_path(url)):
        pass


def _pressed(*_: object) -> None:
    raise KeyboardInterrupt


def _queueing() -> list[threading.Thread]:
    time.sleep(0.05)
    return [thread for thread in threading.enumerate() if thread.name == "chatmgr-write-queue"]
