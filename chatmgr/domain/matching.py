"""Matching a query against texts: checking, ranking with BM25, and cutting out snippets.

The database's index finds candidates; this module examines their texts. Both fold case and accents in the
same way, so that what the index takes for a match is highlighted as one.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from chatmgr.domain.search import Query, Snippet, Span, Term

_K1, _B = 1.2, 0.5  # BM25: saturation of repeated terms, and weight of the text's length
_NEAR_DISTANCE = 60  # at most so many characters between terms that belong together
_SNIPPET_LENGTH = 160  # characters
_PIECE = 100_000  # characters of a long text that are examined at a time
_LAP = 2_000  # characters that a piece shares with the next, for matches across the cut
_ACCENTS = re.compile("[\u0300-\u036f]+")


def fold(text: str) -> str:
    """Fold case and accents; positions may shift, so this is for counting."""
    if text.isascii():
        return text.lower()
    return _ACCENTS.sub("", unicodedata.normalize("NFD", text)).lower()


def _fold_in_place(text: str) -> str:
    """Like ``fold``, but one character for one, so that positions stay."""
    if text.isascii():
        return text.lower()
    return text.translate({ord(char): _fold_char(char) for char in set(text) if not "a" <= char <= "z"})


def _fold_char(char: str) -> str:
    base = unicodedata.normalize("NFD", char)[0].lower()
    return base if len(base) == 1 else char


def _words(term: Term) -> list[str]:
    return re.findall(r"[^\W_]+", fold(term.text))


def _beginning(term: Term) -> str:
    """What stands where a term matches; looking for that is far quicker than for the term's pattern."""
    return fold(term.text) if term.gram else "".join(_words(term)[:1])


def _pattern(term: Term) -> str:
    """A term as a regular expression over folded text."""
    if term.gram:
        return re.escape(fold(term.text))
    words = _words(term)
    joined = r"[\W_]+".join(map(re.escape, words))
    return rf"(?<![^\W_]){joined}" + ("" if term.prefix else r"(?![^\W_])")


class Matcher:
    """A compiled query, ready to be matched against many texts.

    An index cannot be trusted for terms that match anywhere in a text; unless ``sure_of_phrases``, nor for
    phrases. Those clauses are checked on the text.
    """

    def __init__(self, query: Query, *, sure_of_phrases: bool = True) -> None:
        terms = dict.fromkeys(query.wanted)
        self._any_term = re.compile("|".join(f"({_pattern(term)})" for term in terms)) if terms else None
        self._beginnings = [_beginning(term) for term in terms]
        self._unsure_clauses = [
            (clause.negated, re.compile("|".join(map(_pattern, clause.terms))))
            for clause in query.clauses
            if any(term.gram or (term.phrase and not sure_of_phrases) for term in clause.terms)
        ]

    @property
    def unsure(self) -> bool:
        """Whether what the index finds must be checked on the text."""
        return bool(self._unsure_clauses)

    def holds(self, text: str) -> bool:
        """Whether the clauses that an index cannot decide are true of the text."""
        folded = fold(text)
        return all(bool(pattern.search(folded)) is not negated for negated, pattern in self._unsure_clauses)

    def counts(self, text: str) -> tuple[Counter[int], bool]:
        """How often each term matches, and whether different terms are close together.

        Of a long text, a piece is counted, and the counts are raised by its share.
        """
        term_counts: Counter[int] = Counter()
        near, last_term, last_end = False, 0, 0
        examined = self._examined(text)
        for match in self._any_term.finditer(fold(examined)) if self._any_term else ():
            term = match.lastindex or 0
            near = near or (
                bool(last_term) and term != last_term and match.start() - last_end <= _NEAR_DISTANCE
            )
            term_counts[term] += 1
            last_term, last_end = term, match.end()
        if len(examined) < len(text):
            share = len(text) / len(examined)
            term_counts = Counter({term: round(count * share) for term, count in term_counts.items()})
        return term_counts, near

    def _examined(self, text: str) -> str:
        """A text, or of a long one the piece from its first match on, which stands for the others."""
        if len(text) <= _PIECE + _LAP:
            return text
        first = next(iter(self.first_spans(text)), (0, 0))[0]
        return text[first : first + _PIECE]

    def spans(self, text: str) -> list[Span]:
        """The spans of all terms in a text."""
        if self._any_term is None:
            return []
        return [match.span() for match in self._any_term.finditer(_fold_in_place(text))]

    def first_spans(self, text: str) -> list[Span]:
        """The spans of all terms in the first piece of a text that has any; a short text is one piece."""
        for start in range(0, max(len(text) - _LAP, 1), _PIECE):
            end = min(start + _PIECE + _LAP, len(text))
            folded = _fold_in_place(text[start:end])
            if not any(beginning in folded for beginning in self._beginnings):
                continue
            spans = [(start + begin, start + stop) for begin, stop in self.spans(folded)]
            # What touches a cut may be half a word; it is whole in the other piece.
            whole = [
                (begin, stop)
                for begin, stop in spans
                if (begin > start or not start) and (stop < end or end == len(text))
            ]
            if whole:
                return whole
        return []


def bm25_scores(matcher: Matcher, texts: Sequence[str]) -> list[float]:
    """The BM25 score of each text among these texts; terms that are close together raise it."""
    counts = [matcher.counts(text) for text in texts]
    average = sum(map(len, texts)) / len(texts) if texts else 1.0
    document_counts = Counter(term for term_counts, _ in counts for term in term_counts)
    weights = {
        term: math.log(1 + (len(texts) - count + 0.5) / (count + 0.5))
        for term, count in document_counts.items()
    }
    scores = []
    for text, (term_counts, near) in zip(texts, counts, strict=True):
        length = _K1 * (1 - _B + _B * len(text) / (average or 1))
        score = sum(
            weights[term] * count * (_K1 + 1) / (count + length) for term, count in term_counts.items()
        )
        scores.append(score * (1.5 if near else 1.0))
    return scores


def best_snippet(matcher: Matcher, user: str, answer: str) -> Snippet:
    """The piece of a turn that shows most of the query's terms."""
    sides = (("user", user), ("answer", answer))
    candidates = [(side, text, matcher.first_spans(text)) for side, text in sides]
    best = max((_densest(text, spans), -index) for index, (_, text, spans) in enumerate(candidates))
    (count, start), index = best
    side, text, spans = candidates[-index]
    return _cut_snippet(text, spans, start, side) if count else _cut_snippet(user, (), 0, "user")


def _densest(text: str, spans: Sequence[Span]) -> tuple[int, int]:
    """The score of the best piece by distinct and total matches, and where its first match starts."""
    best, first = (0, 0), 0
    for last in range(len(spans)):
        while spans[last][1] - spans[first][0] > _SNIPPET_LENGTH and first < last:
            first += 1
        score = len({text[a:b].lower() for a, b in spans[first : last + 1]}) * 100 + last + 1 - first
        if score > best[0]:
            best = (score, spans[first][0])
    return best


def _cut_snippet(text: str, spans: Iterable[Span], start: int, side: str) -> Snippet:
    """A piece that starts and ends between words where possible, with its white space folded."""
    begin = max(0, start - _SNIPPET_LENGTH // 3)
    if begin:
        space = text.find(" ", begin, start)
        begin = space + 1 if space >= 0 else begin
    end = min(len(text), begin + _SNIPPET_LENGTH)
    if end < len(text):
        space = text.rfind(" ", begin + _SNIPPET_LENGTH // 2, end)
        end = space if space >= 0 else end
    snippet, snippet_spans = ("…" if begin else ""), []
    position = begin
    for span_start, span_end in spans:
        if span_start < begin or span_end > end:
            continue
        snippet = _append_folded(snippet, text[position:span_start])
        snippet_start = len(snippet)
        snippet = _append_folded(snippet, text[span_start:span_end])
        snippet_spans.append((snippet_start, len(snippet)))
        position = span_end
    snippet = _append_folded(snippet, text[position:end]).rstrip() + ("…" if end < len(text) else "")
    return Snippet(snippet, tuple(snippet_spans), side)


def _append_folded(snippet: str, piece: str) -> str:
    """Append a piece with its white space folded to one blank, also where the two meet."""
    folded = re.sub(r"\s+", " ", piece)
    return snippet + (folded.lstrip(" ") if not snippet or snippet.endswith((" ", "…")) else folded)
