"""Search queries and their results: words, "phrases", -not, OR, prefix*.

All terms must match (``AND`` means the same as a blank). ``OR`` joins the two terms beside it: ``red OR
blue car`` is a car, red or blue. A minus excludes what contains the term. No text is an error: what cannot
be an operator is searched for, and an unclosed quotation mark reaches to the end. Case and accents are
ignored. Text in a script without spaces between words matches anywhere; elsewhere a term is whole words.
"""

import dataclasses
import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.text import SPACELESS, storable

_MAX_TERMS = 64  # enough for any search, and databases have limits
_TOKEN = re.compile(r'(?P<minus>-(?=[^\s]))?(?:"(?P<phrase>[^"]*)(?:"|$)|(?P<word>[^\s"]+))')
_WORD = re.compile(r"[^\W_]+")
_SPACELESS = re.compile(f"[{SPACELESS}]")
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Term:
    """One word or phrase. ``gram``: it matches anywhere in a text, not only at word boundaries."""

    text: str
    prefix: bool = False
    gram: bool = False

    @property
    def phrase(self) -> bool:
        """Whether it is several words, in this order."""
        return not self.gram and len(_WORD.findall(self.text)) > 1


@dataclass(frozen=True, slots=True)
class Clause:
    """At least one of these terms must match; or, if negated, none of them."""

    terms: tuple[Term, ...]
    negated: bool = False


@dataclasses.dataclass(frozen=True)  # without slots, for what it caches
class Query:
    """A parsed query: every clause must hold."""

    clauses: tuple[Clause, ...]

    @cached_property
    def wanted(self) -> tuple[Term, ...]:
        """The terms that a match can show."""
        return tuple(term for clause in self.clauses if not clause.negated for term in clause.terms)


def parse_query(text: str) -> Query:
    """Parse a query; it has no clauses if there is nothing to search for (``!?``, an empty text)."""
    clauses: list[Clause] = []
    after_or = False
    for token in _TOKEN.finditer(storable(text)):
        if token["word"] == "OR" and not token["minus"]:
            after_or = bool(clauses) and not clauses[-1].negated
            continue
        if token["word"] == "AND" and not token["minus"]:  # a blank means the same
            continue
        term = _parse_term(
            token["phrase"] if token["word"] is None else token["word"], token["word"] is not None
        )
        if term is None:
            continue
        negated = bool(token["minus"])
        if after_or and not negated:
            clauses[-1] = Clause((*clauses[-1].terms, term))
        elif sum(len(clause.terms) for clause in clauses) < _MAX_TERMS:
            clauses.append(Clause((term,), negated))
        after_or = False
    return Query(tuple(clauses))


def _parse_term(text: str, may_be_prefix: bool) -> Term | None:
    """A term, if it has a letter or a digit to search for."""
    prefix = may_be_prefix and text.endswith("*")
    text = unicodedata.normalize("NFC", text)
    stripped = text.strip("*") if may_be_prefix else text
    if not any(char.isalnum() for char in stripped):
        return None
    if _SPACELESS.search(stripped):
        return Term(stripped.strip(), gram=True)
    return Term(stripped, prefix)


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of text on one line, and the spans in it that match.

    ``side`` says which text it is from: ``user``, ``answer`` or ``title``.
    """

    text: str
    spans: tuple[Span, ...]
    side: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A turn that matches, or (with ``turn`` None) a conversation whose name or title does."""

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
    """The hits, read as they are consumed; after that, ``more`` tells whether there were too many to rank.

    ``incomplete``: the search index is being rebuilt, so older turns may be missing.
    """

    hits: Iterator[Hit]
    more: bool = False
    incomplete: bool = False
