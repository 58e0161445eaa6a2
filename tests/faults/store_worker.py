"""The process that test_kill_store kills: runs turns for ever, and reports each step once it is committed.

A report is the step, the position and the answer so far. A run that a killed worker left
is closed first, as the engine does.
"""

from itertools import count
from multiprocessing.connection import Connection

from chatmgr.domain.events import Usage
from chatmgr.domain.states import RunState
from chatmgr.store import locks
from chatmgr.store.writer import OpenRun, RunOutcome
from tests.support.store import ENDPOINT, Store


def run_turns(url: str, pipe: Connection) -> None:
    """Take over what was left, then run turns until killed."""
    store = Store(url)
    plan = store.now()
    locks.acquire(url, plan.pk, wait=True)
    live = store.reader.runs.live(plan.pk)
    if live:
        left = OpenRun(plan.pk, live.provider, ENDPOINT, live.run_pk, live.turn_pk, live.position)
        store.writer.runs.close(left, RunOutcome(RunState.INTERRUPTED, ""))
        pipe.send(("taken over", live.position, ""))
    for position in count(store.now().turns + 1):
        run = store.open(f"question {position}")
        pipe.send(("opened", position, ""))
        store.writer.threads.set(run, f"conv_{position}", position - 1)
        store.writer.runs.mark_sent(run)
        pipe.send(("sending", position, ""))
        text = ""
        for piece in ("So", " far,", " so good."):
            text += piece
            store.writer.runs.checkpoint(run, text)
            pipe.send(("checkpoint", position, text))
        end = RunOutcome(RunState.COMPLETED, text + " Done.", usage=Usage(position, 1), thread_synced=True)
        store.writer.runs.close(run, end)
        pipe.send(("closed", position, end.text))
