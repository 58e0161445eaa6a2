"""The facts below the input line, on one line that fits."""

from collections.abc import Sequence

from chatmgr.terminal.sanitize import display_width, one_line


def fit_facts(parts: Sequence[tuple[int, str]], width: int) -> str:
    """Join facts on one line that fits into ``width``.

    While the line is too long, the fact with the highest rank is dropped; rank 0 is cut instead.
    """
    facts = [(rank, one_line(text)) for rank, text in parts if text]
    while len(facts) > 1 and display_width(_join_facts(facts)) > width:
        facts.remove(max(facts))
    return one_line(_join_facts(facts), max(width, 1)) if facts else ""


def _join_facts(parts: Sequence[tuple[int, str]]) -> str:
    return " · ".join(text for _, text in parts)
