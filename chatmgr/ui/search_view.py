"""``history -q``: what a search found, as lines or as JSON."""

import sys
from collections.abc import Iterator
from typing import Any

from chatmgr.domain.filters import Filters
from chatmgr.domain.search import Hit, SearchResults, parse_query
from chatmgr.terminal.console import console, show_lines
from chatmgr.terminal.region import stdout_size
from chatmgr.terminal.turn_lines import hit_lines
from chatmgr.ui.context import app
from chatmgr.ui.json_output import print_json


def search(
    text: str, filters: Filters, count: int, *, newest: bool, conversation: int, as_json: bool, pager: bool
) -> None:
    """Look for a text and show what is found; that nothing is, is said, and is no error."""
    hits = found(text, filters, count, newest=newest, conversation=conversation)
    if as_json:
        for hit in hits:
            print_json(_facts(hit))
        return
    terminal = sys.stdout.isatty()
    width = stdout_size()[0] if terminal else 0
    show_lines((line for hit in hits for line in hit_lines(hit, terminal=terminal, width=width)), pager=pager)


def found(
    text: str, filters: Filters, count: int, *, newest: bool = False, conversation: int = 0
) -> Iterator[Hit]:
    """The hits, read as they are consumed; that there are none, or too many, is said at their end."""
    query = parse_query(text)
    looked = app().reader.search.find(query, filters, count, newest=newest, conversation=conversation)
    return _counted(looked, text, asked=bool(query.clauses))


def _counted(found: SearchResults, text: str, *, asked: bool) -> Iterator[Hit]:
    """The hits; at the end a note where there are none, or more than were looked at."""
    empty = True
    for hit in found.hits:
        empty = False
        yield hit
    if empty:
        why = "Nothing found for" if asked else "There is no word to look for in"
        console.note(f"{why} “{text}”.")
    elif found.more:
        console.note("Many turns match; the newest 1,000 were ranked. All of them: history -q … -n 0")


def _facts(hit: Hit) -> dict[str, Any]:
    """The documented shape of a hit; a match in a name or title has no turn."""
    return {
        "address": hit.conversation + (f"@{hit.turn}" if hit.turn else ""),
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
    }
