"""A search query in the language of each index.

FTS5 takes one expression for each of its two tables. A clause that mixes both kinds of terms (``red OR
東京``) belongs to neither table, so the query is run once for each side of the clause, and the results are
merged. PostgreSQL takes the clauses as they are, in JSON. Where its index alone cannot decide whether a
text matches, the texts that it returns are checked afterwards.
"""

import itertools
import json
from collections.abc import Callable, Iterable, Iterator

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.search import Clause, Query, Term

_MAX_SPLIT = 4  # mixed clauses that are split; further ones are only checked in the texts that match
_TRIGRAM = 3


@dataclass(frozen=True, slots=True)
class IndexQuery:
    """One lookup in the index: expressions for FTS5's tables, and JSON clauses for PostgreSQL."""

    words: str
    grams: str
    no_words: str
    no_grams: str
    wanted: str
    unwanted: str

    @property
    def start(self) -> str:
        """The suffix of the statement to run: it begins with the index that must match."""
        return "by_words" if self.words else "by_grams" if self.grams else "by_time"

    def values(self) -> dict[str, str]:
        """The parameters of the statements."""
        return {
            "words": self.words,
            "grams": self.grams,
            "no_words": self.no_words,
            "no_grams": self.no_grams,
            "wanted": self.wanted,
            "unwanted": self.unwanted,
        }


def index_queries(query: Query, trigrams: Callable[[str], list[str]]) -> Iterator[IndexQuery]:
    """The lookups that together return everything that a query may match.

    ``trigrams`` returns the trigrams of the index that begin with one or two given characters.
    """
    positive = [clause for clause in query.clauses if not clause.negated]
    negative = [term for clause in query.clauses if clause.negated for term in clause.terms]
    mixed = [clause for clause in positive if {term.gram for term in clause.terms} == {True, False}]
    uniform = [clause for clause in positive if clause not in mixed]
    json_clauses = _as_json(positive), _as_json([Clause(_decided_by_postgres(negative))])
    for sides in itertools.product((False, True), repeat=min(len(mixed), _MAX_SPLIT)):
        halves = [
            Clause(tuple(term for term in clause.terms if term.gram is side))
            for clause, side in zip(mixed, sides, strict=False)
        ]
        clauses = [*uniform, *halves]
        words = [_any_of(clause.terms, _word) for clause in clauses if not clause.terms[0].gram]
        grams = [
            _any_of(clause.terms, lambda term: _grams(term, trigrams))
            for clause in clauses
            if clause.terms[0].gram
        ]
        no_words = [_word(term) for term in negative if not term.gram]
        no_grams = [_grams(term, trigrams) for term in negative if term.gram and len(term.text) <= _TRIGRAM]
        yield _index_query(words, grams, no_words, no_grams, json_clauses)


def _index_query(
    words: list[str],
    grams: list[str],
    no_words: list[str],
    no_grams: list[str],
    json_clauses: tuple[str, str],
) -> IndexQuery:
    """Join the expressions. Where words must match, FTS5 itself excludes unwanted words."""
    required, excluded = " AND ".join(words), " OR ".join(no_words)
    if required and excluded:
        required, excluded = f"({required}) NOT ({excluded})", ""
    return IndexQuery(required, " AND ".join(grams), excluded, " OR ".join(no_grams), *json_clauses)


def _any_of(terms: Iterable[Term], expression: Callable[[Term], str]) -> str:
    return f"({' OR '.join(map(expression, terms))})"


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _word(term: Term) -> str:
    """A word or phrase; FTS5 splits it into words as it split the texts."""
    return f"{_quoted(term.text)} *" if term.prefix else _quoted(term.text)


def _grams(term: Term, trigrams: Callable[[str], list[str]]) -> str:
    """All trigrams of a term; for one or two characters, any trigram that begins with them."""
    text = term.text
    if len(text) >= _TRIGRAM:
        parts = dict.fromkeys(text[at : at + _TRIGRAM] for at in range(len(text) - _TRIGRAM + 1))
        return f"({' AND '.join(map(_quoted, parts))})"
    return f"({' OR '.join(map(_quoted, trigrams(text.lower()))) or _quoted(text)})"


def _decided_by_postgres(terms: Iterable[Term]) -> tuple[Term, ...]:
    """The terms for which PostgreSQL's index knows exactly whether a text contains them."""
    return tuple(term for term in terms if (len(term.text) < _TRIGRAM if term.gram else not term.phrase))


def _as_json(clauses: Iterable[Clause]) -> str:
    """The argument of ``chatmgr_query``; empty for no clause."""
    alternatives = [
        {"any": [{"text": term.text, "prefix": term.prefix, "gram": term.gram} for term in clause.terms]}
        for clause in clauses
        if clause.terms
    ]
    return json.dumps(alternatives) if alternatives else ""
