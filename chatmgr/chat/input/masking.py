"""Masks hostile characters in the input line.

prompt_toolkit shows control characters as ``^[``, but lets through bidirectional overrides and invisible
characters, which would show one thing and send another.
"""

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput

from chatmgr.terminal.sanitize import clean

_MARK = "\ufffd"


class HostileMask(Processor):
    """Shows each hostile character of the input line as one mark, so that cursor positions stay the same."""

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """One line of the buffer."""
        fragments: StyleAndTextTuples = [
            (fragment[0], mask_hostile(fragment[1])) for fragment in transformation_input.fragments
        ]
        return Transformation(fragments)


def mask_hostile(text: str) -> str:
    """The text with each hostile character replaced, at the same length; tabs stay."""
    if clean(text) == text:
        return text
    return "".join(cleaned if len(cleaned := clean(char)) == 1 else _MARK for char in text)
