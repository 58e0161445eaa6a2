"""The words of a text that a citation stands for. Pure functions, no I/O.

Providers mean different things by the place of a citation: the words that it supports, or a link behind them
that the model wrote itself. A link says nothing that the source does not say, so the words before it count.
"""

import re

LONGEST = 32  # characters
_LINK = re.compile(r"[\s(\[【]*(?:\[[^\]]*\]\([^)]*\)|https?://\S+|[^\s】]*†[^\s】]*)[\s)\]】.]*")
_MARKUP = re.compile(r"[*_`#>]+|\[([^\]]*)\]\([^)]*\)")


def cited_words(text: str, start: object, end: int) -> str:
    """The last words before the end of a cited passage, on one line; empty where there are none."""
    cited = text[start:end] if isinstance(start, int) and 0 <= start < end else ""
    if not cited or _LINK.fullmatch(cited):
        cited = text[: start if cited and isinstance(start, int) else end]
    lines = cited[-20 * LONGEST :].rstrip(" \n([【").splitlines()
    words = " ".join(_MARKUP.sub(r"\1", lines[-1] if lines else "").split())
    if len(words) <= LONGEST:
        return words
    tail = words[-LONGEST:]
    return "…" + (tail.partition(" ")[2] or tail)
