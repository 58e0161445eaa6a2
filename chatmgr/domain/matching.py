"""Where a text says what was looked for, and how well: checking, ranking and cutting out hits.

The index finds; this looks at what was found. Both fold case and accents alike, so that what the index
takes for a match is marked as one.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from chatmgr.domain.search import Query, Snippet, Span, Term

_K1, _B = 1.2, 0.5  # BM25: how soon repetition, and how much length, stop to count
_NEAR = 60  # characters between different terms that belong together
_SNIPPET = 160  # characters
_MARKS = re.compile("[\u0300-\u036f]+")


def fold(text: str) -> str:
    """Case and accents taken away; for counting, since places may shift."""
    if text.isascii():
        return text.lower()
    return _MARKS.sub("", unicodedata.normalize("NFD", text)).lower()


def _fold_in_place(text: str) -> str:
    """As ``fold``, one character for one, so that places stay."""
    if text.isascii():
        return text.lower()
    return "".join(_folded(char) for char in text)


def _folded(char: str) -> str:
    base = unicodedata.normalize("NFD", char)[0].lower()
    return base if len(base) == 1 else char


def _pattern(term: Term) -> str:
    """A term as a regular expression over folded text."""
    if term.gram:
        return re.escape(fold(term.text))
    words = re.findall(r"[^\W_]+", fold(term.text))
    joined = r"[\W_]+".join(map(re.escape, words))
    return rf"(?<![^\W_]){joined}" + ("" if term.prefix else r"(?![^\W_])")


class Matcher:
    """One query, ready to be held against many texts.

    An index is never sure of what may be anywhere in a text, and some are not ``sure_of_phrases``.
    """

    def __init__(self, query: Query, *, sure_of_phrases: bool = True) -> None:
        wanted = dict.fromkeys(query.wanted)
        self._any = re.compile("|".join(f"({_pattern(term)})" for term in wanted)) if wanted else None
        self._unsure = [
            (one.negated, re.compile("|".join(map(_pattern, one.terms))))
            for one in query.clauses
            if any(term.gram or (term.phrase and not sure_of_phrases) for term in one.terms)
        ]

    @property
    def unsure(self) -> bool:
        """Whether what the index finds must be checked on the text."""
        return bool(self._unsure)

    def holds(self, text: str) -> bool:
        """Whether the clauses that an index only narrows down are true of a text."""
        folded = fold(text)
        return all(bool(pattern.search(folded)) is not negated for negated, pattern in self._unsure)

    def counts(self, text: str) -> tuple[Counter[int], bool]:
        """How often each term is there, and whether different ones stand close together."""
        found: Counter[int] = Counter()
        near, last, end = False, 0, 0
        for match in self._any.finditer(fold(text)) if self._any else ():
            term = match.lastindex or 0
            near = near or (bool(last) and term != last and match.start() - end <= _NEAR)
            found[term] += 1
            last, end = term, match.end()
        return found, near

    def spans(self, text: str) -> list[Span]:
        """The places of all terms in a text."""
        if self._any is None:
            return []
        return [match.span() for match in self._any.finditer(_fold_in_place(text))]


def bm25_scores(matcher: Matcher, texts: Sequence[str]) -> list[float]:
    """How well each text answers the query, as BM25 says among these texts; close terms count more."""
    counts = [matcher.counts(text) for text in texts]
    average = sum(map(len, texts)) / len(texts) if texts else 1.0
    holding = Counter(term for found, _ in counts for term in found)
    weight = {term: math.log(1 + (len(texts) - n + 0.5) / (n + 0.5)) for term, n in holding.items()}
    scores = []
    for text, (found, near) in zip(texts, counts, strict=True):
        length = _K1 * (1 - _B + _B * len(text) / (average or 1))
        score = sum(weight[term] * n * (_K1 + 1) / (n + length) for term, n in found.items())
        scores.append(score * (1.5 if near else 1.0))
    return scores


def best_snippet(matcher: Matcher, user: str, answer: str) -> Snippet:
    """The piece of a turn that shows most of what was looked for."""
    sides = (("user", user), ("answer", answer))
    found = [(side, text, matcher.spans(text)) for side, text in sides]
    best = max((_densest(text, spans), -place) for place, (_, text, spans) in enumerate(found))
    (count, start), place = best
    side, text, spans = found[-place]
    return _cut(text, spans, start, side) if count else _cut(user, (), 0, "user")


def _densest(text: str, spans: Sequence[Span]) -> tuple[int, int]:
    """How many matches the best piece holds, and where the first of them is."""
    best, first = (0, 0), 0
    for last in range(len(spans)):
        while spans[last][1] - spans[first][0] > _SNIPPET and first < last:
            first += 1
        count = len({text[a:b].lower() for a, b in spans[first : last + 1]}) * 100 + last + 1 - first
        if count > best[0]:
            best = (count, spans[first][0])
    return best


def _cut(text: str, spans: Iterable[Span], start: int, side: str) -> Snippet:
    """A piece that begins and ends between words where it can, with its white space folded."""
    begin = max(0, start - _SNIPPET // 3)
    if begin:
        space = text.find(" ", begin, start)
        begin = space + 1 if space >= 0 else begin
    end = min(len(text), begin + _SNIPPET)
    if end < len(text):
        space = text.rfind(" ", begin + _SNIPPET // 2, end)
        end = space if space >= 0 else end
    shown, places = ("…" if begin else ""), []
    at = begin
    for first, last in spans:
        if first < begin or last > end:
            continue
        shown = _joined(shown, text[at:first])
        place = len(shown)
        shown = _joined(shown, text[first:last])
        places.append((place, len(shown)))
        at = last
    shown = _joined(shown, text[at:end]).rstrip() + ("…" if end < len(text) else "")
    return Snippet(shown, tuple(places), side)


def _joined(shown: str, piece: str) -> str:
    """Two pieces, with white space folded to one blank, also where they meet."""
    folded = re.sub(r"\s+", " ", piece)
    return shown + (folded.lstrip(" ") if not shown or shown.endswith((" ", "…")) else folded)
