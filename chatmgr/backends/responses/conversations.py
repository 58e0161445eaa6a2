"""OpenAI conversations: the remote threads of the Responses API."""

from collections.abc import Generator, Iterator
from functools import partial

from chatmgr.backends import thread_sync
from chatmgr.backends.http.client import ApiClient, Json
from chatmgr.backends.message_format import responses_message
from chatmgr.domain.errors import ProviderRefused
from chatmgr.domain.events import STATELESS, Event, ThreadSynced
from chatmgr.domain.model import Message, RemoteMessage, TurnRequest

NOT_SUPPORTED = {404, 405, 501}  # how servers without conversations answer
_ITEMS_PER_CALL = 20  # the API's limit
_NEWEST = 10  # items
_NEEDED = 6  # messages: a question with its answer, and two turns before it
_LONGEST_PAGE = 100  # items


class Conversations:
    """The conversations of one provider. ``seen_ids`` are the newest items that were seen before a turn."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self.seen_ids: set[str] = set()

    def ensure_synced(self, request: TurnRequest) -> Generator[Event, None, str]:
        """The conversation to run this turn on; ``STATELESS`` where the server keeps none."""
        if request.thread and request.thread.remote_id == STATELESS:
            return STATELESS
        return (yield from thread_sync.ensure_synced(self, request))

    def build(
        self, request: TurnRequest, messages: list[Message] | None = None
    ) -> Generator[Event, None, str]:
        """Create a conversation that holds the transcript, or these messages of it.

        The value is ``STATELESS`` where the server has none.
        """
        earlier = thread_sync.without_empty(request.history(0) if messages is None else messages)
        try:
            thread = yield from self._client.retrying(lambda: self.create(earlier[:_ITEMS_PER_CALL]))
        except ProviderRefused as error:
            if error.status not in NOT_SUPPORTED:
                raise
            yield ThreadSynced(STATELESS, 0)
            return STATELESS
        yield from self.append(thread, earlier[_ITEMS_PER_CALL:])
        yield ThreadSynced(thread, request.answered)
        return thread

    def create(self, messages: list[Message]) -> str:
        """Create a conversation with at most twenty messages; returns its id."""
        self.seen_ids = set()
        items = [responses_message(message) for message in messages]
        return str(self._client.post("/conversations", {"items": items} if items else {}).get("id", ""))

    def append(self, thread: str, messages: list[Message]) -> Generator[Event, None, None]:
        """Add messages at the end, twenty in a call."""
        messages = thread_sync.without_empty(messages)
        for start in range(0, len(messages), _ITEMS_PER_CALL):
            items = [responses_message(message) for message in messages[start : start + _ITEMS_PER_CALL]]
            reply = yield from self._client.retrying(partial(self._add_items, thread, items))
            if self.seen_ids:  # else some are unknown, and ids decide nothing
                self.seen_ids |= {message.id for message in _messages(reply.get("data") or []) if message.id}

    def _add_items(self, thread: str, items: list[Json]) -> Json:
        return self._client.post(f"/conversations/{thread}/items", {"items": items})

    def newest(self, thread: str, seconds: float | None = None) -> list[RemoteMessage]:
        """The last few messages, newest first; with ``seconds``, asked once and for no longer than that.

        Calls of tools are items too. If they push the messages out of the first page, a longer one is read.
        """
        query: dict[str, object] = {"order": "desc", "limit": _NEWEST}
        page = self._client.get(f"/conversations/{thread}/items", query, seconds)
        messages = _messages(page.get("data") or [])
        if page.get("has_more") and len(messages) < _NEEDED:
            page = self._client.get(
                f"/conversations/{thread}/items", query | {"limit": _LONGEST_PAGE}, seconds
            )
            messages = _messages(page.get("data") or [])
        return messages

    def delete(self, thread: str) -> Generator[Event, None, str]:
        """Delete a conversation and its items; returns what the server keeps of it nevertheless.

        The items go first, because a server keeps those of a conversation that is deleted.
        """
        path = f"/conversations/{thread}"
        for item in self._items(path):
            try:
                yield from self._client.retrying(partial(self._client.delete, f"{path}/items/{item['id']}"))
            except ProviderRefused as error:
                if error.status not in NOT_SUPPORTED:
                    raise
        kept = len(self._items(path))
        yield from self._client.retrying(lambda: self._client.remove(path))
        return f"{kept} item{'' if kept == 1 else 's'} of it" if kept else ""

    def _items(self, path: str) -> list[Json]:
        """The items of a conversation that is to be deleted; none where the server lists none."""
        try:
            return list(thread_sync.paginate(self._client, f"{path}/items"))
        except ProviderRefused as error:
            if error.status not in NOT_SUPPORTED:
                raise
            return []

    def fetch_messages(self, thread: str) -> Iterator[RemoteMessage]:
        """Every message, oldest first, page by page."""
        for item in thread_sync.paginate(self._client, f"/conversations/{thread}/items"):
            yield from _messages([item])


def _messages(items: list[Json]) -> list[RemoteMessage]:
    """The items that are messages of the user or the assistant."""
    return [
        RemoteMessage(
            str(item.get("id", "")),
            str(item.get("role", "")),
            _item_text(item),
            whole=item.get("status") != "incomplete",
            refused=any(isinstance(part, dict) and part.get("refusal") for part in item.get("content") or ()),
        )
        for item in items
        if item.get("type", "message") == "message" and item.get("role") in {"user", "assistant"}
    ]


def _item_text(item: Json) -> str:
    """The text of a message item, input or output; files and images have none."""
    content = item.get("content")
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text") or part.get("refusal") or "") for part in content or ())
