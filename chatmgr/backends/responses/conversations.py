"""OpenAI conversations: the remote thread of the ``responses`` API, kept in step with the transcript.

Twenty items go in one call.
"""

from collections.abc import Generator, Iterator
from functools import partial

from chatmgr.backends import thread_sync
from chatmgr.backends.http.client import ApiClient, Json
from chatmgr.backends.message_format import responses_message
from chatmgr.domain.errors import ProviderRefused
from chatmgr.domain.events import STATELESS, Event, Rebuilt
from chatmgr.domain.model import Message, RemoteMessage, TurnRequest

ITEMS_PER_CALL = 20
NO_SUCH_THING = {404, 405, 501}
_LOOKED_AT = 10


class Conversations:
    """The conversations of one provider. ``tip`` is the newest message that was seen before a turn."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self.tip = ""

    def ready(self, request: TurnRequest) -> Generator[Event, None, str]:
        """The conversation to build this turn on; ``STATELESS`` where the server keeps none."""
        if request.thread and request.thread.remote_id == STATELESS:
            return STATELESS
        return (yield from thread_sync.ready(self, request))

    def build(self, request: TurnRequest) -> Generator[Event, None, str]:
        """A new conversation that holds the transcript; ``STATELESS`` where there is no such thing."""
        earlier = thread_sync.merge_same_role(request.history(0))
        try:
            thread = yield from self._client.retrying(lambda: self.create(earlier[:ITEMS_PER_CALL]))
        except ProviderRefused as error:
            if error.status not in NO_SUCH_THING:
                raise
            yield Rebuilt(STATELESS, 0)
            return STATELESS
        yield from self.append(thread, earlier[ITEMS_PER_CALL:])
        yield Rebuilt(thread, request.answered)
        return thread

    def create(self, messages: list[Message]) -> str:
        """A new conversation with these messages, twenty at the most."""
        self.tip = ""
        items = [responses_message(one) for one in messages]
        return str(self._client.post("/conversations", {"items": items} if items else {}).get("id", ""))

    def append(self, thread: str, messages: list[Message]) -> Generator[Event, None, None]:
        """Add messages at the end; each call is made once, whatever the next one meets."""
        messages = thread_sync.merge_same_role(messages)
        for start in range(0, len(messages), ITEMS_PER_CALL):
            items = [responses_message(one) for one in messages[start : start + ITEMS_PER_CALL]]
            found = yield from self._client.retrying(partial(self._add, thread, items))
            self.tip = str(found.get("last_id") or "")

    def _add(self, thread: str, items: list[Json]) -> Json:
        return self._client.post(f"/conversations/{thread}/items", {"items": items})

    def newest(self, thread: str) -> list[RemoteMessage]:
        """The last few messages, newest first."""
        found = self._client.get(f"/conversations/{thread}/items", {"order": "desc", "limit": _LOOKED_AT})
        return _messages(found)

    def erase(self, thread: str) -> Generator[Event, None, str]:
        """Delete a conversation, its items first: a server keeps those of one that is deleted.

        Returns what it keeps for all that.
        """
        path = f"/conversations/{thread}"
        for item in list(thread_sync.pages(self._client, f"{path}/items")):
            try:
                yield from self._client.retrying(partial(self._client.delete, f"{path}/items/{item['id']}"))
            except ProviderRefused as error:
                if error.status not in NO_SUCH_THING:
                    raise
        left = len(list(thread_sync.pages(self._client, f"{path}/items")))
        yield from self._client.retrying(lambda: self._client.delete(path))
        return f"{left} item{'' if left == 1 else 's'} of it" if left else ""

    def fetch(self, thread: str) -> Iterator[RemoteMessage]:
        """Every message, oldest first, page by page."""
        for item in thread_sync.pages(self._client, f"/conversations/{thread}/items"):
            yield from _messages({"data": [item]})


def _messages(page: Json) -> list[RemoteMessage]:
    return [
        RemoteMessage(
            str(item.get("id", "")),
            str(item.get("role", "")),
            item_text(item),
            whole=item.get("status") != "incomplete",
            refused=any(isinstance(part, dict) and part.get("refusal") for part in item.get("content") or ()),
        )
        for item in page.get("data") or ()
        if item.get("type", "message") == "message" and item.get("role") in {"user", "assistant"}
    ]


def item_text(item: Json) -> str:
    """The text of a message item, input or output; files and images are not text."""
    content = item.get("content")
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text") or part.get("refusal") or "") for part in content or ())
