"""What commands offer to choose from, where no name was typed, or none that is one alone.

At a terminal with a line editor, an offer opens as a list to pick from. Elsewhere it is printed, with a star
at what is in use.
"""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from chatmgr.chat.input.choice import Choice, Preview, first_fitting
from chatmgr.domain.errors import ChatmgrError
from chatmgr.terminal import list_tables
from chatmgr.terminal.console import can_edit_lines, console
from chatmgr.terminal.region import stdout_size

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Offer(Generic[T]):
    """Several things of a kind, read anew each time they are looked through.

    ``printed``: how many of them are printed where nobody can pick; None for all.
    """

    noun: str
    choices: Callable[[], Iterable[Choice[T]]]
    preview: Preview[T] | None = None
    printed: int | None = None

    def pick(self, query: str = "") -> T | None:
        """What the person picks; None if they leave the list, or where it can only be printed."""
        if not can_edit_lines():
            self.show()
            return None
        from chatmgr.chat.input.picker import pick

        picked = pick(self.choices(), f"{self.noun}s", self.preview, query)
        return picked.value if picked else None

    def meant(self, query: str, otherwise: ChatmgrError) -> T | None:
        """The one that a query fits, or what the person picks of several; None if they leave the list.

        Raises ``otherwise`` where none fits, and where nobody can pick.
        """
        fitting = first_fitting(self.choices(), query, 2) if can_edit_lines() else []
        if not fitting:
            raise otherwise
        return fitting[0].value if len(fitting) == 1 else self.pick(query)

    def show(self) -> None:
        """Print the list, or its beginning."""
        terminal = sys.stdout.isatty()
        rows = (
            ("*" if choice.current else "", choice.label, "".join(piece for piece, _ in choice.about))
            for choice in islice(self.choices(), self.printed)
        )
        width = stdout_size()[0] if terminal else 0
        for line in list_tables.table(("", self.noun.upper(), ""), rows, terminal=terminal, width=width):
            console.out(line)
