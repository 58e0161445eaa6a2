"""Looking back without leaving: earlier turns, a search, what it all took."""

import re
import sys
from dataclasses import replace

from chatmgr.chat.commands.group import Group
from chatmgr.chat.lookups import context
from chatmgr.chat.slash import Command
from chatmgr.domain.addresses import Address, parse_address
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.filters import EVERYTHING
from chatmgr.domain.model import Conversation
from chatmgr.domain.money import dollars
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


class Looking(Group):
    """What was said, here and elsewhere."""

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
            Command("/usage", "", "say what the last turn and all of them took", _HEADING, self._usage),
        )

    def _history(self, typed: str) -> None:
        reader = app().reader
        if not typed or _COUNT.fullmatch(typed):
            count = int(typed or _TURNS)
            if not count:
                raise UsageFault("How many turns? For instance: /history 3")
            self._turns(self._here, count)
            return
        turn_here = _TURN_HERE.fullmatch(typed)
        wanted = Address("", int(turn_here[1])) if turn_here else parse_address(typed)
        found = reader.conversation(wanted.name) if wanted.name else self._here
        if wanted.turn is not None:
            transcript_view.show([reader.turn(found, wanted.turn)])
        else:
            self._turns(found, _TURNS)

    def _turns(self, conversation: Conversation, count: int) -> None:
        turns = app().reader.tail(conversation, count)
        transcript_view.show(turns)
        if not turns:
            console.note(f"“{conversation.name}” has no turns yet.")

    def _search(self, query: str) -> None:
        from chatmgr.ui.search_view import found

        if not query:
            raise UsageFault('What for? For instance: /search "train station" -draft')
        hits = list(found(query, replace(EVERYTHING, archived=None), _HITS))
        for number, hit in enumerate(hits, 1):
            terminal = sys.stdout.isatty()
            width = stdout_size()[0] - 4 if terminal else 0  # beside the numbers
            first, *rest = hit_lines(hit, terminal=terminal, width=width)
            console.out(f"{number:>2}. {first}")
            for line in rest:
                console.out(f"    {line}")
        if hits:
            console.note("Look at one: /history NAME@TURN; go on there: /switch NAME@TURN")

    def _usage(self, typed: str) -> None:
        if typed:
            raise UsageFault("/usage takes nothing after it.")
        reader, here = app().reader, self._here
        newest, total = next(iter(reader.tail(here, 1)), None), reader.total_of(here.pk)
        if newest is None or total is None:
            console.note(f"“{here.name}” has no turns yet.")
        else:
            console.note(f"{here.name}@{newest.turn}: {usage_summary(newest)}", "")
            besides = (
                f", besides {total.unpriced:,} of unknown price" if total.unpriced and total.cost else ""
            )
            runs = "1 run" if total.runs == 1 else f"{total.runs:,} runs"
            console.note(f"{here.name}, {runs}: {usage_summary(total)}{besides}", "")
            if used := context(here, newest):
                console.note(f"Context: {used}", "")
        limit = reader.max_cost(here.pk)
        if limit is not None:
            spent, unknown = reader.cost(here.pk)
            least = f", less {unknown:,} of unknown price" if unknown else ""
            left = dollars(max(limit - spent, 0))
            console.note(f"Limit: {dollars(limit)}, of which {left} are left{least}", "")
