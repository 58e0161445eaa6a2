"""The process that test_kill_tree kills: plays operations on the tree, the last one when it is told."""

from multiprocessing.connection import Connection

from tests.store.tree_operations import Operation
from tests.store.tree_player import Player
from tests.support.store import Store


def play(url: str, pipe: Connection) -> None:
    """Play a sequence that comes through the pipe, and wait before its last operation."""
    sequence: list[Operation] = pipe.recv()
    player = Player(Store(url))
    for operation in sequence[:-1]:
        player.play(operation)
    pipe.send("ready")
    pipe.recv()
    player.play(sequence[-1])
    pipe.send("done")
