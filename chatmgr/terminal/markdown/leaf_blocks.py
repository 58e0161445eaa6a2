"""The leaf blocks of an answer, in the order they are shown.

Leaves are bounded: a long code block or table becomes several leaves that continue each other, and a
long paragraph is kept in sections that are parsed once. So an open leaf may be rendered again and again
while it grows, and the total cost stays linear in the text's length.
"""

from dataclasses import dataclass, field, replace

from chatmgr.terminal.markdown.patterns import expand_indent

SECTION, SECTION_MAX = 1_500, 3_000  # characters of a paragraph that are parsed together
CHUNK, CHUNK_MAX = 12, 40  # lines of code that are highlighted together
_PATCH = ("diff --git ", "--- a/", "@@ -", "Index: ")  # how a patch begins
MEASURED_ROWS = 20  # rows of a table that decide how wide its columns are


@dataclass(frozen=True, slots=True)
class Prefix:
    """What goes before the lines of a leaf: quote bars, list markers and indentation.

    ``first`` goes before the first line and ``rest`` before the others. ``gap`` is the empty line above (the
    bar of a quote continues through it); None for no such line.
    """

    first: str = ""
    rest: str = ""
    gap: str | None = None


@dataclass(slots=True)
class Leaf:
    """A block that contains no other blocks. ``number`` counts them; a ``closed`` one gets no more text."""

    number: int
    prefix: Prefix
    closed: bool = False

    def copy(self) -> "Leaf":
        """A copy that text may be added to on trial."""
        return replace(self)


@dataclass(slots=True)
class Text(Leaf):
    """A paragraph or, with ``level`` 1 to 6, a heading: closed sections, and the open one in ``source``.

    ``cut``: a part is settled, so it cannot become a heading any more. ``skipped`` is the length of the text
    that was shown and dropped.
    """

    level: int = 0
    sections: tuple[str, ...] = ()
    source: str = ""
    cut: bool = False
    skipped: int = 0

    def add(self, text: str) -> None:
        """Add text; a section is closed where no emphasis, code or link is open, or when it gets too long."""
        self.source += text
        while len(self.source) > SECTION:
            end = _section_end(self.source)
            if not end:
                return
            self.sections, self.cut = (*self.sections, self.source[:end]), True
            self.source = self.source[end:]


def _section_end(source: str) -> int:
    """Where a section may end: after a line or sentence that leaves nothing open; 0 if nowhere yet."""
    for mark in ("\n", ". ", " "):
        start = SECTION - 1
        while 0 <= (start := source.find(mark, start + 1)) < SECTION_MAX:
            end = start + len(mark)
            if _balanced(source[:end]):
                return end
    if len(source) <= SECTION_MAX:
        return 0
    return source.rfind(" ", 1, SECTION_MAX) + 1 or SECTION_MAX


def _balanced(text: str) -> bool:
    if text.count("`") % 2 or text.count("_") % 2 or text.count("*") % 2 or text.count("~~") % 2:
        return False
    if text.count("$") % 2 or text.count("\\(") > text.count("\\)"):
        return False
    return text.count("[") <= text.count("]")


@dataclass(slots=True)
class Code(Leaf):
    """Lines shown unchanged: a fenced or indented code block, HTML, or mathematics.

    ``fence`` is the mark that closes the block (empty for none) and ``indent`` the blanks before it. ``html``
    is the text that ends an HTML block or a formula; the latter (``is_formula``) ends at an empty line, too.
    ``is_partial``: the last line is the first part of a very long one. ``block`` is the number of the whole
    block of code, 0 for HTML and mathematics. This leaf has its beginning (``begins``), its end, both or
    neither.
    """

    language: str = ""
    fence: str = ""
    indent: int = 0
    html: str = ""
    is_formula: bool = False
    lines: list[str] = field(default_factory=list)
    is_partial: bool = False
    block: int = 0
    begins: bool = True
    ends: bool = False

    def copy(self) -> "Code":
        """See ``Leaf.copy``."""
        return replace(self, lines=self.lines[:])

    def append(self, line: str) -> None:
        """Add a line; one that only a patch begins with says what an unnamed block is."""
        if not (self.lines or self.language) and self.fence and self.begins and line.startswith(_PATCH):
            self.language = "diff"
        self.lines.append(line)

    def starts_new_chunk(self, line: str) -> bool:
        """Whether ``line`` should start a new chunk: where the colours hardly depend on earlier lines."""
        count = len(self.lines)
        if count < CHUNK:
            return False
        if count >= CHUNK_MAX:
            return True
        return not self.lines[-1] and line[:1] not in {"", " ", "\t", "}", ")"} and self._is_balanced()

    def is_closing_fence(self, line: str) -> bool:
        """Whether ``line`` closes this fenced block."""
        stripped = line.strip(" \t")
        is_fence = stripped.startswith(self.fence) and not stripped.strip(self.fence[0])
        return is_fence and not line.startswith("    ")

    def content_of(self, line: str) -> str | None:
        """What the line adds to this block; None if the line does not belong to it."""
        is_blank = not line.strip(" \t")
        if self.fence:
            blanks = len(line) - len(line.lstrip(" "))
            return line[min(self.indent, blanks) :]
        if self.html and not (self.is_formula and is_blank):
            return line
        if not self.indent:
            return None if is_blank else line
        if is_blank:
            return ""
        if not expand_indent(line).startswith("    "):
            return None
        return line[1:] if line.startswith("\t") else line[4:]

    def continuation(self, number: int) -> "Code":
        """A leaf without lines that continues this block."""
        rest = self.prefix.rest
        return replace(self, number=number, prefix=Prefix(rest, rest), closed=False, lines=[], begins=False)

    @property
    def is_new_block(self) -> bool:
        """Whether this begins a block of code, not of HTML or mathematics."""
        return self.begins and bool(self.fence or self.indent)

    def end(self) -> None:
        """End the block; empty lines at the end of an indented one are dropped."""
        self.ends = True
        while self.indent and not self.fence and self.lines and not self.lines[-1]:
            self.lines.pop()

    def _is_balanced(self) -> bool:
        text = "\n".join(self.lines)
        if text.count('"""') % 2 or text.count("'''") % 2 or text.count("`") % 2:
            return False
        return text.count("/*") <= text.count("*/") and text.count("<!--") <= text.count("-->")


@dataclass(slots=True)
class Table(Leaf):
    """Rows of cells. ``leader`` is the leaf with the heading row, whose columns this leaf continues."""

    aligns: tuple[str, ...] = ()
    rows: list[str] = field(default_factory=list)
    leader: "Table | None" = None

    def copy(self) -> "Table":
        """See ``Leaf.copy``."""
        return replace(self, rows=self.rows[:])

    def continuation(self, number: int) -> "Table":
        """A leaf without rows that continues this table."""
        rest = self.prefix.rest
        return Table(number, Prefix(rest, rest), aligns=self.aligns, leader=self.leader or self)


@dataclass(slots=True)
class Rule(Leaf):
    """A thematic break."""
