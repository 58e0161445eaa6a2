"""Assistants v2 threads: the remote thread of the ``assistants`` API, kept in step with the transcript."""

from collections.abc import Generator, Iterator
from functools import partial
from typing import Any

from chatmgr.backends import thread_sync
from chatmgr.backends.http.client import ApiClient, Json
from chatmgr.backends.message_format import IMAGES, assistants_message, is_text
from chatmgr.domain.errors import ProviderRefused
from chatmgr.domain.events import Event, Rebuilt, Uploaded
from chatmgr.domain.model import Message, RemoteMessage, TurnRequest

_LOOKED_AT = 10


class Threads:
    """The threads of one provider.

    ``tip`` is the newest message that was seen before a turn; ``documents`` tells whether there are any
    in the thread for the assistant to search.
    """

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self._uploaded: dict[str, str] = {}
        self.documents = False
        self.tip = ""

    def ready(self, request: TurnRequest) -> Generator[Event, None, str]:
        """The thread to build this turn on: as it is, completed, or made anew."""
        self._uploaded = {sha256: file.id for sha256, file in request.remote_files.items()}
        self.documents = any(file.content_type not in IMAGES for file in request.remote_files.values())
        return (yield from thread_sync.ready(self, request))

    def build(self, request: TurnRequest) -> Generator[Event, None, str]:
        """A new thread that holds the transcript."""
        thread = yield from self._client.retrying(self.create)
        yield from self.append(thread, request.history(0))
        yield Rebuilt(thread, request.answered)
        return thread

    def create(self) -> str:
        """A new, empty thread."""
        return str(self._client.post("/threads", {}).get("id", ""))

    def append(self, thread: str, messages: list[Message]) -> Generator[Event, None, None]:
        """Add messages at the end, one by one: this API takes no more at once."""
        for message in thread_sync.merge_same_role(messages):
            yield from self.say(thread, message)

    def say(self, thread: str, message: Message) -> Generator[Event, None, str]:
        """Append a message, uploading its files first where the server lacks them; returns its id."""
        yield from self._upload(message)
        try:
            found = yield from self._post(thread, message)
        except ProviderRefused as error:
            lost = [sha256 for sha256, remote in self._uploaded.items() if remote and remote in error.message]
            if not lost:
                raise
            for sha256 in lost:  # the server has forgotten files that it had been given
                del self._uploaded[sha256]
            yield from self._upload(message)
            found = yield from self._post(thread, message)
        self.tip = str(found.get("id", ""))
        return self.tip

    def _post(self, thread: str, message: Message) -> Generator[Event, None, Json]:
        body = assistants_message(message, self._uploaded)
        return (
            yield from self._client.retrying(lambda: self._client.post(f"/threads/{thread}/messages", body))
        )

    def _upload(self, message: Message) -> Generator[Event, None, None]:
        """Give the server the files of a message that it lacks; text needs none, it stands in the message."""
        for one in message.attachments:
            if is_text(one.content_type):
                continue
            self.documents |= one.content_type not in IMAGES
            if one.sha256 not in self._uploaded:
                purpose = "vision" if one.content_type in IMAGES else "assistants"
                remote = yield from self._client.retrying(partial(self._client.upload, one, purpose))
                self._uploaded[one.sha256] = remote
                yield Uploaded(one.sha256, remote)

    def newest(self, thread: str) -> list[RemoteMessage]:
        """The last few messages, newest first."""
        found = self._client.get(f"/threads/{thread}/messages", {"order": "desc", "limit": _LOOKED_AT})
        return [_message(one) for one in found.get("data") or ()]

    def fetch(self, thread: str) -> Iterator[RemoteMessage]:
        """Every message, oldest first, page by page."""
        return map(_message, thread_sync.pages(self._client, f"/threads/{thread}/messages"))


def _message(found: Json) -> RemoteMessage:
    return RemoteMessage(
        str(found.get("id", "")),
        str(found.get("role", "")),
        text_of(content_parts(found.get("content"))),
        str(found.get("run_id") or ""),
    )


def content_parts(content: Any) -> list[Json]:
    """The parts of a message or of a delta; some servers give the text itself."""
    return [{"text": {"value": content}}] if isinstance(content, str) else list(content or ())


def text_of(parts: list[Json]) -> str:
    """The text of parts; files and images are not text."""
    return "".join(str((part.get("text") or {}).get("value") or part.get("refusal") or "") for part in parts)
