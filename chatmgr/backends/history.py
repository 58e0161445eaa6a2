"""Sending a turn together with the whole conversation, to a server that may not be able to take all of it.

Everything is sent at first. If the server says that it is too long, it is sent again with the newest turns
that fit, by the server's own count. If the model cannot read the files of earlier turns, it gets their
names instead; if it does not take their items, it gets those in words. A server that refuses a request has
not answered it, so nothing happens twice. The transcript stays as it is, and a notice tells the person what
the model did not see.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple, cast

from chatmgr.backends import context_window
from chatmgr.backends.items.sending import Form, Target, carried, next_form
from chatmgr.backends.message_format import (
    cannot_read_files,
    has_documents,
    is_text,
    plain_message,
    with_file_names,
)
from chatmgr.backends.overflow import Overflow, parse_overflow
from chatmgr.domain.errors import ProviderRefused
from chatmgr.domain.events import Delta, Event, Finished, ItemDone, Notice, Reasoning, Usage
from chatmgr.domain.model import Message, TurnRequest

_SHORTER_TRIES = 3  # two by the server's count, then the new message alone
_UNLIMITED = 2**31
_TOO_LONG_HINT = "Send it in parts, or choose a model with a larger context."


class Sent(NamedTuple):
    """What is sent of a conversation: the earlier messages, the new one, and the form of their items.

    ``earlier`` is None while the server is left to know them by itself.
    """

    earlier: list[Message] | None
    message: Message
    form: Form = Form.RAW


def run_with_history(
    request: TurnRequest,
    run: Callable[[Sent], Iterator[Event]],
    max_tokens: object,
    *,
    api: str = "",
    kept_remotely: bool = False,
    rest: Sequence[Message] = (),
) -> Iterator[Event]:
    """Run a turn with as many earlier messages as the server takes; yields its events.

    ``run`` is called with all of them, and again with fewer if it raises the refusal of a prompt that is too
    long before any of the answer was heard. With ``kept_remotely``, the server has them. ``rest`` follows the
    new message; ``api`` takes them. ``max_tokens`` is the limit of the answer, if any.
    """
    history = _History(request, max_tokens, api, rest, kept_remotely=kept_remotely)
    while True:
        notices = list(history.notices())
        heard = False
        try:
            with closing(cast(Generator[Event], run(history.sent()))) as events:
                for event in events:
                    if isinstance(event, (Delta, Reasoning, ItemDone, Usage, Finished)) and not heard:
                        heard = True
                        yield from notices
                    yield event
        except ProviderRefused as error:
            if heard:
                raise
            history.reduce(error)
        else:
            return


class _History:
    """The earlier messages that are sent: all of them, until the server says that it cannot take them.

    ``_messages`` is None while the server is left to know them by itself.
    """

    def __init__(
        self,
        request: TurnRequest,
        max_tokens: object,
        api: str,
        rest: Sequence[Message],
        *,
        kept_remotely: bool,
    ) -> None:
        self._kept_remotely = kept_remotely
        self._messages: list[Message] | None = None if kept_remotely else request.history(0)
        self._request = request
        self._max_tokens = max_tokens
        self._target = Target(api, request.model)
        self._rest = rest
        self._ratio = context_window.CHARS_PER_TOKEN
        self._fitted: context_window.Fitted | None = None
        self._tries_left = _SHORTER_TRIES
        self._limit = 0
        self._turns_with_unread_files = 0

    def sent(self) -> Sent:
        """What is sent now; images of answers go with the messages after them."""
        earlier, message, form = self._messages, self._request.message, self._target.form
        if earlier is not None and not self._kept_remotely and not self._turns_with_unread_files:
            earlier, images = carried(earlier, self._target)
            message = replace(message, attachments=(*images, *message.attachments)) if images else message
        return Sent(earlier, message, form)

    @cached_property
    def _turns(self) -> list[list[Message]]:
        messages = self._request.history(0) if self._messages is None else self._messages
        return context_window.group_turns(messages)

    def reduce(self, error: ProviderRefused) -> None:
        """Leave out what the server refused; raises if there is nothing left to leave out."""
        if overflow := parse_overflow(error.body, error.status):
            self._shorten(overflow, error)
        elif not self._leave_out_files(error):
            messages = [] if self._kept_remotely else [*(self._messages or ()), *self._rest]
            form = next_form(self._target, messages, error)
            if form is None:
                raise error
            self._target = replace(self._target, form=form)

    def _leave_out_files(self, error: ProviderRefused) -> bool:
        """Send the names of earlier files, if the server refused these; returns whether it did."""
        if self._messages is None or not cannot_read_files(error):
            return False
        if not self._turns_with_unread_files:
            earlier, message, _ = self.sent()
            carries_images = len(message.attachments) > len(self._request.attachments)
            self._turns_with_unread_files = sum(map(has_documents, earlier or ())) + carries_images
            if self._turns_with_unread_files:
                turns = [[with_file_names(message) for message in turn] for turn in self._turns]
                self._messages = [with_file_names(message) for message in self._messages]
                self._turns = turns
                return True
        if has_documents(self._request.message):
            raise _cannot_read_error(self._request, error)
        return False

    def _shorten(self, overflow: Overflow, error: ProviderRefused) -> None:
        """Keep the newest turns that fit by the server's count; at each try there are fewer."""
        refused = self._fitted or self._fit(_UNLIMITED, len(self._turns))
        if not refused.kept or not self._tries_left:
            model, limit = self._request.model, overflow.limit or 0
            words = "" if overflow.prompt_tokens else error.message
            raise context_window.too_long_error(overflow, model, limit, _TOO_LONG_HINT, words)
        self._tries_left -= 1
        self._ratio = context_window.corrected_ratio(self._ratio, refused, overflow)
        self._limit = overflow.limit or 0
        limit = overflow.limit or refused.tokens // 2
        budget = limit - context_window.answer_reserve(self._max_tokens, limit)
        self._fitted = self._fit(budget, refused.kept - 1 if self._tries_left else 0)
        newest = self._turns[len(self._turns) - self._fitted.kept :]
        self._messages = [message for turn in newest for message in turn]

    def _fit(self, budget: int, max_turns: int) -> context_window.Fitted:
        earlier = [plain_message(message) for turn in self._turns for message in turn]
        text = plain_message(self._request.message).content + self._request.begun
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
        if self._target.form is Form.WORDS:
            yield Notice(
                "The server does not take the calls of earlier turns as such; they were sent as text."
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
