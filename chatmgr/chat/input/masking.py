"""What the line editor shows of text that others wrote, made harmless.

prompt_toolkit shows control characters as ``^[``, but lets bidirectional overrides and characters without
width through: they would show one thing and send another.
"""

from collections.abc import Sequence

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput

from chatmgr.terminal.sanitize import clean, display_width, one_line

_MARK = "\ufffd"


class Harmless(Processor):
    """Shows each hostile character of the input line as one mark, so that every position stays."""

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """One line of the buffer."""
        fragments: StyleAndTextTuples = [
            (fragment[0], mask_hostile(fragment[1])) for fragment in transformation_input.fragments
        ]
        return Transformation(fragments)


def mask_hostile(text: str) -> str:
    """Text of the same length without hostile characters; tabs stay."""
    if clean(text) == text:
        return text
    return "".join(shown if len(shown := clean(one)) == 1 else _MARK for one in text)


def fit_facts(parts: Sequence[tuple[int, str]], width: int) -> str:
    """Facts on one line that fits: while it is too long the one of the highest rank goes, rank 0 is cut."""
    kept = [(rank, one_line(text)) for rank, text in parts if text]
    while len(kept) > 1 and display_width(_joined(kept)) > width:
        kept.remove(max(kept))
    return one_line(_joined(kept), max(width, 1)) if kept else ""


def _joined(parts: Sequence[tuple[int, str]]) -> str:
    return " · ".join(text for _, text in parts)
