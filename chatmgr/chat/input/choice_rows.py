"""The rows of the picker: a label, what it is about, and facts in columns of their own.

A row is cleaned when it is read, so that what is searched, what is marked and what is shown are the same
characters.
"""

from dataclasses import dataclass
from typing import TypeVar

from prompt_toolkit.formatted_text import StyleAndTextTuples

from chatmgr.chat.input.choice import IN_USE, Choice
from chatmgr.chat.input.fuzzy import fold_case, matched_positions, row_text
from chatmgr.terminal.list_tables import Spans, cut_spans
from chatmgr.terminal.sanitize import clean, display_width, one_line

T = TypeVar("T")
_GAP = "  "
_CHOSEN, _OTHER = "▌ ", "  "
_SEARCHED_LENGTH = 2_000  # characters of a label
_ABOUT_WISHED = 24  # columns, for which facts give way
_FACT_WIDTH = 24


@dataclass(frozen=True, slots=True)
class _Row:
    """A choice as it is searched and shown."""

    label: str
    about: Spans
    facts: tuple[str, ...]

    @property
    def text(self) -> str:
        return row_text(self.label, "".join(piece for piece, _ in self.about))


class ChoiceRows:
    """The rows that were read so far: the text of each to search in, and how wide their columns are."""

    def __init__(self) -> None:
        self.folded: list[str] = []
        self._rows: list[_Row] = []
        self._label_width = 0
        self._fact_widths: list[int] = []
        self._about_width = 0

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, choice: Choice[T]) -> None:
        """Take a row in."""
        about: Spans = [(clean(piece), style) for piece, style in choice.about]
        if choice.current:
            about = [(IN_USE, "accent"), *([(" · ", ""), *about] if about else [])]
        facts = tuple(one_line(fact, _FACT_WIDTH) for fact in choice.facts)
        row = _Row(one_line(choice.label[:_SEARCHED_LENGTH]), about, facts)
        self._rows.append(row)
        self.folded.append(fold_case(row.text))
        self._about_width = max(self._about_width, display_width("".join(piece for piece, _ in about)))
        self._label_width = max(self._label_width, display_width(row.label))
        widths = [display_width(fact) for fact in facts]
        known = self._fact_widths + [0] * (len(widths) - len(self._fact_widths))
        self._fact_widths = [max(pair) for pair in zip(known, widths, strict=True)] if widths else known

    def fragments(self, index: int, width: int, query: str, *, chosen: bool) -> StyleAndTextTuples:
        """One row, with the letters marked that the query matches."""
        row = self._rows[index]
        room = max(width - len(_CHOSEN), 1)
        matched = matched_positions(query, row.text) if query.strip() else frozenset()
        label = one_line(row.label, self._label_columns(room))
        line: StyleAndTextTuples = [*_marked(label, "", matched, 0)]
        line += self._about(row, room, matched)
        line += self._facts(row, room, _columns(line))
        if not chosen:
            return [("", _OTHER), *line]
        line.append(("", " " * max(room - _columns(line), 0)))
        inverted = ((f"{piece[0]} class:chosen", piece[1]) for piece in line)  # the last class counts
        return [("class:accent", _CHOSEN), *inverted]

    def _about(self, row: _Row, room: int, matched: frozenset[int]) -> StyleAndTextTuples:
        """What a row is about, after its label."""
        label_width = self._label_columns(room)
        width = self._about_columns(room, self._shown_facts(room))
        if not row.about or width <= 0:
            return []
        blanks = " " * max(label_width - display_width(row.label), 0)
        pieces: StyleAndTextTuples = [("", blanks + _GAP)]
        position = len(row.label) + 1
        for piece, style in cut_spans(row.about, width):
            pieces += _marked(piece, f"class:{style}" if style else "", matched, position)
            position += len(piece)
        return pieces

    def _facts(self, row: _Row, room: int, used: int) -> StyleAndTextTuples:
        """The facts, in columns of their own; so many columns of the row are used."""
        shown = self._shown_facts(room)
        start = self._label_columns(room) + max(self._about_columns(room, shown), 0)
        start += len(_GAP) if self._about_width else 0
        pieces: StyleAndTextTuples = [("", " " * max(start - used, 0))] if shown else []
        for at in shown:
            fact = row.facts[at] if at < len(row.facts) else ""
            blanks = " " * (self._fact_widths[at] - display_width(fact))
            pieces.append(("class:fact", f"{_GAP}{fact}{blanks}"))
        return pieces

    def _label_columns(self, room: int) -> int:
        """How wide the labels' column is: all of it where nothing stands beside them."""
        if not (self._about_width or self._fact_widths):
            return room
        return min(self._label_width, max(room * 3 // 10, 16), room)

    def _about_columns(self, room: int, shown_facts: list[int]) -> int:
        """The columns for what a row is about: no more than the longest takes."""
        facts_width = sum(self._fact_widths[at] + len(_GAP) for at in shown_facts)
        return min(room - self._label_columns(room) - len(_GAP) - facts_width, self._about_width)

    def _shown_facts(self, room: int) -> list[int]:
        """The facts that leave enough room for what a row is about."""
        shown = list(range(len(self._fact_widths)))
        while shown and self._about_columns(room, shown) < min(self._about_width, _ABOUT_WISHED):
            del shown[0]
        return shown


def _columns(line: StyleAndTextTuples) -> int:
    return sum(display_width(piece[1]) for piece in line)


def _marked(text: str, style: str, matched: frozenset[int], offset: int) -> StyleAndTextTuples:
    """A piece of a row that begins at ``offset``, with its matched characters in the style of a match."""
    if not matched:
        return [(style, text)]
    pieces: StyleAndTextTuples = []
    start = 0
    for end in range(1, len(text) + 1):
        is_match = offset + start in matched
        if end == len(text) or (offset + end in matched) != is_match:
            pieces.append((f"{style} class:match" if is_match else style, text[start:end]))
            start = end
    return pieces
