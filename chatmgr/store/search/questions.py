"""A query in each index's own language.

FTS5 takes an expression for each of its two tables. A clause that mixes both kinds of terms (``red OR
東京``) belongs to neither, so the query is asked once for each side of it, and the answers are
joined. PostgreSQL takes the clauses as they are, in JSON; what its index cannot be sure of is looked for
in the texts that it finds.
"""

import itertools
import json
from collections.abc import Callable, Iterable, Iterator

from chatmgr.domain.search import Clause, Query, Term
from chatmgr.domain.values import dataclass

_MIXED = 4  # clauses that are split; those beyond are only checked on the text of what was found
_GRAM = 3


@dataclass(frozen=True, slots=True)
class Question:
    """One look into the index: expressions for FTS5, and the whole for PostgreSQL."""

    words: str
    grams: str
    no_words: str
    no_grams: str
    wanted: str
    unwanted: str

    @property
    def start(self) -> str:
        """Where to begin: the index that must match."""
        return "by_words" if self.words else "by_grams" if self.grams else "by_time"

    def values(self) -> dict[str, str]:
        """As the statements take them."""
        return {
            "words": self.words,
            "grams": self.grams,
            "no_words": self.no_words,
            "no_grams": self.no_grams,
            "wanted": self.wanted,
            "unwanted": self.unwanted,
        }


def questions(query: Query, trigrams: Callable[[str], list[str]]) -> Iterator[Question]:
    """The looks into the index that together find all that a query may mean.

    ``trigrams`` gives the trigrams of the index that begin with one or two characters.
    """
    positive = [one for one in query.clauses if not one.negated]
    negative = [term for one in query.clauses if one.negated for term in one.terms]
    mixed = [one for one in positive if {term.gram for term in one.terms} == {True, False}]
    plain = [one for one in positive if one not in mixed]
    server = _as_json(positive), _as_json([Clause(_sure(negative))])
    for sides in itertools.product((False, True), repeat=min(len(mixed), _MIXED)):
        halves = [
            Clause(tuple(term for term in one.terms if term.gram is side))
            for one, side in zip(mixed, sides, strict=False)
        ]
        chosen = [*plain, *halves]
        words = [_any(one.terms, _word) for one in chosen if not one.terms[0].gram]
        grams = [_any(one.terms, lambda term: _grams(term, trigrams)) for one in chosen if one.terms[0].gram]
        unwanted = [_word(term) for term in negative if not term.gram]
        ungrams = [_grams(term, trigrams) for term in negative if term.gram and len(term.text) <= _GRAM]
        yield _question(words, grams, unwanted, ungrams, server)


def _question(
    words: list[str], grams: list[str], unwanted: list[str], ungrams: list[str], server: tuple[str, str]
) -> Question:
    """Where words must match, FTS5 itself takes out what must not."""
    found, without = " AND ".join(words), " OR ".join(unwanted)
    if found and without:
        found, without = f"({found}) NOT ({without})", ""
    return Question(found, " AND ".join(grams), without, " OR ".join(ungrams), *server)


def _any(terms: Iterable[Term], one: Callable[[Term], str]) -> str:
    return f"({' OR '.join(map(one, terms))})"


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _word(term: Term) -> str:
    """A word or phrase; FTS5 cuts it into words as it did the texts."""
    return f"{_quoted(term.text)} *" if term.prefix else _quoted(term.text)


def _grams(term: Term, trigrams: Callable[[str], list[str]]) -> str:
    """All trigrams of a term; of one or two characters, any trigram that begins so."""
    text = term.text
    if len(text) >= _GRAM:
        parts = dict.fromkeys(text[at : at + _GRAM] for at in range(len(text) - _GRAM + 1))
        return f"({' AND '.join(map(_quoted, parts))})"
    return f"({' OR '.join(map(_quoted, trigrams(text.lower()))) or _quoted(text)})"


def _sure(terms: Iterable[Term]) -> tuple[Term, ...]:
    """The terms of which PostgreSQL's index knows exactly whether a text holds them."""
    return tuple(one for one in terms if (len(one.text) < _GRAM if one.gram else not one.phrase))


def _as_json(clauses: Iterable[Clause]) -> str:
    """What ``chatmgr_query`` takes; empty for no clause."""
    found = [
        {"any": [{"text": one.text, "prefix": one.prefix, "gram": one.gram} for one in clause.terms]}
        for clause in clauses
        if clause.terms
    ]
    return json.dumps(found) if found else ""
