"""Assistants v2 threads: the remote threads of the Assistants API."""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import groupby

from chatmgr.backends import thread_sync
from chatmgr.backends.answer_text import read_content
from chatmgr.backends.http.client import ApiClient, Json
from chatmgr.backends.items.lines import in_words
from chatmgr.backends.items.sending import Target, carried
from chatmgr.backends.json_values import as_count, as_id, as_objects
from chatmgr.backends.message_format import IMAGES, assistants_message, is_text
from chatmgr.domain.errors import ProviderRefused
from chatmgr.domain.events import Event, ThreadSynced, Uploaded
from chatmgr.domain.model import Attachment, Message, RemoteMessage, TurnRequest

_NEWEST = 10  # messages
_TARGET = Target("assistants", "")


class Threads:
    """The threads of one provider.

    ``seen_ids`` are the newest messages that were seen before a turn, ``seen_runs`` the runs that wrote them.
    ``has_documents`` says whether the thread has documents that the assistant must search to read.
    ``carried`` are the images of the last answer, which the next message has to carry.
    """

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self._file_ids: dict[str, str] = {}
        self.has_documents = False
        self.carried: tuple[Attachment, ...] = ()
        self.seen_ids: set[str] = set()
        self.seen_runs: set[str] = set()

    def ensure_synced(self, request: TurnRequest) -> Generator[Event, None, str]:
        """The thread to run this turn on, with everything that the transcript has."""
        self._file_ids = {sha256: file.id for sha256, file in request.remote_files.items()}
        self.has_documents = any(file.content_type not in IMAGES for file in request.remote_files.values())
        return (yield from thread_sync.ensure_synced(self, request))

    def build(
        self, request: TurnRequest, messages: list[Message] | None = None
    ) -> Generator[Event, None, str]:
        """Create a thread that holds the transcript, or these messages of it; returns its id."""
        thread = yield from self._client.retrying(self.create)
        yield from self.append(thread, request.history(0) if messages is None else messages)
        yield ThreadSynced(thread, request.answered)
        return thread

    def create(self) -> str:
        """Create an empty thread; returns its id."""
        return as_id(self._client.post("/threads", {}).get("id"))

    def append(self, thread: str, messages: list[Message]) -> Generator[Event, None, None]:
        """Add messages at the end, one in a call: this API takes no more. Items are said in words."""
        sent, self.carried = carried(thread_sync.without_empty(messages), _TARGET)
        for message in thread_sync.without_empty(map(in_words, sent)):
            yield from self.add_message(thread, message)

    def add_new(self, thread: str, message: Message) -> Generator[Event, None, str]:
        """Append the turn's message, with the images of the answer before it; returns its id."""
        images, self.carried = self.carried, ()
        carrying = replace(message, attachments=(*images, *message.attachments)) if images else message
        return (yield from self.add_message(thread, carrying))

    def add_message(self, thread: str, message: Message) -> Generator[Event, None, str]:
        """Append a message, after uploading those of its files that the server lacks; returns its id."""
        yield from self._upload_files(message)
        try:
            reply = yield from self._post(thread, message)
        except ProviderRefused as error:
            forgotten = [sha256 for sha256, id_ in self._file_ids.items() if id_ and id_ in error.message]
            if not forgotten:
                raise
            for sha256 in forgotten:  # the server has lost files that it had accepted
                del self._file_ids[sha256]
            yield from self._upload_files(message)
            reply = yield from self._post(thread, message)
        message_id = as_id(reply.get("id"))
        self.seen_ids.add(message_id)
        return message_id

    def _post(self, thread: str, message: Message) -> Generator[Event, None, Json]:
        body = assistants_message(message, self._file_ids)
        return (
            yield from self._client.retrying(lambda: self._client.post(f"/threads/{thread}/messages", body))
        )

    def _upload_files(self, message: Message) -> Generator[Event, None, None]:
        """Upload the files of a message that the server lacks; text files are sent inside the message."""
        for file in message.attachments:
            if is_text(file.content_type):
                continue
            self.has_documents |= file.content_type not in IMAGES
            if file.sha256 not in self._file_ids:
                purpose = "vision" if file.content_type in IMAGES else "assistants"
                file_id = yield from self._client.retrying(partial(self._client.upload, file, purpose))
                self._file_ids[file.sha256] = file_id
                yield Uploaded(file.sha256, file_id)

    def newest(self, thread: str) -> list[RemoteMessage]:
        """The last few messages, newest first."""
        page = self._client.get(f"/threads/{thread}/messages", {"order": "desc", "limit": _NEWEST})
        newest = oldest_first(_remote_messages(as_objects(page.get("data"))), listed_newest_first=True)[::-1]
        self.seen_runs = {message.run_id for message in newest if message.run_id}
        return newest

    def fetch_messages(self, thread: str) -> Iterator[RemoteMessage]:
        """Every message, oldest first, page by page."""
        messages = thread_sync.paginate(self._client, f"/threads/{thread}/messages")
        return iter(_questions_first(oldest_first(_remote_messages(messages))))


def _remote_messages(messages: Iterable[Json]) -> list[RemoteMessage]:
    return [_remote_message(message) for message in messages]


def _remote_message(message: Json) -> RemoteMessage:
    return RemoteMessage(
        as_id(message.get("id")),
        as_id(message.get("role")),
        read_content(message.get("content")).text,
        as_id(message.get("run_id")),
        created_at=as_count(message.get("created_at")) or 0,
    )


def oldest_first(messages: list[RemoteMessage], *, listed_newest_first: bool = False) -> list[RemoteMessage]:
    """Messages by their times, where the server tells them, whatever order it lists them in.

    Within a second, the order of the list stays: it may or may not mean anything.
    """
    if listed_newest_first:
        messages = messages[::-1]
    times = [message.created_at for message in messages]
    if not times or not all(times):
        return messages
    if times[0] > times[-1] and times == sorted(times, reverse=True):
        messages = messages[::-1]  # the server lists them the other way round
    return sorted(messages, key=lambda message: message.created_at)


def _questions_first(messages: list[RemoteMessage]) -> list[RemoteMessage]:
    """Messages, oldest first, in which no run answers before it was asked.

    Times are whole seconds, and some servers list the messages of one second in any order.
    """
    ordered: list[RemoteMessage] = []
    for created_at, same_second in groupby(messages, lambda message: message.created_at):
        group = list(same_second)
        ordered += _asked_before_answered(group, ordered[-1] if ordered else None) if created_at else group
    return ordered


def _asked_before_answered(group: list[RemoteMessage], previous: RemoteMessage | None) -> list[RemoteMessage]:
    ordered: list[RemoteMessage] = []
    while group:
        message = group[0]
        asked = previous and (previous.role == "user" or previous.run_id == message.run_id)
        if message.role == "assistant" and message.run_id and not asked:
            message = next((other for other in group if other.role == "user"), message)
        group.remove(message)
        ordered.append(message)
        previous = message
    return ordered
