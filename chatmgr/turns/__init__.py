"""The engine: one turn's life, from what was typed to what is kept.

Commit, send, checkpoint, close; and take up what a dead process left. The order is the promise: the
message is in the database before a byte leaves, each remote id as soon as it is known, the answer so
far at least once a second, and the end in one transaction. No database connection is open for
reading while the network is in use, and whoever runs a turn holds the conversation.
"""

from chatmgr.turns.route import Route
from chatmgr.turns.runner import TurnRunner

__all__ = ["Route", "TurnRunner"]
