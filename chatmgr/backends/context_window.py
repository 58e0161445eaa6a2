"""What of a conversation fits a model's context: shared by every backend that sends the history itself.

Nobody can count tokens without the model's own tokenizer, so the first try estimates from characters
and the server corrects it: an overflow answer says how many tokens there really were, and ``fit``
runs again with the ratio that follows. Instructions and the new message are always sent; of the
earlier turns the newest stay, and never half a turn, for an answer without its question (or the
reverse) misleads the model. Pure functions, no I/O.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chatmgr.domain.errors import ProviderRefused
from chatmgr.domain.model import Message

CHARS_PER_TOKEN = 4.0  # English prose; code and other scripts have fewer, and a retry finds out
MESSAGE_TOKENS = 5  # what a chat template adds around each message, about

_LIMIT = re.compile(
    r"(?:maximum context length (?:is|of)|exceed context window of|context length of only) ([\d,]+)",
    re.IGNORECASE,
)
_PROMPT = re.compile(
    r"(?:(?:resulted in|requested) ([\d,]+) tokens|requested tokens \(([\d,]+)\))", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Overflow:
    """A server's word that a prompt does not fit: how long it was, how long it may be, where stated."""

    prompt_tokens: int | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Fitted:
    """The messages to send; how many earlier turns went along and how many did not; the estimate."""

    messages: list[dict[str, str]]
    kept: int
    left_out: int
    tokens: int


def fit(
    instructions: str,
    history: Sequence[Message],
    text: str,
    *,
    budget: int,
    ratio: float = CHARS_PER_TOKEN,
    at_most: int | None = None,
) -> Fitted:
    """Choose what is sent within ``budget`` tokens: all that must be, and the newest turns that fit.

    ``at_most`` caps the number of earlier turns: a caller whose last try was too long passes one
    less, and so comes to an end however wrong the estimates are. Where even the instructions and the
    new text exceed the budget they are returned alone; only the server can tell for certain.
    """
    system = [{"role": "system", "content": instructions}] if instructions.strip() else []
    last = {"role": "user", "content": text}
    tokens = sum(estimate(one["content"], ratio) for one in (*system, last))
    past = turns(history)
    kept = 0
    allowed = len(past) if at_most is None else min(at_most, len(past))
    for turn in reversed(past[len(past) - allowed :]):
        cost = sum(estimate(message.content, ratio) for message in turn)
        if tokens + cost > budget:
            break
        tokens += cost
        kept += 1
    earlier = [
        {"role": message.role, "content": message.content}
        for turn in past[len(past) - kept :]
        for message in turn
    ]
    return Fitted([*system, *earlier, last], kept, len(past) - kept, tokens)


def estimate(text: str, ratio: float = CHARS_PER_TOKEN) -> int:
    """The tokens of one message, about."""
    return math.ceil(len(text) / ratio) + MESSAGE_TOKENS


def reserve(max_tokens: object, context: int) -> int:
    """What to leave free for the answer: all it may take, but never over a quarter of the context."""
    quarter = context // 4
    return min(max_tokens, quarter) if isinstance(max_tokens, int) and max_tokens > 0 else quarter


def corrected(ratio: float, tried: Fitted, overflow: Overflow) -> float:
    """The characters per token that the last try turned out to have, with a little to spare."""
    if not overflow.prompt_tokens:
        return ratio * 0.7
    return min(ratio, ratio * tried.tokens / overflow.prompt_tokens) * 0.97


def recognise(body: object) -> Overflow | None:
    """Tell an overflow among error bodies; None for every other error.

    Takes the body or its ``error`` part: llama.cpp types it and gives the numbers, OpenAI has a code
    and tells the numbers in prose, and other servers (vLLM) have only that prose.
    """
    if isinstance(body, Mapping) and isinstance(body.get("error"), Mapping):
        body = body["error"]
    if not isinstance(body, Mapping):
        return None
    if body.get("type") == "exceed_context_size_error":
        return Overflow(_count(body.get("n_prompt_tokens")), _count(body.get("n_ctx")))
    prose = body.get("message")
    prose = prose if isinstance(prose, str) else ""
    limit = _LIMIT.search(prose)
    if body.get("code") == "context_length_exceeded" or limit:
        return Overflow(_number(_PROMPT.search(prose)), _number(limit))
    return None


def left_out_notice(left_out: int, limit: int) -> str:
    """The one line that tells which part of the past the model did not see; limit 0 where unknown."""
    turns, were = ("turn", "was") if left_out == 1 else ("turns", "were")
    size = f" of {limit} tokens" if limit else ""
    return f"{left_out} earlier {turns} did not fit the model's context{size} and {were} not sent."


def too_long(overflow: Overflow, model: str, limit: int, advice: str) -> ProviderRefused:
    """Said where even the new message alone does not fit."""
    need = f"{overflow.prompt_tokens:,} tokens" if overflow.prompt_tokens else "more than that"
    size = f"has {limit:,} tokens" if limit else "is limited"
    refused = ProviderRefused(
        f"The message does not fit: the context of {model or 'the model'} {size}, and the message with the "
        f"instructions needs {need}.",
        advice,
        status=400,
        code="exceed_context_size_error",
    )
    refused.touched = False
    return refused


def turns(history: Sequence[Message]) -> list[list[Message]]:
    """Group messages into turns: each begins with a user message, but for an imported opening."""
    found: list[list[Message]] = []
    for message in history:
        if message.role == "user" or not found:
            found.append([])
        found[-1].append(message)
    return found


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(found: re.Match[str] | None) -> int | None:
    return next((int(one.replace(",", "")) for one in found.groups() if one), None) if found else None
