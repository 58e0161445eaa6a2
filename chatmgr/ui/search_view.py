"""What a search found, as lines or as JSON; for ``history -q`` and the chat's ``/search``."""

import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from chatmgr.domain.filters import Filters
from chatmgr.domain.search import Hit, SearchResults, parse_query
from chatmgr.terminal.console import console, show_lines
from chatmgr.terminal.region import stdout_size
from chatmgr.terminal.turn_lines import hit_lines
from chatmgr.ui.context import app
from chatmgr.ui.json_output import print_json


def show_hits(hits: Iterator[Hit], *, as_json: bool, pager: bool) -> None:
    """Print hits as they are found; at a terminal with a blank line between them."""
    if as_json:
        for hit in hits:
            print_json(_facts(hit))
        return
    terminal = sys.stdout.isatty()
    width = stdout_size()[0] if terminal else 0
    shown = (hit_lines(hit, terminal=terminal, width=width) for hit in hits)
    show_lines(spaced(shown) if terminal else chain.from_iterable(shown), pager=pager)


def spaced(blocks: Iterable[Iterable[str]]) -> Iterator[str]:
    """The lines of all blocks, with a blank line between two blocks."""
    for number, block in enumerate(blocks):
        if number:
            yield ""
        yield from block


def search(
    text: str,
    filters: Filters,
    count: int,
    *,
    newest: bool = False,
    conversation: int = 0,
    all_paths: bool = False,
) -> Iterator[Hit]:
    """The hits for a query, read as they are consumed.

    ``conversation`` is the key of the only one to search, 0 for all; ``all_paths`` also finds what their
    conversations left. That there are no hits, or too many to
    rank, is noted once they are consumed, and is no error.
    """
    query = parse_query(text)
    results = app().reader.search.find(
        query, filters, count, newest=newest, conversation=conversation, all_paths=all_paths
    )
    return _noting_the_end(results, text, has_words=bool(query.clauses))


def _noting_the_end(results: SearchResults, text: str, *, has_words: bool) -> Iterator[Hit]:
    empty = True
    for hit in results.hits:
        empty = False
        yield hit
    if empty:
        reason = "Nothing found for" if has_words else "There is no word to search for in"
        console.note(f"{reason} “{text}”.")
    elif results.more:
        console.note("Many turns match; only the newest 1,000 were ranked. All of them: history -q … -n 0")
    if results.incomplete:
        console.note(
            "The search index is being rebuilt, so older turns may be missing. "
            "If nothing rebuilds it, type: chatmgr db reindex"
        )


def _facts(hit: Hit) -> dict[str, Any]:
    """The documented shape of a hit; a match in a name or a title has no turn."""
    return {
        "address": hit.address,
        "conversation": hit.conversation,
        "turn": hit.turn,
        "title": hit.title or None,
        "side": hit.snippet.side,
        "snippet": hit.snippet.text,
        "matches": [list(span) for span in hit.snippet.spans],
        "assistant": hit.assistant,
        "model": hit.model or None,
        "provider": hit.provider,
        "state": hit.state,
        "at": hit.at,
        "score": hit.score,
        "also_in": list(hit.also_in),
        "path": hit.path or None,
    }
