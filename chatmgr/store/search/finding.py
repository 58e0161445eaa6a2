"""From what was asked to hits, newest or best first.

The index gives turns newest first, one by one, so that the newest are found without the rest being
looked at. To be ranked, they must be looked at: of a word that is everywhere, the newest ``WINDOW``
turns are, and whoever asked is told that there are more.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from operator import attrgetter

from chatmgr.domain.filters import ALWAYS, NEVER, Filters
from chatmgr.domain.matching import Matcher, best_snippet, bm25_scores
from chatmgr.domain.model import Conversation
from chatmgr.domain.search import Hit, Query, SearchResults, Snippet
from chatmgr.store.connection import Row
from chatmgr.store.reader import values
from chatmgr.store.search.asking import Question, questions

WINDOW = 1_000  # turns that are ranked
_LAST = 9_000_000_000_000  # past any stamp


class Finder:
    """Answers searches by the reader's statements. ``lite``: the database is SQLite."""

    def __init__(
        self,
        rows: Callable[..., Iterator[Row]],
        limit: Callable[[int], int | None],
        *,
        lite: bool,
    ) -> None:
        self._rows, self._limit, self._lite = rows, limit, lite

    def search(
        self, query: Query, filters: Filters, count: int, *, newest: bool = False, conversation: int = 0
    ) -> SearchResults:
        """The best ``count`` hits, conversations first; ``newest`` or ``count`` 0 take them as they come."""
        if not query.clauses:
            return SearchResults(iter(()))
        asked = list(questions(query, self._trigrams))
        matcher = Matcher(query, sure_of_phrases=self._lite)
        given = {**filters.values(), "conversation": conversation}
        names = [] if conversation or not query.wanted else self._names(asked, matcher, given, count)
        given |= {"first": max(_second(filters.since), 1), "last": _second(filters.until)}
        if newest or not count:
            limit = count if count and not matcher.unsure else 0
            turns = (_hit(row, matcher) for row in self._turns(asked, matcher, given, limit))
            merged = heapq.merge(names, turns, key=attrgetter("at"), reverse=True)
            return SearchResults(islice(merged, count) if count else merged)
        rows = list(islice(self._turns(asked, matcher, given, WINDOW + 1), WINDOW + 1))
        best = _best(rows[:WINDOW], matcher, count - min(len(names), count))
        return SearchResults(iter([*names[:count], *best]), more=len(rows) > WINDOW)

    def _trigrams(self, beginning: str) -> list[str]:
        if not self._lite:
            return []
        rows = self._rows("gram_terms", low=beginning, high=beginning + "\U0010ffff")
        return [str(row[0]) for row in rows]

    def _turns(
        self, asked: list[Question], matcher: Matcher, given: dict[str, object], limit: int
    ) -> Iterator[Row]:
        """Matching turns, newest first; the answers to several questions as one."""
        most = self._limit(0 if matcher.unsure else limit)
        streams = [self._rows(one.start, **one.values(), **given, limit=most) for one in asked]
        last = 0
        for row in heapq.merge(*streams, key=lambda row: int(row[0]), reverse=True):
            if row[0] != last and (not matcher.unsure or matcher.holds(f"{row[4]}\n{row[5]}")):
                yield row
            last = row[0]

    def _names(
        self, asked: list[Question], matcher: Matcher, given: dict[str, object], count: int
    ) -> list[Hit]:
        """Conversations whose name or title matches, newest activity first."""
        given = {key: one for key, one in given.items() if key != "conversation"}
        most = self._limit(0 if matcher.unsure else count or WINDOW)
        found: dict[int, Conversation] = {}
        for one in asked:
            statement = {"by_words": "names_by_words", "by_grams": "names_by_grams"}[one.start]
            for row in self._rows(statement, **one.values(), **given, limit=most):
                conversation = values.conversation(row)
                if matcher.holds(f"{conversation.name}\n{conversation.title}"):
                    found[conversation.pk] = conversation
        hits = (_named(one, matcher) for one in found.values())
        return sorted(hits, key=attrgetter("at"), reverse=True)


def _second(moment: datetime) -> int:
    if moment <= ALWAYS:
        return 1
    return _LAST if moment >= NEVER else int(moment.timestamp())


def _best(rows: list[Row], matcher: Matcher, count: int) -> Iterable[Hit]:
    """The rows that answer best; of equals, the newest."""
    scores = bm25_scores(matcher, [f"{row[4]}\n{row[5]}" for row in rows])
    order = heapq.nsmallest(max(count, 0), range(len(rows)), key=lambda at: (-scores[at], at))
    return [_hit(rows[at], matcher, scores[at]) for at in order]


def _hit(row: Row, matcher: Matcher, score: float | None = None) -> Hit:
    _, name, title, turn, user, answer, state, model, provider, assistant, at = row
    shown = best_snippet(matcher, str(user), str(answer))
    told = None if score is None else round(score, 3)
    return Hit(name, int(turn), title, assistant, model, provider, state, values.moment(at), shown, told)


def _named(one: Conversation, matcher: Matcher) -> Hit:
    text = one.title or one.name
    shown = Snippet(text, tuple(matcher.spans(text)), "title")
    facts = (one.assistant, one.model, one.provider, one.state, one.updated_at)
    return Hit(one.name, None, one.title, *facts, shown)
