"""Whether a remote thread is in step with the transcript, and what to do where it is not.

The same for every API that keeps threads: look at the newest remote messages; build upon a thread
that holds what it should, complete one that is behind, replace one that is gone, was changed by
somebody else, or never held what it was given.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import groupby, takewhile
from typing import Protocol

from chatmgr.backends.http.client import ApiClient, Json
from chatmgr.backends.http.retry import busy
from chatmgr.domain.errors import ProviderRefused
from chatmgr.domain.events import Event, Notice, Rebuilt
from chatmgr.domain.model import Message, RemoteMessage, TurnRequest
from chatmgr.domain.text import storable

_GONE = {400: "is not accepted", 403: "is refused", 404: "is gone", 410: "is gone"}

_COMPARED = 4  # messages; of which a thread tells the newest ten


class RemoteThreads(Protocol):
    """What keeping in step needs of an API. ``tip`` is the newest message that was seen."""

    tip: str

    def newest(self, thread: str) -> list[RemoteMessage]:
        """The last few messages, newest first."""
        ...

    def append(self, thread: str, messages: list[Message]) -> Generator[Event, None, None]:
        """Add messages at the end."""
        ...

    def build(self, request: TurnRequest) -> Generator[Event, None, str]:
        """A new thread that holds the transcript."""
        ...


def ready(threads: RemoteThreads, request: TurnRequest) -> Generator[Event, None, str]:
    """The thread to build a turn on, as this generator's value."""
    thread = request.thread
    if thread is None:
        return (yield from threads.build(request))
    name = thread.remote_id
    try:
        newest = threads.newest(name)
    except ProviderRefused as error:
        if error.status not in _GONE:
            raise
        yield Notice(f"The thread {name} {_GONE[error.status]}; it is rebuilt from the transcript.")
        return (yield from threads.build(request))
    threads.tip = newest[0].id if newest else ""
    since = request.history(max(thread.synced - 1, 0))
    held, missing = (since[:2], since[2:]) if thread.synced else ([], since)
    if missing and _ends_with(newest, since[-2:]):
        yield Rebuilt(name, request.answered)  # the server kept more than it let us know
        return name
    if not _ends_with(newest, held):
        changed = "was changed by somebody else" if newest else "is empty"
        why = "is out of step" if thread.doubtful else changed
        yield Notice(f"The thread {name} {why}; it is rebuilt from the transcript.")
        return (yield from threads.build(request))
    if missing:
        turns = len(missing) // 2
        yield Notice(f"The thread {name} is {turns} turn{'' if turns == 1 else 's'} behind; it is completed.")
        try:
            yield from threads.append(name, missing)
        except ProviderRefused as error:
            if not busy(error):
                raise
            yield Notice(
                f"The thread {name} stays locked by another turn; it is rebuilt from the transcript."
            )
            return (yield from threads.build(request))
        yield Rebuilt(name, request.answered)
    return name


def _ends_with(newest: list[RemoteMessage], turn: list[Message]) -> bool:
    """Whether a thread ends with this turn, or is empty where there is none.

    Texts are compared, not ids: what the transcript holds is what must be remembered. Messages of one
    role that follow each other count as one, as they do in the transcript; white space does not count.
    A message that carried text files is longer there than here, and ends as it does here.
    """
    turn = merge_same_role(turn)
    if not turn:
        return not newest
    there = [
        (role, _bare(joined(one.content for one in reversed(list(ones)))))
        for role, ones in groupby(newest, lambda one: one.role)
    ]
    return len(there) >= len(turn) and all(
        role == here.role and (text.endswith if here.attachments else text.__eq__)(_bare(here.content))
        for (role, text), here in zip(there, reversed(turn), strict=False)
    )


def answer_to(
    text: str, earlier: Sequence[Message], newest: Sequence[RemoteMessage]
) -> list[RemoteMessage] | None:
    """What a thread holds in answer to a message, oldest first; None where it holds none.

    ``earlier`` are the last messages that the thread held before the message was sent. They must be
    there still, right ahead of it, or an earlier turn of the same words could be taken for this one.
    """
    answers = list(takewhile(lambda one: one.role == "assistant", newest))
    rest = list(newest[len(answers) :])
    if not answers or not rest or not rest[0].content.endswith(text):
        return None
    return answers[::-1] if _ends_with(rest[1:], list(earlier)[-_COMPARED:]) else None


def joined(texts: Iterable[str]) -> str:
    """The messages of one answer as one text; a server that says the same twice has said it once."""
    found: list[str] = []
    for text in texts:
        if text and text not in found[-1:]:
            found.append(text)
    return "\n\n".join(found)


def _bare(text: str) -> str:
    return "".join(storable(text).split())


def merge_same_role(messages: Iterable[Message]) -> list[Message]:
    """The messages that say something: an adopted thread may begin with an answer to nobody."""
    return [one for one in messages if one.content or one.attachments]


def pages(client: ApiClient, path: str) -> Iterator[Json]:
    """Everything in a list, oldest first, page by page; a server that repeats itself has no more."""
    after, seen = "", set[str]()
    while True:
        query: dict[str, object] = {"order": "asc", "limit": 100}
        if after:
            query["after"] = after
        found = client.get(path, query)
        page = [one for one in found.get("data") or () if isinstance(one, dict)]
        yield from (one for one in page if one.get("id") not in seen)
        seen |= {str(one.get("id")) for one in page}
        last = str(found.get("last_id") or (page[-1].get("id") if page else ""))
        if not found.get("has_more") or not page or last == after:
            return
        after = last
