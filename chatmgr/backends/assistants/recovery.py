"""Finding out what became of a run of the Assistants API whose process died.

A run whose id is known is looked up. One whose id never arrived is looked for in its thread: it answers the
message that was sent, and its answer is none of those that the thread held before.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

from chatmgr.backends.assistants.run import Run
from chatmgr.backends.assistants.run_follower import RunFollower
from chatmgr.backends.assistants.threads import Threads
from chatmgr.backends.http.client import ApiClient
from chatmgr.backends.items.collector import ItemCollector
from chatmgr.backends.thread_sync import without_spaces
from chatmgr.domain.errors import ProviderRefused
from chatmgr.domain.events import Event, Finished
from chatmgr.domain.model import LiveRun, RemoteMessage
from chatmgr.domain.states import RunState


def recover(run: LiveRun, client: ApiClient, threads: Threads, follower: RunFollower) -> Iterator[Event]:
    """Find out what became of a run whose process died, also of one whose id never arrived."""
    if not run.thread_id:
        yield Finished(RunState.INTERRUPTED, error="the process ended before the message arrived")
        return
    known_run = Run(
        run.thread_id,
        run.run_id,
        text_parts=[run.text] if run.text else [],
        model=run.model,
        items=ItemCollector(run.items),
    )
    try:
        if not known_run.id:
            newest = yield from client.query_run(partial(threads.newest, run.thread_id))
            sent = (
                message.id
                for message in newest
                if message.role == "user" and message.content.endswith(run.user)
            )
            known_run.message = next(sent, "")
            known_run.earlier_ids = _earlier_answers(run, newest)
        age = (datetime.now(UTC) - run.started_at).total_seconds()
        seconds = max(follower.recover_seconds - age, 0.0)
        missing = (
            "the server did not keep the run"
            if known_run.id
            else "the process ended before the run was created"
        )
        died = "the process ended before the answer did"
        yield from follower.find(known_run, ProviderRefused(missing), seconds, cause=died)
    except ProviderRefused as error:
        reason = "the thread is gone" if error.status == 404 else error.message
        yield Finished(RunState.INTERRUPTED, error=reason)


def _earlier_answers(run: LiveRun, newest: list[RemoteMessage]) -> set[str]:
    """The ids of the messages with the answers of the turns before a run, as far as their texts tell.

    If an earlier answer and that of the run have the same words, the older message is the earlier one.
    """
    texts = [without_spaces(message.content) for message in run.earlier if message.role == "assistant"]
    ids = set[str]()
    for message in reversed(newest):
        text = without_spaces(message.content)
        if message.role == "assistant" and text in texts:
            texts.remove(text)
            ids.add(message.id)
    return ids
