"""Fuzzy search over rows, best first, in slices short enough not to delay the keyboard.

Every word of the query must match: at the start of a row, else within it, else letter by letter in order.
The pattern for that last step never backtracks, so a row costs the same whatever it contains.
"""

import re
from bisect import insort
from collections.abc import Callable, Sequence
from typing import NamedTuple

from chatmgr.domain.matching import fold

_FUZZY_LENGTH = 200  # characters of a row; beyond them, letter by letter matches nearly anything


class MatchRank(NamedTuple):
    """How good a match is; smaller is better.

    ``kind`` is 0 for a match at the start of the row, 1 for one within it, 2 for one letter by letter.
    """

    kind: int
    span: int
    start: int


def fold_case(text: str) -> str:
    """Fold case and accents, like the full-text search does."""
    return fold(text.casefold())


def matcher(query: str) -> Callable[[str], MatchRank | None]:
    """A function that ranks a folded row against the query; None if the row does not match."""
    words = [(word, _letters_pattern(word)) for word in fold_case(query).split()]

    def rank(text: str) -> MatchRank | None:
        kind = span = 0
        start = -1
        for word, pattern in words:
            position = text.find(word)
            if position >= 0:
                kind, span = max(kind, 1 if position else 0), span + len(word)
            elif (match := pattern.match(text, 0, _FUZZY_LENGTH)) is None:
                return None
            else:
                position = _shortest_start(word, text, match.end())
                kind, span = 2, span + match.end() - position
            start = position if start < 0 else start
        return MatchRank(kind, span, start)

    return rank


def _letters_pattern(word: str) -> "re.Pattern[str]":
    return re.compile("".join(f"[^{re.escape(letter)}]*{re.escape(letter)}" for letter in word))


def _shortest_start(word: str, text: str, end: int) -> int:
    """Where the shortest match that ends at ``end`` begins."""
    position = end
    for letter in reversed(word):
        position = text.rfind(letter, 0, position)
    return position


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
