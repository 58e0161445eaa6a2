"""A turn whose whole memory travels with it, sent to a server that may not be able to take all of it.

Everything is sent at first. A server that says it is too long is asked again with the newest turns
that fit, by its own count; one whose model cannot read the files of earlier turns gets their names
instead. A request so refused was certainly not answered, so nothing happens twice. The transcript
stays as it is, and the reader is told which part of it the model did not see.
"""

from collections.abc import Callable, Generator, Iterator

from chatmgr.backends import context_window
from chatmgr.backends.http.client import ApiClient, Stream
from chatmgr.backends.message_format import has_documents, is_text, named_only, plain_message, unread
from chatmgr.domain.errors import ProviderRefused
from chatmgr.domain.events import Event, Notice
from chatmgr.domain.model import Message, TurnRequest

_FEWER = 3  # times that less is sent: twice by the server's count, then the new message alone
_EVERYTHING = 2**31
_ADVICE = "Send it in parts, or choose a model with a larger context."


def send(
    client: ApiClient, request: TurnRequest, post: Callable[[list[Message]], Stream], max_tokens: object
) -> Generator[Event, None, Stream]:
    """Post the earlier messages with the new one, fewer where need be; the value is what was opened."""
    memory = _Memory(request, max_tokens)
    while True:
        try:
            stream = yield from client.retrying(lambda: post(memory.messages))
        except ProviderRefused as error:
            memory.reduce(error)
        else:
            yield from memory.notices()
            return stream


class _Memory:
    """What is sent of a conversation's past: all of it, until a server says that it cannot take that."""

    def __init__(self, request: TurnRequest, max_tokens: object) -> None:
        self.messages = request.history(0)
        self._turns = context_window.turns(self.messages)
        self._request = request
        self._max_tokens = max_tokens
        self._ratio = context_window.CHARS_PER_TOKEN
        self._fitted: context_window.Fitted | None = None
        self._tries = _FEWER
        self._limit = 0
        self._unread = 0

    def reduce(self, error: ProviderRefused) -> None:
        """Take away what the server cannot take; raises where that leaves nothing to be tried."""
        if overflow := context_window.recognise(error.body):
            self._shorten(overflow)
            return
        if not unread(error):
            raise error
        self._unread = sum(map(has_documents, self.messages))
        if self._unread:
            self.messages = [named_only(one) for one in self.messages]
            self._turns = [[named_only(one) for one in turn] for turn in self._turns]
        elif has_documents(self._request.message):
            raise _cannot_read(self._request, error)
        else:
            raise error

    def _shorten(self, overflow: context_window.Overflow) -> None:
        """Keep the newest turns that fit by the server's own count, each time fewer."""
        tried = self._fitted or self._fit(_EVERYTHING, len(self._turns))
        if not tried.kept or not self._tries:
            raise context_window.too_long(overflow, self._request.model, overflow.limit or 0, _ADVICE)
        self._tries -= 1
        self._ratio = context_window.corrected(self._ratio, tried, overflow)
        self._limit = overflow.limit or 0
        limit = overflow.limit or tried.tokens // 2
        room = limit - context_window.reserve(self._max_tokens, limit)
        self._fitted = self._fit(room, tried.kept - 1 if self._tries else 0)
        newest = self._turns[len(self._turns) - self._fitted.kept :]
        self.messages = [message for turn in newest for message in turn]

    def _fit(self, budget: int, at_most: int) -> context_window.Fitted:
        earlier = [plain_message(message) for turn in self._turns for message in turn]
        text = plain_message(self._request.message).content
        told = self._request.assistant.instructions
        return context_window.fit(told, earlier, text, budget=budget, ratio=self._ratio, at_most=at_most)

    def notices(self) -> Iterator[Notice]:
        """What of the past the model did not see."""
        if self._fitted:
            yield Notice(context_window.left_out_notice(self._fitted.left_out, self._limit))
        if self._unread:
            yield Notice(
                f"The model cannot read the files of {self._unread} earlier "
                f"{'turn' if self._unread == 1 else 'turns'}; it was told their names."
            )


def _cannot_read(request: TurnRequest, error: ProviderRefused) -> ProviderRefused:
    names = " and ".join(one.name for one in request.message.attachments if not is_text(one.content_type))
    refused = ProviderRefused(
        f"The model cannot read {names}: {error.message}",
        "Choose one that can, with -m or --provider, or send text.",
        status=error.status,
        code=error.code,
    )
    refused.touched = False  # what it cannot read, it has not answered
    return refused
