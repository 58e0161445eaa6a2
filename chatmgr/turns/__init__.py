"""The engine: one turn's life, from what was typed to what is kept.

A turn is committed, sent, checkpointed and closed, and a run that a dead process left is recovered. The
order is the promise: the message is in the database before a byte leaves, each remote id as soon as it
is known, the answer so far at least once a second, and the end in one transaction. The database is read
in scopes (``with self._reader as reader``), each of which closes the connection before the network is
used. Whoever runs a turn holds the lock of its conversation.
"""

from chatmgr.turns.route import Route
from chatmgr.turns.runner import TurnRunner

__all__ = ["Route", "TurnRunner"]
