"""Looking back without leaving: earlier turns, a search, tokens and cost."""

import re
import sys
from dataclasses import replace

from chatmgr.chat.commands.group import CommandGroup
from chatmgr.chat.lookups import context_used
from chatmgr.chat.slash import Command
from chatmgr.domain import addresses
from chatmgr.domain.addresses import Address
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.filters import EVERYTHING
from chatmgr.domain.model import Conversation, Turn
from chatmgr.domain.money import dollars
from chatmgr.domain.text import counted
from chatmgr.terminal.console import console
from chatmgr.terminal.region import stdout_size
from chatmgr.terminal.turn_lines import hit_lines, usage_summary
from chatmgr.ui import transcript_view
from chatmgr.ui.context import app

_HEADING = "Looking back"
_TURNS = 5
_HITS = 10
_COUNT = re.compile(r"\d{1,9}")
_TURN_HERE = re.compile(r"@(-?[1-9]\d{0,8})")


class HistoryCommands(CommandGroup):
    """``/history``, ``/search``, ``/usage``."""

    def commands(self) -> tuple[Command, ...]:
        """The entries of the table."""
        return (
            Command(
                "/history",
                "[N|NAME[@TURN]]",
                "show the last turns again, or those of another conversation",
                _HEADING,
                self._history,
                "conversation",
            ),
            Command("/search", "QUERY", "search all conversations", _HEADING, self._search),
            Command(
                "/usage",
                "",
                "show tokens and cost of the last turn and of the conversation",
                _HEADING,
                self._usage,
            ),
            Command(
                "/info", "", "show where this conversation is, and what it has used", _HEADING, self._info
            ),
        )

    def _history(self, typed: str) -> None:
        reader = app().reader
        if not typed or _COUNT.fullmatch(typed):
            count = int(typed or _TURNS)
            if not count:
                raise UsageFault("How many turns? For instance: /history 3")
            _show_last(self._conversation, count)
            return
        turn_here = _TURN_HERE.fullmatch(typed)
        address = Address("", int(turn_here[1])) if turn_here else addresses.parse_address(typed)
        conversation = reader.conversations.get(address.name) if address.name else self._conversation
        if address.turn is not None:
            transcript_view.show_turns([reader.turns.get(conversation, address.turn)])
        else:
            _show_last(conversation, _TURNS)

    def _search(self, query: str) -> None:
        from chatmgr.ui.search_view import search

        if not query:
            raise UsageFault('Search for what? For instance: /search "train station" -draft')
        hits = list(search(query, replace(EVERYTHING, archived=None), _HITS))
        for number, hit in enumerate(hits, 1):
            terminal = sys.stdout.isatty()
            width = stdout_size()[0] - 4 if terminal else 0  # beside the numbers
            first, *rest = hit_lines(hit, terminal=terminal, width=width)
            console.out(f"{number:>2}. {first}")
            for line in rest:
                console.out(f"    {line}")
        if hits:
            console.note("Show one: /history NAME@TURN; go on there: /switch NAME@TURN")

    def _info(self, typed: str) -> None:
        if typed:
            raise UsageFault("/info takes no argument.")
        conversation = self._conversation
        self._session.announce()
        title = f" · {conversation.title}" if conversation.title else ""
        tags = "".join(f" · +{tag}" for tag in conversation.tags)
        turns = counted(conversation.turns, "turn")
        console.note(f"Assistant {conversation.assistant} · {turns}{title}{tags}", "")
        if conversation.turns:
            self._usage("")

    def _usage(self, typed: str) -> None:
        if typed:
            raise UsageFault("/usage takes no argument.")
        conversation = self._conversation
        newest = next(iter(app().reader.turns.tail(conversation, 1)), None)
        if newest is None:
            console.note(f"“{conversation.name}” has no turns yet.")
        else:
            _show_usage(conversation, newest)
        _show_limit(conversation)


def _show_last(conversation: Conversation, count: int) -> None:
    turns = app().reader.turns.tail(conversation, count)
    transcript_view.show_turns(turns)
    if not turns:
        console.note(f"“{conversation.name}” has no turns yet.")


def _show_usage(conversation: Conversation, newest: Turn) -> None:
    """Tokens and cost of the last turn and of all runs, and how full the context is."""
    name = conversation.name
    console.note(f"{name}@{newest.turn}: {usage_summary(newest)}", "")
    total = app().reader.stats.total_of(conversation.pk)
    if total:
        unpriced = f", plus {total.unpriced:,} of unknown price" if total.unpriced and total.cost else ""
        console.note(f"{name}, {counted(total.runs, 'run')}: {usage_summary(total)}{unpriced}", "")
    if used := context_used(conversation, newest):
        console.note(f"Context: {used}", "")


def _show_limit(conversation: Conversation) -> None:
    limit = app().reader.runs.max_cost(conversation.pk)
    if limit is None:
        return
    spent, unpriced = app().reader.runs.cost(conversation.pk)
    left = dollars(max(limit - spent, 0))
    runs = f", minus {counted(unpriced, 'run')} of unknown price" if unpriced else ""
    console.note(f"Limit: {dollars(limit)}, of which {left} are left{runs}", "")
