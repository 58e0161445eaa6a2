"""The tree of turns against a pure model: random operations, on both databases.

A sequence that fails is shrunk: what is left fails too, and without any part of it, it does not.
"""

from collections import Counter

import pytest

from chatmgr.store.location import sqlite_path
from chatmgr.store.search import index
from tests.store.tree_comparison import actual, difference, expected
from tests.store.tree_operations import Operation, operations
from tests.store.tree_player import Player, hasten
from tests.support.store import Store, query

LONGEST = 12  # operations in a sequence
# PostgreSQL takes three times as long; what differs there is the database, which fewer sequences reach.
MORE = [
    *(("sqlite", range(first, first + 485)) for first in range(300, 10_000, 485)),
    *(("postgres", range(first, first + 485)) for first in range(300, 1_755, 485)),
]
# What the conversations of a database are made of: nothing is left of it after the last one.
PARTS = (
    *("conversations", "branches", "path_segments", "journal", "threads"),
    *("turns", "runs", "messages", "attachments", "blobs"),
)
LEFT = " UNION ALL ".join(f"SELECT '{table}' FROM {table}" for table in PARTS)


def test_the_database_does_what_the_model_says(store: Store) -> None:
    _walk(store, range(300))


@pytest.mark.campaign
@pytest.mark.parametrize(("database", "seeds"), MORE)
def test_many_more_sequences(request: pytest.FixtureRequest, database: str, seeds: range) -> None:
    _walk(request.getfixturevalue(f"{database}_store"), seeds)


def _walk(store: Store, seeds: range) -> None:
    """Play a sequence for each seed; fails with the shortest one that is wrong."""
    hasten(store)
    done = Counter[str]()
    for seed in seeds:
        sequence = operations(seed, LONGEST)
        player = Player(store)
        problem = _problem(player, sequence)
        if problem:
            shortest, problem, log = _shrunk(store, sequence, problem)
            steps = "\n".join(log)
            pytest.fail(f"seed {seed}, {len(shortest)} operations:\n{steps}\n\n{problem}", pytrace=False)
        done.update(line.split()[0] for line in player.log)
    assert len(done) >= 10  # each kind of operation was done


def _problem(player: Player, sequence: list[Operation]) -> str:
    """Play a sequence; what is wrong at its end, or after all of it was deleted; "" for nothing."""
    try:
        for operation in sequence:
            player.play(operation)
        if problem := difference(expected(player.tree), actual(player.store)):
            return problem
        player.wipe()
        left = query(player.store.url, LEFT)
    except Exception as error:  # whatever it is: the sequence that leads to it is wanted
        return f"{type(error).__name__}: {error}"
    return difference({"left in the database": []}, {"left in the database": left})


def _shrunk(store: Store, sequence: list[Operation], problem: str) -> tuple[list[Operation], str, list[str]]:
    """The shortest part of a sequence that is wrong, what is wrong then, and what was done."""
    log: list[str] = []
    length = len(sequence)
    while length:
        for start in range(0, len(sequence), length):
            shorter = sequence[:start] + sequence[start + length :]
            _empty(store)
            player = Player(store)
            if found := _problem(player, shorter):
                sequence, problem, log = shorter, found, player.log
                break
        else:
            length //= 2
    return sequence, problem, log


def _empty(store: Store) -> None:
    """Delete all rows, whatever state they and the search index are in."""
    store.reader.close()
    with store.writer.database.begin() as db:
        index.drop(db)
        if sqlite_path(store.url):
            db.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            for table in PARTS:
                db.exec_driver_sql(f"DELETE FROM {table}")
        else:
            db.exec_driver_sql(f"TRUNCATE {', '.join(PARTS)} CASCADE")
        index.create(db)
