"""What is known of a run of the Assistants API, and which messages of its thread are its answer."""

from collections.abc import Set
from dataclasses import dataclass, field

from chatmgr.backends.http.client import Json
from chatmgr.domain.events import Usage


@dataclass(slots=True)
class Run:
    """What is known of one run.

    ``message`` is the id of the message that it answers, ``text_parts`` is what was streamed so far.
    ``answer_ids`` are the messages that it was seen to write. ``earlier_ids`` are messages, and
    ``earlier_runs`` runs, that the thread held before.
    """

    thread: str
    id: str = ""
    message: str = ""
    text_parts: list[str] = field(default_factory=list)
    answer_ids: list[str] = field(default_factory=list)
    earlier_ids: Set[str] = frozenset()
    earlier_runs: Set[str] = frozenset()
    step_usage: Usage | None = None
    refused: bool = False
    ended: bool = False


def created_at(created: Json) -> int:
    """When a run or a message was created, in whole seconds; 0 where the server does not tell."""
    moment = created.get("created_at")
    return int(moment) if isinstance(moment, (int, float)) else 0


def find_answers(run: Run, page: Json, *, newest_first: bool = False) -> list[Json]:
    """The messages in a page of the thread that a run wrote, oldest first: by its id, else by theirs.

    A server that names no runs may list every message of the thread. Then those count that were seen
    in the stream, else those that the thread did not hold before and that come after the run's message.
    """
    messages = [message for message in page.get("data") or () if isinstance(message, dict)]
    messages = messages[::-1] if newest_first else messages
    written = [message for message in messages if message.get("role") == "assistant"]
    answers = (
        [message for message in written if message.get("run_id") == run.id]
        or [message for message in written if message.get("id") in run.answer_ids]
        or _unclaimed(run, messages, whole=newest_first or not page.get("has_more"))
    )
    order = {message_id: at for at, message_id in enumerate(run.answer_ids)}
    return sorted(
        answers, key=lambda message: (created_at(message), order.get(str(message.get("id")), len(order)))
    )


def _unclaimed(run: Run, messages: list[Json], *, whole: bool) -> list[Json]:
    """New messages of the assistant that no run is named for, from the question on.

    The question is the run's message, else the last one of the user. Unless the messages are ``whole``, they
    end before the thread does, and what follows the last question in them need not be its answer.
    """
    ids = [message.get("id") for message in messages]
    asked = [at for at, message in enumerate(messages) if message.get("role") == "user"]
    if asked and not whole and run.message not in ids:
        return []
    question = ids.index(run.message) if run.message in ids else asked[-1] if asked else -1
    asked_at = created_at(messages[question]) if question >= 0 else 0
    return [
        message
        for at, message in enumerate(messages)
        if message.get("role") == "assistant"
        and not message.get("run_id")
        and message.get("id") not in run.earlier_ids
        and (at > question or (asked_at and created_at(message) == asked_at))
    ]
