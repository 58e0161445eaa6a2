"""What a person looks for: words, "phrases", -not, OR, prefix*.

All terms must be there (``AND`` says no more than a blank); ``OR`` joins the two terms beside it (``red OR
blue car``: a car, red or blue); a minus takes out what holds the term. No text is an error: what cannot
be an operator is looked for, and a quotation mark that is never closed reaches to the end. Upper and
lower case, and accents, are one. Text in a script without spaces between words is found anywhere;
elsewhere a term is whole words.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from chatmgr.domain.text import SPACELESS, storable

_MOST_TERMS = 64  # more are no search, and databases have limits of their own
_TOKEN = re.compile(r'(?P<minus>-(?=[^\s]))?(?:"(?P<phrase>[^"]*)(?:"|$)|(?P<word>[^\s"]+))')
_WORD = re.compile(r"[^\W_]+")
_SPACELESS = re.compile(f"[{SPACELESS}]")
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Term:
    """One word or phrase. ``gram``: it is found anywhere in a text, not only at the edges of words."""

    text: str
    prefix: bool = False
    gram: bool = False

    @property
    def phrase(self) -> bool:
        """Whether it is several words, in this order."""
        return not self.gram and len(_WORD.findall(self.text)) > 1


@dataclass(frozen=True, slots=True)
class Clause:
    """One of these must be there; or, negated, none of them."""

    terms: tuple[Term, ...]
    negated: bool = False


@dataclass(frozen=True)
class Query:
    """What was asked for: every clause holds."""

    clauses: tuple[Clause, ...]

    @cached_property
    def wanted(self) -> tuple[Term, ...]:
        """The terms that a match may show."""
        return tuple(term for clause in self.clauses if not clause.negated for term in clause.terms)


def parse_query(text: str) -> Query:
    """A query; without any clause where there is nothing to look for (``!?``, an empty text)."""
    clauses: list[Clause] = []
    joined = False
    for found in _TOKEN.finditer(storable(text)):
        if found["word"] == "OR" and not found["minus"]:
            joined = bool(clauses) and not clauses[-1].negated
            continue
        if found["word"] == "AND" and not found["minus"]:  # it is what a blank means
            continue
        term = _term(found["phrase"] if found["word"] is None else found["word"], found["word"] is not None)
        if term is None:
            continue
        negated = bool(found["minus"])
        if joined and not negated:
            clauses[-1] = Clause((*clauses[-1].terms, term))
        elif sum(len(one.terms) for one in clauses) < _MOST_TERMS:
            clauses.append(Clause((term,), negated))
        joined = False
    return Query(tuple(clauses))


def _term(text: str, may_be_prefix: bool) -> Term | None:
    """A term, if it has a letter or a digit to look for."""
    prefix = may_be_prefix and text.endswith("*")
    text = unicodedata.normalize("NFC", text)
    bare = text.strip("*") if may_be_prefix else text
    if not any(char.isalnum() for char in bare):
        return None
    if _SPACELESS.search(bare):
        return Term(bare.strip(), gram=True)
    return Term(bare, prefix)


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a text on one line, and the places in it that match.

    ``side`` tells whose text: ``user``, ``answer`` or ``title``.
    """

    text: str
    spans: tuple[Span, ...]
    side: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A turn that matches, or (``turn`` None) a conversation whose name or title does."""

    conversation: str
    turn: int | None
    title: str
    assistant: str
    model: str
    provider: str
    state: str
    at: datetime
    snippet: Snippet
    score: float | None = None


@dataclass(slots=True)
class SearchResults:
    """The hits, read as they are consumed; ``more`` is known when they are: too many to rank."""

    hits: Iterator[Hit]
    more: bool = False
