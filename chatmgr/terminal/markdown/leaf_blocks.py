"""What an answer is made of once its block structure is known: leaves in the order they are shown.

A leaf is bounded: a long code block or table is several leaves that continue each other, and a long
paragraph is kept in sections that are parsed once. So an open leaf may be rendered again and again
while it grows, and the whole still costs what its length costs.
"""

from dataclasses import dataclass, field, replace

SECTION, SECTION_MOST = 1_500, 3_000  # characters of a paragraph that are parsed together
CHUNK, CHUNK_MOST = 12, 40  # lines of code that are highlighted together
ROWS = 20  # rows of a table that decide how wide its columns are


@dataclass(frozen=True, slots=True)
class Indent:
    """Where a leaf stands: what goes before its first line and before the others.

    ``gap`` is the empty line above it (its prefix: a quote's bar goes through), None for no such line.
    """

    first: str = ""
    rest: str = ""
    gap: str | None = None


@dataclass(slots=True)
class Leaf:
    """One block without blocks inside. ``number`` counts them; ``closed``: nothing is added any more."""

    number: int
    place: Indent
    closed: bool = False

    def copy(self) -> "Leaf":
        """A leaf to which something may be added on trial."""
        return replace(self)


@dataclass(slots=True)
class Text(Leaf):
    """A paragraph or (``level`` 1 to 6) a heading: closed sections, and the open one.

    ``cut``: a part of it is settled, and it cannot become a heading any more. ``skipped`` is the length
    of what was shown and forgotten.
    """

    level: int = 0
    sections: tuple[str, ...] = ()
    source: str = ""
    cut: bool = False
    skipped: int = 0

    def add(self, text: str) -> None:
        """More of it; a section is closed where no emphasis, code or link is open, or it gets too long."""
        self.source += text
        while len(self.source) > SECTION:
            at = _cut(self.source)
            if not at:
                return
            self.sections, self.cut = (*self.sections, self.source[:at]), True
            self.source = self.source[at:]


def _cut(source: str) -> int:
    """Where a section may end: behind a line or a sentence that leaves nothing open; 0: not yet."""
    for mark in ("\n", ". ", " "):
        at = SECTION - 1
        while 0 <= (at := source.find(mark, at + 1)) < SECTION_MOST:
            end = at + len(mark)
            if _balanced(source[:end]):
                return end
    if len(source) <= SECTION_MOST:
        return 0
    return source.rfind(" ", 1, SECTION_MOST) + 1 or SECTION_MOST


def _balanced(text: str) -> bool:
    if text.count("`") % 2 or text.count("_") % 2 or text.count("*") % 2 or text.count("~~") % 2:
        return False
    return text.count("[") <= text.count("]")


@dataclass(slots=True)
class Code(Leaf):
    """Lines shown as they are: of a fenced or indented block, or of HTML (``end`` is what ends it).

    ``fence`` is the mark that closes it, ``""`` for none; ``indent`` the blanks before it. ``continues``
    another leaf: no first prefix, no gap.
    """

    language: str = ""
    fence: str = ""
    indent: int = 0
    html: str = ""
    lines: list[str] = field(default_factory=list)
    long: bool = False

    def copy(self) -> "Code":
        """See Leaf."""
        return replace(self, lines=self.lines[:])

    def full(self, line: str) -> bool:
        """Whether ``line`` had better begin another chunk: where colours hardly depend on what was before."""
        count = len(self.lines)
        if count < CHUNK:
            return False
        if count >= CHUNK_MOST:
            return True
        return not self.lines[-1] and line[:1] not in {"", " ", "\t", "}", ")"} and self._ended()

    def _ended(self) -> bool:
        text = "\n".join(self.lines)
        if text.count('"""') % 2 or text.count("'''") % 2 or text.count("`") % 2:
            return False
        return text.count("/*") <= text.count("*/") and text.count("<!--") <= text.count("-->")


@dataclass(slots=True)
class Table(Leaf):
    """Rows of cells. ``leader``: the leaf with the head, whose columns this one continues."""

    aligns: tuple[str, ...] = ()
    rows: list[str] = field(default_factory=list)
    leader: "Table | None" = None

    def copy(self) -> "Table":
        """See Leaf."""
        return replace(self, rows=self.rows[:])


@dataclass(slots=True)
class Rule(Leaf):
    """A thematic break."""
