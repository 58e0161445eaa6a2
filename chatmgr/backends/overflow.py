"""Recognising, in any server's words, that a prompt does not fit the model's context.

Servers say so by a code, by the status 413, or in a sentence, and every one has its own. Two kinds of errors
read alike and are something else: a limit of tokens per minute, and an answer whose ``max_tokens`` is more
than the model can write. Shortening the history helps against neither. Pure functions, no I/O.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from chatmgr.backends import error_body
from chatmgr.backends.error_body import ErrorBody

_CODES = {
    "context_length_exceeded",
    "context_window_exceeded",
    "context_window_exceeded_error",
    "contextwindowexceedederror",
    "exceed_context_size_error",
    "model_context_window_exceeded",
    "model_max_prompt_tokens_exceeded",
    "max_context_length_exceeded",
    "content_length_exceeds_threshold",
    "prompt_too_long",
    "input_too_long",
    "request_too_large",
    "tokens_limit_reached",
}
_LIST_CODES = {"string_above_max_length", "array_above_max_length"}  # they also speak of other fields
_HISTORY_FIELD = re.compile(r"\b(messages|input)\b")

_PROMPT_WORD = r"(?:prompt|input|messages?|conversation|history|chat|request|context|sequence|inputs)"
_MORE = r"(?:exceed(?:s|ed|ing)?|longer than|greater than|larger than|more than|overflow(?:s|ed)?)"
_SIZE = r"(?:tokens?|context|length|size|window|maximum|max|limit)"
_PHRASES = (
    rf"\bcontext[ _-]?(?:length|window|size|limit)?\b[^.]{{0,60}}?\b{_MORE}\b",
    r"\bcontext[ _-]?(?:length|window|size|limit) (?:is |has been )?(?:reached|full|too (?:small|short))",
    rf"\b{_MORE}\b[^.]{{0,60}}?\b(?:context|input|prompt|sequence|model)[ _-]?"
    r"(?:length|window|size|limit|token limit)\b",
    rf"\b{_PROMPT_WORD}\b(?: (?:token count|length|size|tokens?|body))?(?: \([^)]*\))? (?:is |are |was )?"
    rf"(?:far |much )?too (?:long|large|big)\b",
    rf"\b{_PROMPT_WORD}\b[^.]{{0,60}}?\b{_MORE}\b[^.]{{0,40}}?\b{_SIZE}\b",
    rf"\b(?:number of |requested )?tokens?\b[^.]{{0,40}}?\b{_MORE}\b[^.]{{0,30}}?\b{_SIZE}\b",
    r"\bmax(?:imum)? (?:allowed )?(?:prompt|input|context|model|sequence)[ _-](?:length|size|tokens)\b",
    r"\bmax_(?:seq_len|model_len|context_length|input_tokens|prompt_tokens)\b",
    r"\btoo large for (?:the )?model with\b",
    r"\btoo many (?:input |prompt )?tokens\b",
    r"\b(?:exceed\w*|over) (?:the )?(?:model'?s? )?(?:model )?token limit\b",
    r"\breduce (?:the (?:length|size|number)|your (?:prompt|input|messages?|context))\b",
    r"\bshorter (?:prompt|input|message|conversation)\b",
    r"`?inputs`? (?:tokens \+|must have less than)",
    r"\brange of input length\b",
    r"\bcontext length of (?:only )?[\d,]+ tokens\b",
    r"\bcannot truncate\b",
    r"\btoken count is [\d,]+ but\b",
    r"\b(?:request entity|payload|content) too large\b",
)
_OVERFLOW = re.compile("|".join(_PHRASES), re.IGNORECASE)

_RATE = re.compile(
    r"\bper[ -](?:minute|min|hour|day|second|month)\b|\brate[ _-]?limit|\b(?:TPM|RPM|TPD|RPD)\b|\bquota\b"
    r"|\bbilling\b|\bcredits?\b|\bconcurren|\btoo many requests\b|\bdaily\b|\bthrottl",
    re.IGNORECASE,
)
_OTHER_SUBJECT = re.compile(
    r"\b(?:image|audio|video|file|pdf|page|attachment|metadata|tool|function|stop|user|name|title|schema|"
    r"instructions|description|header|url|temperature|top_p|logprobs|penalty|dimensions?)s?\b[^.]{0,80}?"
    r"(?:\btoo (?:long|large|big|many)|\bexceed|\bmaximum|\bmore than|\blonger than)"
    r"|\b(?:number|count|size) of (?:the )?(?:stop|tool|function|image|file|video|audio|choice|document)s?\b"
    r"|\btook too long\b|\btime[ds]?[ -]?out\b",
    re.IGNORECASE,
)
_ANSWER_LIMIT = re.compile(
    r"`?\bmax_(?:completion_|output_|new_)?tokens\b|\b(?:completion|output) tokens\b|\bmaximum tokens\b",
    re.IGNORECASE,
)
_PROMPT_COUNT = re.compile(
    r"\binput length and\b|\binput tokens?\b|\bin the messages\b|\bin your prompt\b|\binputs`? tokens \+|"
    r"\bprompt contains\b|\bfrom the input\b|\bmaximum context length\b|\bcontext window of\b",
    re.IGNORECASE,
)

_NUMBER = r"(\d[\d,_]*)"
_LIMITS = (
    rf"max_seq_len {_NUMBER}",
    rf"maximum context length(?: is| of|:)? {_NUMBER}",
    rf"context (?:length|window|size)(?: is| of(?: only)?|:)? \(?{_NUMBER}",
    rf"maximum (?:prompt|input|model|allowed input) length(?: is| of)? \(?{_NUMBER}",
    rf"tokens allowed \(?{_NUMBER}",
    rf"> {_NUMBER}",
    rf"\bn_ctx:? {_NUMBER}",
    rf"with {_NUMBER} maximum context",
    rf"supports? (?:only |at most |up to )+{_NUMBER}",
    rf"(?:configured )?limit of {_NUMBER}",
    rf"token limit: {_NUMBER}",
    rf"cannot exceed {_NUMBER}",
    rf"(?:less than|<=) {_NUMBER}",
    rf"input length should be \[\d+, {_NUMBER}\]",
    rf"max size: {_NUMBER} tokens",
    rf"limit {_NUMBER}, requested",
)
_PROMPTS = (
    rf"{_NUMBER} (?:in the messages|in your prompt|of text input)",
    rf"{_NUMBER} (?:tokens from the input|input tokens|`inputs` tokens)",
    rf"resulted in {_NUMBER}",
    rf"requested (?:about |a total of )?{_NUMBER} tokens",
    rf"requested tokens \({_NUMBER}\)",
    rf"(?:request|prompt) (?:contains|has) {_NUMBER}",
    rf"(?:request|input|prompt length) \({_NUMBER}",
    rf"token count (?:of |is |\(){_NUMBER}",
    rf"too long: {_NUMBER}",
    rf"limit: {_NUMBER} \+",
    rf"length:? {_NUMBER}\)",
    rf"(?:input|prompt|context) length {_NUMBER}",
    rf"(?:received|given:|requested:?|keep the first) {_NUMBER}",
    rf"n_keep: {_NUMBER}",
)
_ASKED_ANSWER = re.compile(rf"(?:is too large: |requested (?=\d+ output)){_NUMBER}", re.IGNORECASE)
_LEAST_LIMIT = 100  # tokens; no model has fewer, so a smaller number is something else


@dataclass(frozen=True, slots=True)
class Overflow:
    """A server's refusal of a prompt that does not fit: its tokens and the limit, where they are stated."""

    prompt_tokens: int | None = None
    limit: int | None = None


def parse_overflow(body: object, status: int = 0) -> Overflow | None:
    """Recognise an overflow by the body of an error, decoded or as text, and its HTTP status; else None."""
    error = error_body.parse_text(body) if isinstance(body, str) else error_body.parse(body)
    status = status if status not in {0, 200} else error.status
    if not _is_overflow(error, status):
        return None
    prompt_tokens, limit = _first_number(_PROMPTS, error.message), _first_number(_LIMITS, error.message)
    if isinstance(body, dict):
        numbers = body["error"] if isinstance(body.get("error"), dict) else body
        prompt_tokens = _whole(numbers.get("n_prompt_tokens")) or prompt_tokens
        limit = _whole(numbers.get("n_ctx")) or limit
    return Overflow(prompt_tokens, limit if limit and limit >= _LEAST_LIMIT else None)


def _is_overflow(error: ErrorBody, status: int) -> bool:
    message = error.message
    if status == 413:
        return True
    if status in {401, 403, 404, 408, 429} or _RATE.search(message):
        return False
    codes = set(error.codes)
    if message.lower() in _CODES or codes & _CODES or "contextwindowexceeded" in message.lower():
        return True
    if codes & _LIST_CODES:
        return bool(_HISTORY_FIELD.search(f"{message} {' '.join(error.fields)}"))
    if _ANSWER_LIMIT.search(message) and not _shorter_prompt_helps(message):
        return False
    return bool(_OVERFLOW.search(message)) and not _OTHER_SUBJECT.search(message)


def _shorter_prompt_helps(message: str) -> bool:
    """Whether a refusal that speaks of the answer's length is about the prompt as well."""
    if not _PROMPT_COUNT.search(message):
        return False
    asked, limit = _ASKED_ANSWER.search(message), _first_number(_LIMITS, message)
    return not (asked and limit and _number(asked[1]) >= limit)


def _first_number(patterns: Iterable[str], message: str) -> int | None:
    for pattern in patterns:
        if match := re.search(pattern, message, re.IGNORECASE):
            return _number(match[1])
    return None


def _number(digits: str) -> int:
    return int(re.sub("[,_]", "", digits))


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
