"""Finding rows by a few letters of them, best first, in slices short enough for nobody to notice.

Every word of the query must be found: at the start of a row, else within it, else letter by letter in
order. The pattern for that last step never goes back, so that a row costs the same whatever it holds.
"""

import re
from bisect import insort
from collections.abc import Callable, Sequence
from typing import NamedTuple

from chatmgr.domain.matching import fold

_LETTERS = 200  # of a row; further on, letter by letter finds everything and means nothing


class MatchRank(NamedTuple):
    """How good a match is: smaller is better."""

    kind: int
    span: int
    start: int


def fold_case(text: str) -> str:
    """Case and accents taken away, as the search of all that was said does."""
    return fold(text.casefold())


def matcher(query: str) -> Callable[[str], MatchRank | None]:
    """A function that ranks a row (already folded); None where the row does not match."""
    words = [(word, _pattern(word)) for word in fold_case(query).split()]

    def rank(text: str) -> MatchRank | None:
        kind = span = 0
        start = -1
        for word, pattern in words:
            at = text.find(word)
            if at >= 0:
                kind, span = max(kind, 1 if at else 0), span + len(word)
            elif (found := pattern.match(text, 0, _LETTERS)) is None:
                return None
            else:
                at = _latest(word, text, found.end())
                kind, span = 2, span + found.end() - at
            start = at if start < 0 else start
        return MatchRank(kind, span, start)

    return rank


def _pattern(word: str) -> "re.Pattern[str]":
    return re.compile("".join(f"[^{re.escape(one)}]*{re.escape(one)}" for one in word))


def _latest(word: str, text: str, end: int) -> int:
    """Where the shortest match that ends there begins."""
    at = end
    for letter in reversed(word):
        at = text.rfind(letter, 0, at)
    return at


class FuzzySearch:
    """One query over rows that may still be coming; ``step`` looks at some more of them.

    ``within`` are the rows that matched the query this one extends: no others can match. Only the best
    are kept in order, ``most`` of them; of all others, that they match.
    """

    def __init__(
        self, query: str, texts: Sequence[str], within: Sequence[int] | None = None, most: int = 500
    ) -> None:
        self.query = query
        self.matches: list[int] = []
        self._best: list[tuple[MatchRank, int]] = []
        self._most = most
        self._texts = texts
        self._within = within
        self._at = 0
        self._rank = matcher(query)

    @property
    def done(self) -> bool:
        """Whether every row that is there was looked at."""
        return self._at >= len(self._texts if self._within is None else self._within)

    def step(self, count: int) -> None:
        """Look at ``count`` more rows."""
        total = len(self._texts if self._within is None else self._within)
        end = min(self._at + count, total)
        best, rank, texts = self._best, self._rank, self._texts
        for number in range(self._at, end) if self._within is None else self._within[self._at : end]:
            if (found := rank(texts[number])) is None:
                continue
            self.matches.append(number)
            if len(best) < self._most or (found, number) < best[-1]:
                insort(best, (found, number))
                del best[self._most :]
        self._at = end

    def best(self) -> list[int]:
        """The numbers of the best rows; of equals, the earlier."""
        return [number for _, number in self._best]
