"""What a person can choose: one of a list, wherever that is shown."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from chatmgr.chat.input.fuzzy import fold_case, matcher, row_text
from chatmgr.terminal.list_tables import Spans

T = TypeVar("T")
IN_USE = "in use"
_WITHIN = 1  # the kind of a match of whole words


@dataclass(frozen=True, slots=True)
class Choice(Generic[T]):
    """One of several values: ``label`` and ``about``, on one line each, are shown and searched.

    ``facts`` are shown at the right where there is room; the first of them gives way first. ``current``: it
    is the one in use.
    """

    label: str
    value: T
    about: Spans | tuple[()] = ()
    facts: tuple[str, ...] = ()
    current: bool = False

    @property
    def text(self) -> str:
        """The row as it is searched."""
        return row_text(self.label, "".join(piece for piece, _ in self.about))


Preview = Callable[[Choice[T], int, int], list[str]]
"""The lines that show what a choice is, styled, for a width and a height."""


def first_fitting(choices: Iterable[Choice[T]], query: str, count: int) -> list[Choice[T]]:
    """The first choices that have every word of a query in them."""
    rank = matcher(query)
    ranked = ((choice, rank(fold_case(choice.text))) for choice in choices)
    return list(islice((choice for choice, match in ranked if match and match.kind <= _WITHIN), count))
