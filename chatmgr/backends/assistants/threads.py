"""Assistants v2 threads: the remote threads of the Assistants API."""

from collections.abc import Generator, Iterator
from functools import partial
from typing import Any

from chatmgr.backends import thread_sync
from chatmgr.backends.http.client import ApiClient, Json
from chatmgr.backends.message_format import IMAGES, assistants_message, is_text
from chatmgr.domain.errors import ProviderRefused
from chatmgr.domain.events import Event, ThreadSynced, Uploaded
from chatmgr.domain.model import Message, RemoteMessage, TurnRequest

_NEWEST = 10  # messages


class Threads:
    """The threads of one provider.

    ``newest_id`` is the newest message that was seen before a turn. ``has_documents`` says whether the
    thread has documents that the assistant must search to read.
    """

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self._file_ids: dict[str, str] = {}
        self.has_documents = False
        self.newest_id = ""

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
        return str(self._client.post("/threads", {}).get("id", ""))

    def append(self, thread: str, messages: list[Message]) -> Generator[Event, None, None]:
        """Add messages at the end, one in a call: this API takes no more."""
        for message in thread_sync.without_empty(messages):
            yield from self.add_message(thread, message)

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
        self.newest_id = str(reply.get("id", ""))
        return self.newest_id

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
        return [_remote_message(message) for message in page.get("data") or ()]

    def fetch_messages(self, thread: str) -> Iterator[RemoteMessage]:
        """Every message, oldest first, page by page."""
        return map(_remote_message, thread_sync.paginate(self._client, f"/threads/{thread}/messages"))


def _remote_message(message: Json) -> RemoteMessage:
    return RemoteMessage(
        str(message.get("id", "")),
        str(message.get("role", "")),
        text_of(content_parts(message.get("content"))),
        str(message.get("run_id") or ""),
    )


def content_parts(content: Any) -> list[Json]:
    """The parts of a message or of a delta; some servers give the text itself."""
    return [{"text": {"value": content}}] if isinstance(content, str) else list(content or ())


def text_of(parts: list[Json]) -> str:
    """The text of content parts; files and images have none."""
    return "".join(str((part.get("text") or {}).get("value") or part.get("refusal") or "") for part in parts)
