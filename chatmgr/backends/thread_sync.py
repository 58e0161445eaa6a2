"""Bringing a remote thread in sync with the transcript: the same rules for every API that keeps threads.

The newest remote messages tell where the thread stands. A thread that holds what it should is used as
it is; one that is behind gets the missing messages; one that is gone, was changed by somebody else, or
never received what it was sent is replaced by a new one, and so is one that goes on where the conversation
turned back.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby, takewhile
from typing import Protocol

from chatmgr.backends.answer_text import join_messages
from chatmgr.backends.http.client import ApiClient, Json
from chatmgr.backends.http.retry import busy
from chatmgr.backends.items.lines import lines_of
from chatmgr.backends.json_values import as_id, as_objects
from chatmgr.domain.errors import ProviderRefused
from chatmgr.domain.events import Event, Notice, ThreadSynced
from chatmgr.domain.model import Message, RemoteMessage, TurnRequest
from chatmgr.domain.text import storable

_REPLACED = {  # by HTTP status
    400: "is not accepted",
    403: "is refused",
    404: "is gone",
    405: "cannot be read",
    410: "is gone",
    501: "cannot be read",
}
_LOOKED_BACK = 6  # turns, at least as many as the newest messages can belong to
_COMPARED = 4  # messages before the one that was sent; ``newest`` returns ten


class RemoteThreads(Protocol):
    """What syncing needs of an API. ``seen_ids`` are the newest messages that were seen before a turn."""

    seen_ids: set[str]

    def newest(self, thread: str) -> list[RemoteMessage]:
        """The last few messages, newest first."""
        ...

    def append(self, thread: str, messages: list[Message]) -> Generator[Event, None, None]:
        """Add messages at the end."""
        ...

    def build(self, request: TurnRequest) -> Generator[Event, None, str]:
        """Create a thread that holds the transcript; the value is its id."""
        ...


def ensure_synced(threads: RemoteThreads, request: TurnRequest) -> Generator[Event, None, str]:
    """Make sure that a thread holds the transcript, and return its id."""
    thread = request.thread
    if thread is None:
        return (yield from threads.build(request))
    thread_id = thread.remote_id
    if thread.ahead:
        return (yield from _rebuild(threads, request, "holds turns that are no longer on this path"))
    try:
        newest = threads.newest(thread_id)
    except ProviderRefused as error:
        if error.status not in _REPLACED:
            raise
        return (yield from _rebuild(threads, request, _REPLACED[error.status]))
    threads.seen_ids = {message.id for message in newest if message.id}
    since_synced = request.history(max(thread.synced - 1, 0))
    held, missing = (since_synced[:2], since_synced[2:]) if thread.synced else ([], since_synced)

    def ends_with(turn: list[Message]) -> bool:
        earlier = partial(request.history, max(thread.synced - _LOOKED_BACK, 0))
        return _ends_with(newest, turn, earlier, doubtful=thread.doubtful)

    if missing and ends_with(since_synced[-2:]):
        yield ThreadSynced(thread_id, request.answered)  # it holds more than the server had confirmed
        return thread_id
    if not ends_with(held):
        changed = "was changed by somebody else" if newest else "is empty"
        reason = "is out of sync" if thread.doubtful else changed
        return (yield from _rebuild(threads, request, reason))
    return (yield from _complete(threads, request, thread_id, missing)) if missing else thread_id


def _complete(
    threads: RemoteThreads, request: TurnRequest, thread_id: str, missing: list[Message]
) -> Generator[Event, None, str]:
    """Add what a thread lacks at its end; one that is locked is replaced."""
    turns = len(missing) // 2
    plural = "" if turns == 1 else "s"
    yield Notice(f"The provider's thread is {turns} turn{plural} behind; adding what is missing.")
    try:
        yield from threads.append(thread_id, missing)
    except ProviderRefused as error:
        if not busy(error):
            raise
        return (yield from _rebuild(threads, request, "is still locked by another turn"))
    yield ThreadSynced(thread_id, request.answered)
    return thread_id


def _rebuild(threads: RemoteThreads, request: TurnRequest, reason: str) -> Generator[Event, None, str]:
    yield Notice(f"The provider's thread {reason}; rebuilding it from the transcript.")
    return (yield from threads.build(request))


def _ends_with(
    newest: list[RemoteMessage],
    turn: list[Message],
    earlier: Callable[[], list[Message]] | None = None,
    *,
    doubtful: bool = False,
) -> bool:
    """Whether a thread ends with this turn, or is empty where there is none.

    Texts are compared, not ids, because the transcript's text is what the model must remember. White
    space does not count. Messages of one role in a row count as one, as in the transcript. A message
    with text files is longer at the server, where they stand before its text.

    ``earlier`` reads what the transcript holds before the turn, for messages that may come before it.

    A ``doubtful`` thread may hold a message that is in no turn. It is read as it is listed: arranged in the
    turn's order, such a message of the same second would look like one from before the turn.
    """
    turn = without_empty(turn)
    if not turn:
        return not newest
    newest = newest if doubtful else _in_order_of(newest, turn, earlier)
    remote = [
        (role, without_spaces(join_messages(message.content for message in reversed(list(group)))))
        for role, group in groupby(newest, lambda message: message.role)
    ]
    at = 0
    for local in reversed(turn):
        is_next = at < len(remote) and remote[at][0] == local.role and _is_text_of(remote[at][1], local)
        if not (is_next or (local.items and not local.content)):
            return False
        at += is_next
    return True


def _is_text_of(remote: str, local: Message) -> bool:
    """Whether a remote text without white space is that of a local message.

    Text files stand before it at the server. Items that it cannot hold stand in it as lines, where the thread
    was built from the transcript.
    """
    text = without_spaces(local.content)
    if remote == text or (local.attachments and remote.endswith(text)):
        return True
    for line in lines_of(local):
        remote = remote.replace(without_spaces(line), "", 1)
    return bool(local.items) and remote == text


def _in_order_of(
    newest: list[RemoteMessage], turn: list[Message], earlier: Callable[[], list[Message]] | None
) -> list[RemoteMessage]:
    """The newest messages, in the turn's order where the server does not tell theirs.

    Some servers list the messages of one second in any order. If such messages do not make up the turn, they
    stay as they are listed; and so they do if one of that second is not ``earlier`` in the transcript, since
    it may as well have come after the turn.
    """
    rest, arranged = list(newest), list[RemoteMessage]()
    for local in reversed(turn):
        text = without_spaces(local.content)
        while text:
            for message in _of_one_second(rest):
                remote = without_spaces(message.content)
                fits = text.endswith(remote) or (local.attachments and remote.endswith(text))
                if message.role == local.role and remote and fits:
                    break
            else:
                return newest
            rest.remove(message)
            arranged.append(message)
            text = text[: -len(remote)]
    unordered = list(_of_one_second(rest))  # the one before the turn may be any of these
    same_second = unordered if unordered and unordered[0].created_at == newest[0].created_at else []
    if same_second and earlier is not None and not _are_of(same_second, earlier()):
        return newest
    unordered.sort(key=lambda message: message.role == turn[0].role)
    return [*arranged, *unordered, *rest[len(unordered) :]]


def _are_of(messages: Iterable[RemoteMessage], transcript: Sequence[Message]) -> bool:
    """Whether all of these messages are in a transcript, as wholes or as parts of its messages."""
    texts = [(local.role, without_spaces(local.content)) for local in transcript]
    return all(
        any(role == message.role and (remote in text or (text and text in remote)) for role, text in texts)
        for message in messages
        for remote in [without_spaces(message.content)]
    )


def _of_one_second(messages: Sequence[RemoteMessage]) -> Iterator[RemoteMessage]:
    """The first message, and those after it of which nobody can tell whether they come before it."""
    for at, message in enumerate(messages):
        if at and (not message.created_at or message.created_at != messages[0].created_at):
            return
        yield message


def arrange(messages: Sequence[RemoteMessage], texts: Sequence[str]) -> list[RemoteMessage]:
    """Messages, oldest first, in the order of the transcript's texts where the server does not tell theirs.

    ``texts`` are without white space, and so many that each begins with one or more messages. From the first
    message on that fits no text, the messages stay as they are.
    """
    arranged: list[RemoteMessage] = []
    expected = list(reversed(texts))
    fitting = all(message.created_at for message in messages)
    for _, same_second in groupby(messages, lambda message: message.created_at):
        group = list(same_second)
        while group and fitting and expected:
            fits = (message for message in group if _begins_with(expected[-1], message))
            message = next(fits, None)
            fitting = message is not None
            if message:
                group.remove(message)
                arranged.append(message)
                rest = expected.pop()[len(without_spaces(message.content)) :]
                expected += [rest] if rest else []
        arranged += group
    return arranged


def _begins_with(text: str, message: RemoteMessage) -> bool:
    content = without_spaces(message.content)
    return bool(content) and text.startswith(content)


def find_answer(
    text: str, earlier: Sequence[Message], newest: Sequence[RemoteMessage]
) -> list[RemoteMessage] | None:
    """The messages that answer ``text`` in a thread, oldest first; None where there are none.

    ``earlier`` are the last messages that the thread held before ``text`` was sent. They must stand
    right before it, or an earlier turn of the same words could be taken for this one.
    """
    answers = list(takewhile(lambda message: message.role == "assistant", newest))
    return answers[::-1] if answers and _is_asked(text, earlier, newest[len(answers) :]) else None


def ends_with_question(text: str, earlier: Sequence[Message], newest: Sequence[RemoteMessage]) -> bool:
    """Whether the newest message of a thread is ``text``, so that its answer is no message, or not there."""
    return bool(newest) and newest[0].role != "assistant" and _is_asked(text, earlier, newest)


def _is_asked(text: str, earlier: Sequence[Message], newest: Sequence[RemoteMessage]) -> bool:
    if not newest or not newest[0].content.endswith(text):
        return False
    return _ends_with(list(newest[1:]), list(earlier)[-_COMPARED:])


def without_spaces(text: str) -> str:
    """A text without white space, in which servers differ."""
    return "".join(storable(text).split())


def without_empty(messages: Iterable[Message]) -> list[Message]:
    """Leave out messages without text, files and items.

    An adopted thread may begin with an answer, whose question then is empty.
    """
    return [message for message in messages if message.content or message.attachments or message.items]


def paginate(client: ApiClient, path: str) -> Iterator[Json]:
    """Everything in a list, oldest first, page by page.

    Stops at a server that repeats a page, and never yields an object twice.
    """
    after, seen_ids = "", set[str]()
    while True:
        query: dict[str, object] = {"order": "asc", "limit": 100}
        if after:
            query["after"] = after
        reply = client.get(path, query)
        page = as_objects(reply.get("data"))
        yield from (item for item in page if as_id(item.get("id")) not in seen_ids)
        seen_ids |= {as_id(item.get("id")) for item in page} - {""}
        last_id = as_id(reply.get("last_id") or (page[-1].get("id") if page else ""))
        if not reply.get("has_more") or not page or last_id == after:
            return
        after = last_id
