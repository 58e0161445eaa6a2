"""How an answer ended, by the word that the server has for it.

Every server has words of its own: ``stop``, ``eos``, ``end_turn``; ``length``, ``MAX_TOKENS``. Pure
functions, no I/O.
"""

import re

from chatmgr.backends.json_values import as_word
from chatmgr.domain.states import RunState

_LONGEST_WORD = 40  # characters
_FAILED = re.compile(r"error|fail|exception")
_TOO_LONG = re.compile(
    r"length|max_?(new_|output_|completion_|total_)?tokens?|(token|output)_?limit|context|truncat|too_long"
)
_FILTERED = re.compile(
    r"content_?filter|filtered|safety|moderat|recitation|blocklist|prohibited|spii|guardrail|sensitive|blocked"
)
_REFUSED = re.compile(r"refus")
_STOPPED = re.compile(r"abort|cancel|interrupt|insufficient_system_resource")
_WHOLE = re.compile(
    r"^(stop|eos|eot|eom|end|finish|done|complete)|_(stop|eos|eot|eom|end|finished|done|completed?)$"
)
_OTHER_STATUSES = {
    **dict.fromkeys(("complete", "done", "finished", "succeeded", "success"), "completed"),
    **dict.fromkeys(("canceled", "aborted"), "cancelled"),
    "error": "failed",
}
_PLACEHOLDERS = {"", "null", "none", "finish_reason_unspecified"}


def is_placeholder(reason: object) -> bool:
    """Whether a finish reason names none, as some servers send it with every piece of an answer."""
    return isinstance(reason, str) and reason.strip().lower() in _PLACEHOLDERS


def end_of_answer(reason: object) -> tuple[RunState, str]:
    """The state and the detail for a finish reason; an unknown one counts as a failure.

    An answer that has ended without a reason is complete: that it has, the caller has to know.
    """
    if reason is None or is_placeholder(reason):
        return RunState.COMPLETED, ""
    word = _plain(as_word(reason).rpartition(".")[2])
    for pattern, state, detail in (
        (_FAILED, RunState.FAILED, word),
        (_TOO_LONG, RunState.INCOMPLETE, "length"),
        (_FILTERED, RunState.INCOMPLETE, "content_filter"),
        (_REFUSED, RunState.COMPLETED, "refusal"),
        (_STOPPED, RunState.INTERRUPTED, word),
        (_WHOLE, RunState.COMPLETED, ""),
    ):
        if pattern.search(word):
            return state, detail
    return RunState.FAILED, word


def incomplete_detail(details: object) -> str:
    """Why an answer is incomplete: ``length``, ``content_filter``, or the server's own word."""
    word = as_word(details.get("reason") if isinstance(details, dict) else details)
    state, detail = end_of_answer(word)
    return detail if state is RunState.INCOMPLETE else _plain(word)


def status_word(status: object) -> str:
    """The status of a run or a response in OpenAI's words; empty where there is none."""
    word = _plain(as_word(status))
    return _OTHER_STATUSES.get(word, word)


def _plain(word: str) -> str:
    """A word of letters, digits and underscores, of a length that a table can show."""
    return re.sub(r"[^a-z0-9]+", "_", word).strip("_")[:_LONGEST_WORD]
