"""Where a leaf stands: the quotes and lists around it, and what goes before its lines."""

from dataclasses import dataclass

from chatmgr.terminal.markdown.leaf_blocks import Indent


@dataclass(frozen=True, slots=True)
class Container:
    """A quote, or (``marker``) an item of a list: its text begins ``indent`` columns further in."""

    number: int
    marker: str = ""
    shown: str = "│ "
    indent: int = 0
    list: int = 0
    count: int = 0

    @property
    def rest(self) -> str:
        """The prefix of all lines but the first."""
        return " " * len(self.shown) if self.marker else self.shown


class Nesting:
    """The containers that are open, and those around the leaf before."""

    def __init__(self) -> None:
        self.open: list[Container] = []
        self._before: tuple[Container, ...] = ()
        self._made = 0

    def copy(self) -> "Nesting":
        """The same, to try something."""
        found = Nesting()
        found.open, found._before, found._made = self.open[:], self._before, self._made
        return found

    def quote(self) -> None:
        """Open a quote."""
        self._made += 1
        self.open.append(Container(self._made))

    def item(self, mark: str, number: str | None, indent: int) -> None:
        """Open an item of a list; it goes on with the one before where that has the same kind of mark."""
        kind, depth, before = mark[-1], len(self.open), self._before
        sibling = before[depth] if self.shared() == depth < len(before) else None
        if sibling and sibling.marker != kind:
            sibling = None
        count = sibling.count + 1 if sibling else int(number or 0)
        self._made += 1
        shown = f"{count}{kind} " if number else "• "
        self.open.append(
            Container(self._made, kind, shown, indent, sibling.list if sibling else self._made, count)
        )

    def holds(self) -> None:
        """A leaf was added."""
        self._before = tuple(self.open)

    def begun(self, depth: int) -> bool:
        """Whether the container there has something in it."""
        return self.shared() > depth

    def shared(self) -> int:
        """How many containers the last leaf is in as well."""
        count = 0
        for one, other in zip(self.open, self._before, strict=False):
            if one.number != other.number:
                break
            count += 1
        return count

    def place(self, *, first: bool, blank: bool) -> Indent:
        """Where a new leaf stands, and whether an empty line goes before it."""
        here, before = self.open, self._before
        shared = self.shared()
        begins = "".join(one.rest if at < shared else one.shown for at, one in enumerate(here))
        siblings = shared < min(len(here), len(before)) and here[shared].list == before[shared].list != 0
        in_list = siblings or (shared > 0 and bool(here[shared - 1].marker))
        wanted = not first and (blank or not in_list)
        gap = "".join(one.rest for one in here[:shared]).rstrip() if wanted else None
        return Indent(begins, "".join(one.rest for one in here), gap)
