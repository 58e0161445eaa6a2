"""Whether a server keeps a conversation: decided by what it says, then by what it holds.

A server that keeps the conversation may name it in the response, as ``conversation`` or as
``conversation_id``. One that does not name it may keep it all the same. So once the answer is complete, the
items of the conversation are read: they hold the answer, or the server ignored the conversation's id. If
it counts input tokens, they must be as many as the earlier messages have words at least. Otherwise
the model never saw them, although the server stores them.
"""

from collections.abc import Generator, Iterator, Sequence

from chatmgr.backends.http.client import Json
from chatmgr.backends.polling import poll
from chatmgr.backends.responses.conversations import Conversations
from chatmgr.backends.responses.response_state import ResponseState
from chatmgr.backends.thread_sync import find_answer, without_spaces
from chatmgr.domain.errors import ChatmgrError, DatabaseUnreachable, ProviderRefused
from chatmgr.domain.events import STATELESS, Event, Finished, Notice, ThreadSynced, Usage
from chatmgr.domain.model import LiveRun, Message, RemoteMessage, TurnRequest
from chatmgr.domain.states import RunState

_LOOK_SECONDS = 1.0  # how long the items may lag behind the answer
_ASK_SECONDS = 5.0  # for one request: the answer is complete and on the screen already
_COUNTED_TURNS = 50  # turns whose words are counted, so that a long transcript is not read whole
_TOKENS_PER_WORD = 0.75  # no tokenizer needs fewer for a whole conversation


def check_kept(
    conversations: Conversations,
    request: TurnRequest,
    thread: str,
    body: Json,
    state: ResponseState,
    end: Finished,
) -> Iterator[Event]:
    """After an answer, find out whether the conversation holds it; if not, note that none is kept.

    The request was answered and is never repeated, not even if the model did not see the earlier turns.
    """
    if end.state is not RunState.COMPLETED or state.conversation == thread:
        return
    answer = end.text or "".join(state.text_parts)
    if not answer and not state.items.is_empty:
        return  # messages are compared, and there is none
    try:
        earlier = request.history(max(request.answered - 3, 0))
        counted = request.history(max(request.answered - _COUNTED_TURNS, 0)) if request.answered else []
    except DatabaseUnreachable:
        return  # the answer is complete, and its end has to be written: that waits for the database
    held = yield from _holds_answer(conversations, thread, request.text, earlier, answer)
    stores = bool(held)
    if held and not _saw_history(request, counted, state.usage, body):
        held = False
    if held is False:
        if request.answered:
            yield Notice(_forgetful_notice(conversations.provider, stores=stores))
        yield ThreadSynced(STATELESS, 0)


def check_recovered(
    conversations: Conversations, run: LiveRun, state: ResponseState, end: Finished
) -> Iterator[Event]:
    """As ``check_kept``, for a run whose process died."""
    if end.state is not RunState.COMPLETED or run.thread_id in {"", state.conversation}:
        return
    answer = end.text or "".join(state.text_parts)
    if not answer and not state.items.is_empty:
        return
    held = yield from _holds_answer(conversations, run.thread_id, run.user, (), answer)
    if held is False:
        yield ThreadSynced(STATELESS, 0)


def _holds_answer(
    conversations: Conversations, thread: str, user: str, earlier: Sequence[Message], answer: str
) -> Generator[Event, None, bool | None]:
    """Whether the conversation holds an answer to ``user`` now; None if that cannot be found out.

    ``earlier`` are the last messages before ``user``.
    """

    def look() -> bool:
        newest = conversations.newest(thread, seconds=_ASK_SECONDS)
        if find_answer(user, earlier, newest):
            return True
        return any(_is_part(item, conversations.seen_ids, answer) for item in newest)

    def ask() -> Generator[Event, None, bool]:
        yield from ()
        return look()

    try:
        return (
            yield from poll(
                look(),
                ask,
                done=bool,
                limit=lambda _: _LOOK_SECONDS,
                reason=lambda _: "checking whether the server keeps the conversation",
            )
        )
    except ProviderRefused as error:  # items that nobody may read are of no use, unless it is for a moment
        return None if error.status in {408, 429} or error.status in range(500, 600) else False
    except (ChatmgrError, KeyboardInterrupt):
        return None  # the answer is complete: stopping now ends this check only


def _is_part(item: RemoteMessage, seen_ids: set[str], answer: str) -> bool:
    """Whether an item was added by this turn, as part of its answer; the ids tell, where some are known."""
    if not seen_ids or item.id in seen_ids or item.role != "assistant":
        return False
    text = without_spaces(item.content)
    return bool(text) and text in without_spaces(answer)


def _saw_history(request: TurnRequest, earlier: list[Message], usage: Usage | None, body: Json) -> bool:
    """Whether the input tokens allow for the ``earlier`` turns; True if nobody counted them."""
    if usage is None or not usage.input_tokens or not request.answered:
        return True
    words = _count_words(earlier)
    if _may_shorten(body, request.answered, words):
        return True
    tokens = usage.input_tokens + (usage.cached_tokens or 0)  # some count the cached ones apart
    return tokens >= _TOKENS_PER_WORD * words


def _may_shorten(body: Json, turns: int, words: int) -> bool:
    """Whether the request lets the server leave out or compact some of the earlier turns."""
    if "truncation" in body:
        return True
    edits = body.get("context_management")
    thresholds = [edit.get("compact_threshold") for edit in edits or () if isinstance(edit, dict)]
    return bool(edits) and (
        turns > _COUNTED_TURNS
        or not all(isinstance(threshold, int) and 2 * words < threshold for threshold in thresholds)
    )


def _count_words(messages: list[Message]) -> int:
    return sum(len(message.content.split()) for message in messages)


def _forgetful_notice(provider: str, *, stores: bool) -> str:
    """What to tell the person about an answer for which the model did not see the earlier turns."""
    reason = "does not show the model the whole conversation" if stores else "does not keep conversations"
    left_out = "all earlier turns" if stores else "the earlier turns"
    return (
        f"{provider} {reason}, so this answer does not take {left_out} into account. "
        "From now on, the history is sent with each message."
    )
