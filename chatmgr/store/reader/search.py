"""Searching: from a query to hits, newest or best first.

The index returns turns newest first, one by one, so the newest are found without reading the others. To
rank turns, they must be read. If a word is in very many turns, only the newest ``WINDOW`` are ranked, and
the results say that there are more.
"""

import heapq
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from itertools import islice
from operator import attrgetter, itemgetter
from typing import TypeVar

from chatmgr.domain.filters import ALWAYS, NEVER, Filters
from chatmgr.domain.matching import Matcher, best_snippet, bm25_scores
from chatmgr.domain.model import Conversation
from chatmgr.domain.search import Hit, Query, SearchResults, Snippet
from chatmgr.store.reader.conversations import CONVERSATION
from chatmgr.store.reader.query_session import QuerySession
from chatmgr.store.search import INDEXED_FROM
from chatmgr.store.search.index_queries import IndexQuery, index_queries
from chatmgr.store.shapes import Row, Shape, as_dict, moment

T = TypeVar("T")

WINDOW = 1_000  # turns that are ranked
_LAST = 9_000_000_000_000  # past any stamp


class Search:
    """Answers searches from the index of either database."""

    def __init__(self, session: QuerySession) -> None:
        self._session = session

    def find(
        self,
        query: Query,
        filters: Filters,
        count: int,
        *,
        newest: bool = False,
        conversation: int = 0,
        all_paths: bool = False,
    ) -> SearchResults:
        """The best ``count`` hits, conversations first; ``newest`` or ``count`` 0 take them as they come.

        ``all_paths`` also finds turns that only paths have which their conversations left.
        """
        if not query.clauses:
            return SearchResults(iter(()))
        incomplete = self.is_incomplete()  # before anything is looked for
        lookups = list(index_queries(query, self._trigrams))
        matcher = Matcher(query, sure_of_phrases=self._in_sqlite)
        values = filters.values()
        names = [] if conversation or not query.wanted else self._names(lookups, matcher, values, count)
        span = {"first": max(_second(filters.since), 1), "last": _second(filters.until)}
        values = {**values, **span, "conversation": conversation, "all_paths": int(all_paths)}
        # Asked once for all hits, since it seldom is so.
        forked = cache(lambda: all_paths or bool(self._session.value("search.forked", 0)))
        if newest or not count:
            limit = count if count and not matcher.unsure else 0
            rows = self._turns(lookups, matcher, values, limit)
            turns = (self._turn_hit(row, matcher, forked) for row in rows)
            merged = heapq.merge(names, turns, key=attrgetter("at"), reverse=True)
            hits = islice(merged, count) if count else merged
            return SearchResults(hits, incomplete=incomplete)
        window = list(islice(self._turns(lookups, matcher, values, WINDOW + 1), WINDOW + 1))
        order = _best(window[:WINDOW], matcher, count - min(len(names), count))
        best = [self._turn_hit(row, matcher, forked, score) for row, score in order]
        return SearchResults(iter([*names[:count], *best]), len(window) > WINDOW, incomplete)

    def is_incomplete(self) -> bool:
        """Whether the index lacks documents, because it is being rebuilt, or a rebuilding was cut off."""
        return self._session.value("meta.get", key=INDEXED_FROM) is not None

    @property
    def _in_sqlite(self) -> bool:
        return self._session.dialect == "sqlite"

    def _trigrams(self, beginning: str) -> list[str]:
        if not self._in_sqlite:
            return []
        return list(self._session.column("search.trigrams", low=beginning, high=beginning + "\U0010ffff"))

    def _rows(
        self, kind: str, shape: Shape[T], lookup: IndexQuery, values: Mapping[str, object], limit: int
    ) -> Iterator[T]:
        """Turns or names that match one lookup; on SQLite, read from the index that must match."""
        statement = f"search.{kind}_{lookup.start}" if self._in_sqlite else f"search.{kind}"
        return self._session.rows(
            statement, shape, **lookup.values(), **values, limit=self._session.limit(limit)
        )

    def _turns(
        self, lookups: list[IndexQuery], matcher: Matcher, values: Mapping[str, object], limit: int
    ) -> Iterator[Row]:
        """Matching turns, newest first; the results of several lookups merged."""
        most = 0 if matcher.unsure else limit
        streams = [self._rows("turns", as_dict, lookup, values, most) for lookup in lookups]
        last = 0
        for row in heapq.merge(*streams, key=itemgetter("stamp"), reverse=True):
            stamp = row["stamp"]
            if stamp != last and (not matcher.unsure or matcher.holds(_text(row))):
                yield row
            last = stamp

    def _names(
        self, lookups: list[IndexQuery], matcher: Matcher, values: Mapping[str, object], count: int
    ) -> list[Hit]:
        """Conversations whose name or title matches, newest activity first."""
        most = 0 if matcher.unsure else count or WINDOW
        matching: dict[int, Conversation] = {}
        for lookup in lookups:
            for conversation in self._rows("names", CONVERSATION, lookup, values, most):
                if matcher.holds(f"{conversation.name}\n{conversation.title}"):
                    matching[conversation.pk] = conversation
        hits = (_name_hit(conversation, matcher) for conversation in matching.values())
        return sorted(hits, key=attrgetter("at"), reverse=True)

    def _turn_hit(
        self, row: Row, matcher: Matcher, forked: Callable[[], bool], score: float | None = None
    ) -> Hit:
        """A row of ``search.turn``; ``forked`` tells whether other conversations may hold it."""
        stamp, name = row.pop("stamp"), row["conversation"]
        holders = self._holders(stamp) if forked() else [name]
        path = 0 if name in holders else int(self._session.value("search.path", 0, stamp=stamp, name=name))
        others = tuple(holder for holder in holders if holder != name)
        row["at"] = moment(row["at"])
        row["snippet"] = best_snippet(matcher, row.pop("user"), row.pop("answer"))
        return Hit(**row, score=None if score is None else round(score, 3), also_in=others, path=path)

    def _holders(self, stamp: int) -> list[str]:
        """The conversations whose path has the turn of a stamp."""
        return list(self._session.column("search.holders", stamp=stamp))


def _best(rows: list[Row], matcher: Matcher, count: int) -> list[tuple[Row, float]]:
    """The rows that answer best, with their scores; of equals, the newest."""
    scores = bm25_scores(matcher, [_text(row) for row in rows])
    order = heapq.nsmallest(max(count, 0), range(len(rows)), key=lambda at: (-scores[at], at))
    return [(rows[at], scores[at]) for at in order]


def _second(time: datetime) -> int:
    if time <= ALWAYS:
        return 1
    return _LAST if time >= NEVER else int(time.timestamp())


def _text(row: Row) -> str:
    return f"{row['user']}\n{row['answer']}"


def _name_hit(conversation: Conversation, matcher: Matcher) -> Hit:
    text = conversation.title or conversation.name
    return Hit(
        conversation=conversation.name,
        turn=None,
        title=conversation.title,
        assistant=conversation.assistant,
        model=conversation.model,
        provider=conversation.provider,
        state=conversation.state,
        at=conversation.updated_at,
        snippet=Snippet(text, tuple(matcher.spans(text)), "title"),
    )
