"""Container blocks: the quotes and list items around a leaf, and the prefixes they give its lines."""

import re
from dataclasses import dataclass

from chatmgr.terminal.markdown.leaf_blocks import Prefix


@dataclass(frozen=True, slots=True)
class Container:
    """A quote or, if it has a ``marker``, a list item, whose text starts ``indent`` columns further in.

    ``number`` identifies the container and ``list`` the list. ``count`` is the item's number, and ``label``
    is what is shown for its marker.
    """

    number: int
    marker: str = ""
    label: str = "│ "
    indent: int = 0
    list: int = 0
    count: int = 0

    @property
    def continuation(self) -> str:
        """The prefix of all lines but the first."""
        return " " * len(self.label) if self.marker else self.label


class ContainerStack:
    """The open containers, and those around the previous leaf."""

    def __init__(self) -> None:
        self.open: list[Container] = []
        self._previous: tuple[Container, ...] = ()
        self._count = 0

    def copy(self) -> "ContainerStack":
        """A copy to try a line on."""
        duplicate = ContainerStack()
        duplicate.open, duplicate._previous, duplicate._count = self.open[:], self._previous, self._count
        return duplicate

    def open_quote(self) -> None:
        """Open a block quote."""
        self._count += 1
        self.open.append(Container(self._count))

    def open_item(self, match: re.Match[str], line: str, indent: int) -> str:
        """Open the list item that a line begins with; returns the content of its first line.

        It continues the previous item's list if that has the same kind of marker.
        """
        marker, number, blanks, content = match[1], match[2], match[3] or "", line[match.end() :]
        indent += len(marker) + (len(blanks) if content and len(blanks) < 5 else 1)
        delimiter, depth, previous = marker[-1], len(self.open), self._previous
        sibling = previous[depth] if self.shared_depth() == depth < len(previous) else None
        if sibling and sibling.marker != delimiter:
            sibling = None
        count = sibling.count + 1 if sibling else int(number or 0)
        self._count += 1
        label = f"{count}{delimiter} " if number else "• "
        self.open.append(
            Container(self._count, delimiter, label, indent, sibling.list if sibling else self._count, count)
        )
        return " " * (len(blanks) - 1) + content if len(blanks) > 4 else content

    def leaf_added(self) -> None:
        """Note that a leaf was added inside the open containers."""
        self._previous = tuple(self.open)

    def has_content(self, depth: int) -> bool:
        """Whether the container at this depth has any content."""
        return self.shared_depth() > depth

    def shared_depth(self) -> int:
        """How many open containers the previous leaf is in as well."""
        count = 0
        for current, previous in zip(self.open, self._previous, strict=False):
            if current.number != previous.number:
                break
            count += 1
        return count

    def prefix(self, *, is_first: bool, after_blank: bool) -> Prefix:
        """The prefix of a new leaf, and whether an empty line goes above it."""
        open_now, previous = self.open, self._previous
        shared = self.shared_depth()
        first_line = "".join(
            container.continuation if depth < shared else container.label
            for depth, container in enumerate(open_now)
        )
        other_lines = "".join(container.continuation for container in open_now)
        siblings = (
            shared < min(len(open_now), len(previous)) and open_now[shared].list == previous[shared].list != 0
        )
        in_list = siblings or (shared > 0 and bool(open_now[shared - 1].marker))
        needs_gap = not is_first and (after_blank or not in_list)
        gap = (
            "".join(container.continuation for container in open_now[:shared]).rstrip() if needs_gap else None
        )
        return Prefix(first_line, other_lines, gap if needs_gap else None)
