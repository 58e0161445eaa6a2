"""OpenAI conversations: the remote threads of the Responses API."""

from collections.abc import Generator, Iterable, Iterator, Set
from dataclasses import replace
from functools import partial
from itertools import takewhile

from chatmgr.backends import thread_sync
from chatmgr.backends.answer_text import read_content
from chatmgr.backends.http.client import ApiClient, Json
from chatmgr.backends.items.sending import Target, carried, next_form
from chatmgr.backends.json_values import as_id, as_objects
from chatmgr.backends.responses.input_items import input_items
from chatmgr.domain.errors import ProviderRefused
from chatmgr.domain.events import STATELESS, Event, ThreadSynced
from chatmgr.domain.items import Item, call_id_of
from chatmgr.domain.model import Attachment, Message, RemoteMessage, TurnRequest

NOT_SUPPORTED = {404, 405, 501}  # how servers without conversations answer
_ITEMS_PER_CALL = 20  # the API's limit
_ANSWERS = ("_output", "approval_response")  # how the types of answers to calls end
_NEWEST = 10  # items
_NEEDED = 6  # messages: a question with its answer, and two turns before it
_LONGEST_PAGE = 100  # items


class Conversations:
    """The conversations of one provider.

    ``seen_ids`` are the newest items that were seen before a turn. ``carried`` are the images of the last
    answer, which the next message has to carry. ``is_new``: the conversation was built for this turn.
    """

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self._target = Target("responses", "")
        self.provider = client.provider.name
        self.seen_ids: set[str] = set()
        self.carried: tuple[Attachment, ...] = ()
        self.is_new = False
        self._newest_items: list[Json] = []

    def ensure_synced(self, request: TurnRequest) -> Generator[Event, None, str]:
        """The conversation to run this turn on; ``STATELESS`` where the server keeps none."""
        self._target = Target("responses", request.model)
        if request.thread and request.thread.remote_id == STATELESS:
            return STATELESS
        return (yield from thread_sync.ensure_synced(self, request))

    def build(
        self,
        request: TurnRequest,
        messages: list[Message] | None = None,
        keep_open: Set[str] = frozenset(),
    ) -> Generator[Event, None, str]:
        """Create a conversation that holds the transcript, or these messages of it.

        The value is ``STATELESS`` where the server has none. ``keep_open`` are the ids of calls whose results
        follow. If the server refuses items as they are, it gets them in the next form.
        """
        earlier = thread_sync.without_empty(request.history(0) if messages is None else messages)
        target = Target("responses", request.model, keep_open=keep_open)
        while True:
            sent, self.carried = carried(earlier, target)
            items = input_items(sent, target)
            try:
                thread = yield from self._create_with(items)
            except ProviderRefused as error:
                form = next_form(target, earlier, error)
                if form is not None:
                    target = replace(target, form=form)
                    continue
                if error.status not in NOT_SUPPORTED:
                    raise
                yield ThreadSynced(STATELESS, 0)
                return STATELESS
            self.is_new = True
            yield ThreadSynced(thread, request.answered)
            return thread

    def _create_with(self, items: list[Json]) -> Generator[Event, None, str]:
        first, *rest = chunks(items) or [[]]
        thread = yield from self._client.retrying(lambda: self.create(first))
        yield from self._append_items(thread, rest)
        return thread

    def create(self, items: list[Json]) -> str:
        """Create a conversation with at most twenty items; returns its id."""
        self.seen_ids = set()
        return as_id(self._client.post("/conversations", {"items": items} if items else {}).get("id"))

    def append(self, thread: str, messages: list[Message]) -> Generator[Event, None, None]:
        """Add messages at the end, twenty items in a call."""
        sent, self.carried = carried(thread_sync.without_empty(messages), self._target)
        yield from self._append_items(thread, chunks(input_items(sent, self._target)))

    def _append_items(self, thread: str, calls: Iterable[list[Json]]) -> Generator[Event, None, None]:
        for items in calls:
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
        messages = self._read_page(page)
        if page.get("has_more") and len(messages) < _NEEDED:
            page = self._client.get(
                f"/conversations/{thread}/items", query | {"limit": _LONGEST_PAGE}, seconds
            )
            messages = self._read_page(page)
        return messages

    def _read_page(self, page: Json) -> list[RemoteMessage]:
        self._newest_items = as_objects(page.get("data"))
        return _messages(self._newest_items)

    def newest_answer(self) -> list[Json]:
        """The items after the newest message of the user, as ``newest`` saw them last, oldest first."""
        answer = takewhile(lambda item: item.get("role") != "user", self._newest_items)
        return list(answer)[::-1]

    def unheard(self, pending: Iterable[Item]) -> list[Item]:
        """Those calls and answers of which the conversation, as it was seen last, holds no answer.

        A turn that failed may have brought them there; the API refuses a second answer.
        """
        answers = [item for item in self._newest_items if as_id(item.get("type")).endswith(_ANSWERS)]
        keys = ("call_id", "approval_request_id", "id")
        heard = {as_id(item.get(key)) for item in answers for key in keys}
        return [] if self.is_new else [item for item in pending if call_id_of(item) not in heard]

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


def chunks(items: list[Json]) -> list[list[Json]]:
    """Items in pieces of at most twenty; reasoning stays with what it led to."""
    pieces: list[list[Json]] = []
    start = 0
    while start < len(items):
        end = min(start + _ITEMS_PER_CALL, len(items))
        while start + 1 < end < len(items) and items[end - 1].get("type") == "reasoning":
            end -= 1
        pieces.append(items[start:end])
        start = end
    return pieces


def _messages(items: list[Json]) -> list[RemoteMessage]:
    """The items that are messages of the user or the assistant."""
    return [
        RemoteMessage(
            as_id(item.get("id")),
            as_id(item.get("role")),
            read_content(item.get("content")).text,
            whole=item.get("status") != "incomplete",
            refused=read_content(item.get("content")).refused,
        )
        for item in as_objects(items)
        if item.get("type", "message") == "message" and item.get("role") in ("user", "assistant")
    ]
