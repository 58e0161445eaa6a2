"""Fuzzy search over rows, best first, in slices short enough not to delay the keyboard.

A row is a label, and after a line feed what it is about. Every word of the query must match: at the start of
a row, else within it, else letter by letter: anywhere in the label, or close together in the rest, where
nearly any letters would match otherwise. The patterns for that never backtrack far, so a row costs the same
whatever it contains.
"""

import re
from bisect import insort
from collections.abc import Callable, Sequence
from typing import NamedTuple

from chatmgr.domain.matching import fold

_FUZZY_LENGTH = 200  # characters of a label; beyond them, letter by letter matches nearly anything
_FUZZY_GAP = 2  # characters between two letters of the rest


class MatchRank(NamedTuple):
    """How good a match is; smaller is better.

    ``kind`` is 0 for a match at the start of the row, 1 for one within it, 2 for one letter by letter in the
    label, 3 for one in the rest. ``start`` is where the first word matches in the label; all matches in the
    rest count as equal, and keep the order of the rows.
    """

    kind: int
    span: int
    start: int


def fold_case(text: str) -> str:
    """Fold case and accents, like the full-text search does."""
    return fold(text.casefold())


def row_text(label: str, about: str = "") -> str:
    """A row as it is searched and marked, before its case is folded."""
    return f"{label}\n{about}" if about else label


def matcher(query: str) -> Callable[[str], MatchRank | None]:
    """A function that ranks a folded row against the query; None if the row does not match."""
    words = [(word, _in_label(word), _in_rest(word)) for word in fold_case(query).split()]

    def rank(text: str) -> MatchRank | None:
        kind = span = 0
        start = -1
        for word, in_label, in_rest in words:
            position = text.find(word)
            if position >= 0:
                kind, span = max(kind, 1 if position else 0), span + len(word)
            elif match := in_label.match(text, 0, _FUZZY_LENGTH):
                position = _letter_positions(word, text, match.end())[-1]
                kind, span = max(kind, 2), span + match.end() - position
            elif match := in_rest.search(text):
                position = match.start()
                kind, span = 3, span + match.end() - position
            else:
                return None
            start = position if start < 0 else start
        in_rest_alone = -1 < text.find("\n") < start
        return MatchRank(kind, span, _FUZZY_LENGTH if in_rest_alone else start)

    return rank


def matched_positions(query: str, text: str) -> frozenset[int]:
    """The characters of a row that a query matches; the row as it is shown, its case not folded."""
    if text.isascii():
        folded, origins = fold_case(text), list(range(len(text)))
    else:
        pieces = [fold_case(char) for char in text]
        folded, origins = "".join(pieces), [at for at, piece in enumerate(pieces) for _ in piece]
    matched: set[int] = set()
    for word in fold_case(query).split():
        position = folded.find(word)
        if position >= 0:
            matched.update(range(position, position + len(word)))
        elif match := _in_label(word).match(folded, 0, _FUZZY_LENGTH) or _in_rest(word).search(folded):
            matched.update(_letter_positions(word, folded, match.end()))
    return frozenset(origins[position] for position in matched)


def _in_label(word: str) -> "re.Pattern[str]":
    letters = map(re.escape, word)
    return re.compile("".join(f"[^{letter}\n]*{letter}" for letter in letters))


def _in_rest(word: str) -> "re.Pattern[str]":
    first, *others = map(re.escape, word)
    return re.compile(first + "".join(f"[^{letter}\\s]{{0,{_FUZZY_GAP}}}{letter}" for letter in others))


def _letter_positions(word: str, text: str, end: int) -> list[int]:
    """Where the letters of the shortest match that ends at ``end`` are, the first of them last."""
    positions: list[int] = []
    position = end
    for letter in reversed(word):
        position = text.rfind(letter, 0, position)
        positions.append(position)
    return positions


class FuzzySearch:
    """A query over rows that may still be arriving; ``step`` examines some more of them.

    ``within`` are the rows that matched the query this one extends: no others can match. Only the best
    ``limit`` are kept in order; of the others, only that they match.
    """

    def __init__(
        self, query: str, texts: Sequence[str], within: Sequence[int] | None = None, limit: int = 500
    ) -> None:
        self.query = query
        self.matches: list[int] = []
        self._best: list[tuple[MatchRank, int]] = []
        self._limit = limit
        self._texts = texts
        self._within = within
        self._position = 0
        self._rank = matcher(query)

    @property
    def done(self) -> bool:
        """Whether every row so far has been examined."""
        return self._position >= len(self._texts if self._within is None else self._within)

    def step(self, count: int) -> None:
        """Examine ``count`` more rows."""
        total = len(self._texts if self._within is None else self._within)
        end = min(self._position + count, total)
        best, rank, texts = self._best, self._rank, self._texts
        for index in (
            range(self._position, end) if self._within is None else self._within[self._position : end]
        ):
            if (match_rank := rank(texts[index])) is None:
                continue
            self.matches.append(index)
            if len(best) < self._limit or (match_rank, index) < best[-1]:
                insort(best, (match_rank, index))
                del best[self._limit :]
        self._position = end

    def best(self) -> list[int]:
        """The indexes of the best rows; among equals, the earlier first."""
        return [index for _, index in self._best]
