"""Sending a turn together with the whole conversation, to a server that may not be able to take all of it.

Everything is sent at first. If the server says that it is too long, it is sent again with the newest turns
that fit, by the server's own count. If the model cannot read the files of earlier turns, it gets their
names instead. A server that refuses a request has not answered it, so nothing happens twice. The
transcript stays as it is, and a notice tells the person what the model did not see.
"""

from collections.abc import Callable, Generator, Iterator

from chatmgr.backends import context_window
from chatmgr.backends.http.client import ApiClient, Stream
from chatmgr.backends.message_format import (
    cannot_read_files,
    has_documents,
    is_text,
    plain_message,
    with_file_names,
)
from chatmgr.domain.errors import ProviderRefused
from chatmgr.domain.events import Event, Notice
from chatmgr.domain.model import Message, TurnRequest

_SHORTER_TRIES = 3  # two by the server's count, then the new message alone
_UNLIMITED = 2**31
_TOO_LONG_HINT = "Send it in parts, or choose a model with a larger context."


def send_with_history(
    client: ApiClient, request: TurnRequest, post: Callable[[list[Message]], Stream], max_tokens: object
) -> Generator[Event, None, Stream]:
    """Send the new message with as many earlier messages as the server takes; the value is the stream.

    ``post`` is called with the earlier messages. ``max_tokens`` is the limit of the answer, if any.
    """
    history = _History(request, max_tokens)
    while True:
        try:
            stream = yield from client.retrying(lambda: post(history.messages))
        except ProviderRefused as error:
            history.reduce(error)
        else:
            yield from history.notices()
            return stream


class _History:
    """The earlier messages that are sent: all of them, until the server says that it cannot take them."""

    def __init__(self, request: TurnRequest, max_tokens: object) -> None:
        self.messages = request.history(0)
        self._turns = context_window.group_turns(self.messages)
        self._request = request
        self._max_tokens = max_tokens
        self._ratio = context_window.CHARS_PER_TOKEN
        self._fitted: context_window.Fitted | None = None
        self._tries_left = _SHORTER_TRIES
        self._limit = 0
        self._turns_with_unread_files = 0

    def reduce(self, error: ProviderRefused) -> None:
        """Leave out what the server refused; raises if there is nothing left to leave out."""
        if overflow := context_window.parse_overflow(error.body):
            self._shorten(overflow)
            return
        if not cannot_read_files(error):
            raise error
        self._turns_with_unread_files = sum(map(has_documents, self.messages))
        if self._turns_with_unread_files:
            self.messages = [with_file_names(message) for message in self.messages]
            self._turns = [[with_file_names(message) for message in turn] for turn in self._turns]
        elif has_documents(self._request.message):
            raise _cannot_read_error(self._request, error)
        else:
            raise error

    def _shorten(self, overflow: context_window.Overflow) -> None:
        """Keep the newest turns that fit by the server's count; at each try there are fewer."""
        refused = self._fitted or self._fit(_UNLIMITED, len(self._turns))
        if not refused.kept or not self._tries_left:
            model, limit = self._request.model, overflow.limit or 0
            raise context_window.too_long_error(overflow, model, limit, _TOO_LONG_HINT)
        self._tries_left -= 1
        self._ratio = context_window.corrected_ratio(self._ratio, refused, overflow)
        self._limit = overflow.limit or 0
        limit = overflow.limit or refused.tokens // 2
        budget = limit - context_window.answer_reserve(self._max_tokens, limit)
        self._fitted = self._fit(budget, refused.kept - 1 if self._tries_left else 0)
        newest = self._turns[len(self._turns) - self._fitted.kept :]
        self.messages = [message for turn in newest for message in turn]

    def _fit(self, budget: int, max_turns: int) -> context_window.Fitted:
        earlier = [plain_message(message) for turn in self._turns for message in turn]
        text = plain_message(self._request.message).content
        instructions = self._request.assistant.instructions
        return context_window.fit_to_window(
            instructions, earlier, text, budget=budget, ratio=self._ratio, max_turns=max_turns
        )

    def notices(self) -> Iterator[Notice]:
        """What the model did not see of the conversation."""
        if self._fitted:
            yield Notice(context_window.left_out_notice(self._fitted.left_out, self._limit))
        if count := self._turns_with_unread_files:
            yield Notice(
                f"The model cannot read the files of {count} earlier "
                f"{'turn' if count == 1 else 'turns'}; only their names were sent."
            )


def _cannot_read_error(request: TurnRequest, error: ProviderRefused) -> ProviderRefused:
    names = " and ".join(file.name for file in request.message.attachments if not is_text(file.content_type))
    refusal = ProviderRefused(
        f"The model cannot read {names}: {error.message}",
        "Choose one that can, with -m or --provider, or send text.",
        status=error.status,
        code=error.code,
    )
    refusal.touched = False  # what it cannot read, it has not answered
    return refusal
