"""Fitting a conversation into a model's context, for every backend that sends the history itself.

Tokens can only be counted with the model's own tokenizer. So the first try estimates them from
characters, and the server corrects it: its refusal says how many tokens there really were, and
``fit_to_window`` runs again with the ratio that follows. The instructions and the new message are always
sent. Of the earlier turns, the newest are, and only whole ones: an answer without its question would
mislead the model. Pure functions, no I/O.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from chatmgr.backends.overflow import Overflow
from chatmgr.domain.errors import ProviderRefused
from chatmgr.domain.model import Message

CHARS_PER_TOKEN = 4.0  # English prose; code and other scripts have fewer, which a refusal corrects
_TOKENS_PER_MESSAGE = 5  # roughly what a chat template adds to each message


@dataclass(frozen=True, slots=True)
class Fitted:
    """The messages to send, how many earlier turns are among them and how many not, and their tokens.

    ``tokens`` is an estimate.
    """

    messages: list[dict[str, str]]
    kept: int
    left_out: int
    tokens: int


def fit_to_window(
    instructions: str,
    history: Sequence[Message],
    text: str,
    *,
    budget: int,
    ratio: float = CHARS_PER_TOKEN,
    max_turns: int | None = None,
) -> Fitted:
    """Choose what to send within ``budget`` tokens: the new message, and the newest turns that fit.

    ``ratio`` is in characters per token. ``max_turns`` limits the number of earlier turns: a caller
    passes one less after each refusal, so that it comes to an end however wrong the estimates are. If
    even the instructions and the new message exceed the budget, they are returned alone, for only the
    server can tell for certain.
    """
    system = [{"role": "system", "content": instructions}] if instructions.strip() else []
    new_message = {"role": "user", "content": text}
    tokens = sum(estimate_tokens(message["content"], ratio) for message in (*system, new_message))
    turns = group_turns(history)
    allowed = len(turns) if max_turns is None else min(max_turns, len(turns))
    kept = 0
    for turn in reversed(turns[len(turns) - allowed :]):
        turn_tokens = sum(estimate_tokens(message.content, ratio) for message in turn)
        if tokens + turn_tokens > budget:
            break
        tokens += turn_tokens
        kept += 1
    earlier = [
        {"role": message.role, "content": message.content}
        for turn in turns[len(turns) - kept :]
        for message in turn
    ]
    return Fitted([*system, *earlier, new_message], kept, len(turns) - kept, tokens)


def estimate_tokens(text: str, ratio: float = CHARS_PER_TOKEN) -> int:
    """Roughly the tokens of one message."""
    return math.ceil(len(text) / ratio) + _TOKENS_PER_MESSAGE


def answer_reserve(max_tokens: object, context: int) -> int:
    """The tokens to leave free for the answer: all it may have, but at most a quarter of the context."""
    quarter = context // 4
    return min(max_tokens, quarter) if isinstance(max_tokens, int) and max_tokens > 0 else quarter


def corrected_ratio(ratio: float, refused: Fitted, overflow: Overflow) -> float:
    """The characters per token that a refused try turned out to have, with a small margin."""
    if not overflow.prompt_tokens:
        return ratio * 0.7
    return min(ratio, ratio * refused.tokens / overflow.prompt_tokens) * 0.97


def left_out_notice(left_out: int, limit: int) -> str:
    """One line that says how many turns the model did not see; the limit is 0 where it is unknown."""
    turns, were = ("turn", "was") if left_out == 1 else ("turns", "were")
    size = f" of {limit} tokens" if limit else ""
    return f"{left_out} earlier {turns} did not fit the model's context{size} and {were} not sent."


def too_long_error(
    overflow: Overflow, model: str, limit: int, hint: str, server_words: str = ""
) -> ProviderRefused:
    """The error for a message that does not fit even alone; ``server_words`` are the refusal's, if any."""
    needed = f"{overflow.prompt_tokens:,} tokens" if overflow.prompt_tokens else "more than that"
    size = f"has {limit:,} tokens" if limit else "is limited"
    error = ProviderRefused(
        f"The message does not fit: the context of {model or 'the model'} {size}, and the message with the "
        f"instructions needs {needed}." + (f" {server_words}" if server_words else ""),
        hint,
        status=400,
        code="exceed_context_size_error",
    )
    error.touched = False
    return error


def group_turns(history: Sequence[Message]) -> list[list[Message]]:
    """Group messages into turns: each begins with a user message, except for an imported opening."""
    turns: list[list[Message]] = []
    for message in history:
        if message.role == "user" or not turns:
            turns.append([])
        turns[-1].append(message)
    return turns
