"""Writers beside readers, a backup, an export and house-keeping: no turn is lost, and nobody gives up.

The sample has a few writers on a small store; the campaign has thirty-two on a larger one. How it is at a
million turns, with whole commands, ``python -m benchmarks.pressure`` shows.
"""

from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from benchmarks.fill import fill
from chatmgr.domain.errors import ChatmgrError
from chatmgr.domain.filters import Filters
from chatmgr.domain.states import RunState
from chatmgr.formats.atomic_write import write_file
from chatmgr.services.export import Exporter
from chatmgr.services.trash import Trash
from chatmgr.store import migrate
from chatmgr.store.reader import Reader
from chatmgr.store.writer import RunOutcome
from tests.support.store import Store, query
from tests.support.store_processes import OtherProcess

# turns in the store, writers, turns of each
SCALES = [
    pytest.param(1_000, 6, 8, id="sample"),
    pytest.param(20_000, 32, 20, id="campaign", marks=pytest.mark.campaign),
]


def send(url: str, pipe: Connection) -> None:
    """Run turns of a conversation, as a ``send`` writes them."""
    name, count = pipe.recv()
    try:
        store = Store(url)
        for number in range(count):
            run = store.open(f"{name}: question {number}", name)
            store.reader.close()
            store.writer.runs.mark_sent(run)
            store.writer.runs.checkpoint(run, "the answer so")
            store.writer.runs.close(run, RunOutcome(RunState.COMPLETED, f"the answer so far {number}"))
        store.close()
        pipe.send("")
    except ChatmgrError as error:
        pipe.send(f"send: {error.message}")


def read(url: str, pipe: Connection) -> None:
    """List and search until told to stop."""
    pipe.recv()
    error = ""
    while not pipe.poll():
        try:
            with Reader(url) as reader:
                list(reader.conversations.list(20))
                reader.meta.counts()
        except ChatmgrError as fault:
            error = f"read: {fault.message}"
    pipe.send(error)


def back_up(url: str, pipe: Connection) -> None:
    """Make one copy."""
    pipe.recv()
    try:
        migrate.backup(url)
        pipe.send("")
    except ChatmgrError as error:
        pipe.send(f"backup: {error.message}")


def export(url: str, pipe: Connection) -> None:
    """Export everything, as of one moment."""
    target = pipe.recv()
    try:
        with Reader(url) as reader, reader.snapshot():
            keys = reader.export.chosen(Filters(archived=None))
            write_file(Path(target), Exporter(reader).pieces(keys, "jsonl"))
        pipe.send("")
    except ChatmgrError as error:
        pipe.send(f"export: {error.message}")


def empty_trash(url: str, pipe: Connection) -> None:
    """Delete one conversation for good, then everything else in the trash."""
    name = pipe.recv()
    try:
        store = Store(url)
        trash = Trash(store.reader, lambda: store.writer, 0)
        trash.purge([store.reader.trash.get(name)])
        trash.scrub()
        trash.purge(list(store.reader.trash.list()))
        trash.scrub()
        store.close()
        pipe.send("")
    except ChatmgrError as error:
        pipe.send(f"trash empty: {error.message}")


@pytest.mark.parametrize(("turns", "writers", "each"), SCALES)
def test_nothing_is_lost(home: Path, sqlite_url: str, turns: int, writers: int, each: int) -> None:
    home.mkdir()
    fill(home, turns)
    names = [f"pressure-{number}" for number in range(writers)]
    store = Store(sqlite_url)
    for name in names:
        store.conversation(name)
    store.answer("goes", "for good", "gone")
    store.writer.trash.put([store.now("gone").pk])
    store.close()
    readers = [OtherProcess(read, sqlite_url) for _ in range(2)]
    others = [OtherProcess(act, sqlite_url) for act in (back_up, export, empty_trash)]
    senders = [OtherProcess(send, sqlite_url) for _ in names]
    for process, order in zip(others, ("now", str(home / "all.jsonl"), "gone"), strict=True):
        process.pipe.send(order)
    for process in readers:
        process.pipe.send("now")
    for process, name in zip(senders, names, strict=True):
        process.pipe.send((name, each))
    result = [process.pipe.recv() for process in [*senders, *others]]
    result += [process.ask("enough") for process in readers]
    for process in [*senders, *others, *readers]:
        process.close()
    assert [error for error in result if error] == []
    whole = query(
        sqlite_url,
        "SELECT count(*) FROM conversations c JOIN turns t ON t.branch_id = c.branch_id "
        "JOIN runs r ON r.id = t.run_id JOIN messages a ON a.run_id = r.id "
        "WHERE c.name LIKE 'pressure-%' AND r.state = 'completed' AND a.content LIKE 'the answer so far %'",
    )
    assert whole == [(writers * each,)]
    with Reader(sqlite_url) as reader:
        assert list(reader.trash.list()) == []
    assert query(sqlite_url, "PRAGMA quick_check") == [("ok",)]
    assert migrate.check_search(sqlite_url)
