"""The block structure of Markdown, found line by line: quotes, lists, and the leaves inside them.

Works as CommonMark's own description of a parser does: a line first continues the open containers,
then may open new blocks, and what is left of it goes into the open leaf. No line is read twice, so an
answer costs what its length costs, however it is cut.

Where Markdown would let a later line change what was shown long before, this one decides at once:

- A list is neither tight nor loose: an empty line between two items is shown where one was written.
- Line breaks inside a paragraph are kept: models break lines where they mean it (verse, addresses).
- References ``[text][name]`` and their definitions are shown as written: definitions come last, when
  the text is long on the screen, and hiding them would hide where a link leads.
- A paragraph of more than SECTION characters becomes no heading by what is under it.
- Columns of a table are as wide as its first ROWS rows want them.
- HTML is shown as text.
"""

import re

from chatmgr.terminal.markdown.containers import Nesting
from chatmgr.terminal.markdown.leaf_blocks import ROWS, Code, Indent, Leaf, Rule, Table, Text
from chatmgr.terminal.markdown.patterns import (
    ALIGNS,
    DEFINITION,
    DELIMITERS,
    FENCE,
    HEADING,
    ITEM,
    RULE,
    UNDERLINE,
    cells,
    html_end,
    may_begin,
    untabbed,
)

_DEEPEST = 12  # containers within each other; what is deeper is text


class Blocks:
    """Feed it lines; ``leaves`` are those found, the last one perhaps still open."""

    def __init__(self) -> None:
        self.leaves: list[Leaf] = []
        self._nesting = Nesting()
        self._leaf: Leaf | None = None
        self._made = 0
        self._blank = False
        self._defined = False

    def copy(self) -> "Blocks":
        """A parser to try a line on that is not complete yet."""
        found = Blocks()
        found.__dict__.update(self.__dict__)
        found._nesting = self._nesting.copy()
        found._leaf = self._leaf.copy() if self._leaf else None
        found.leaves = [found._leaf if one is self._leaf and found._leaf else one for one in self.leaves]
        return found

    def finish(self) -> None:
        """Close everything."""
        self._close(0)

    def more(self, text: str) -> None:
        """The next part of a line too long to wait for its end."""
        leaf = self._leaf
        if isinstance(leaf, Text):
            leaf.add(text)
        elif isinstance(leaf, Code):
            leaf.lines[-1] += text
        elif isinstance(leaf, Table):
            leaf.rows[-1] += text

    def feed(self, line: str, *, part: bool = False) -> None:
        """The next line, or the first part of a very long one."""
        text, depth = self._continued(line)
        leaf = self._leaf
        if leaf and depth == len(self._nesting.open) and self._inside(leaf, text, long=part):
            return
        if not text.strip(" \t"):
            self._empty(depth)
            return
        paragraph = leaf if isinstance(leaf, Text) and not leaf.level else None
        whole = depth == len(self._nesting.open)
        text, opened = self._opened(text, depth, paragraph if whole else None, lazy=paragraph is not None)
        if opened is None:
            return
        if not opened and paragraph and (not whole or paragraph is self._leaf):
            self._paragraph_line(paragraph, text, part=part, table=whole)
        else:
            self._begin_text(text, depth if not opened else len(self._nesting.open), part=part)

    def _continued(self, line: str) -> tuple[str, int]:
        """What is left of a line after the containers that it continues, and how many those are."""
        if not self._nesting.open:
            return line, 0
        depth, text = 0, untabbed(line)
        for one in self._nesting.open:
            bare = text.lstrip(" ")
            indent = len(text) - len(bare)
            if not one.marker:
                if indent > 3 or not bare.startswith(">"):
                    break
                text = untabbed(bare[1:]).removeprefix(" ")
            elif not bare:
                if not self._leaf and not self._nesting.begun(depth):
                    break
            elif indent >= one.indent:
                text = text[one.indent :]
            else:
                break
            depth += 1
        return text, depth

    def _inside(self, leaf: Leaf, text: str, *, long: bool) -> bool:
        """Whether the line belongs to the open leaf whatever it looks like."""
        if not isinstance(leaf, Code):
            return False
        if leaf.fence:
            bare = text.strip(" \t")
            if bare.startswith(leaf.fence) and not bare.strip(leaf.fence[0]) and not text.startswith("    "):
                self._close(len(self._nesting.open))
                return True
            blanks = len(text) - len(text.lstrip(" "))
            text = text[min(leaf.indent, blanks) :]
        elif leaf.html:
            ended = leaf.html in text
            self._code_line(leaf, text, long=long)
            if ended:
                self._close(len(self._nesting.open))
            return True
        elif leaf.indent:  # an indented block
            if not text.strip(" \t"):
                text = ""
            elif not untabbed(text).startswith("    "):
                return False
            else:
                text = text[1:] if text.startswith("\t") else text[4:]
        elif not text.strip(" \t"):
            return False
        self._code_line(leaf, text, long=long)
        return True

    def _code_line(self, leaf: Code, line: str, *, long: bool) -> None:
        if leaf.lines and (long or leaf.long or leaf.full(line)):
            leaf.closed = True
            follower = leaf.copy()
            follower.lines, follower.closed, follower.number = [], False, self._made
            follower.place = Indent(leaf.place.rest, leaf.place.rest)
            self._add(follower)
            leaf = follower
        leaf.lines.append(line)
        leaf.long = long

    def _empty(self, depth: int) -> None:
        """An empty line: it ends paragraphs and tables, and the quotes it has no mark of."""
        quotes = [at for at, one in enumerate(self._nesting.open) if at >= depth and not one.marker]
        unbegun = depth < len(self._nesting.open) and not quotes
        if self._leaf or quotes or unbegun:
            self._close(quotes[0] if quotes else depth if unbegun else len(self._nesting.open))
        self._blank = True

    def _opened(
        self, text: str, depth: int, paragraph: Text | None, *, lazy: bool
    ) -> tuple[str, bool | None]:
        """Open what the line opens: what is left of it, and whether a container is new; None: all taken."""
        opened = False
        while True:
            text = untabbed(text)
            bare = text.lstrip(" ")
            indent = len(text) - len(bare)
            if not bare:
                return "", None if opened else opened
            if indent > 3:
                if lazy and not opened:
                    return bare, opened
                self._close(depth)
                self._add(Code(self._made, self._place(), indent=4, lines=[text[4:]]))
                return "", None
            if bare[0].isalpha():
                return bare, opened
            if bare[0] == ">" and depth < _DEEPEST:
                self._close(depth)
                self._nesting.quote()
                text = untabbed(bare[1:]).removeprefix(" ")
            elif self._leaf_begins(bare, indent, depth, paragraph):
                return "", None
            elif (item := ITEM.match(bare)) and depth < _DEEPEST and may_begin(item, bare, paragraph):
                self._close(depth)
                text = self._item(item, bare, indent)
            else:
                return bare, opened
            depth, opened, paragraph, lazy = len(self._nesting.open), True, None, False

    def _leaf_begins(self, bare: str, indent: int, depth: int, paragraph: Text | None) -> bool:
        """Whether the line is a heading, a rule, or the first one of a block that is shown as it is."""
        if paragraph and not paragraph.cut and not self._defined and (found := UNDERLINE.match(bare)):
            paragraph.level = 1 if found[1][0] == "=" else 2
            self._close(depth)
        elif bare[0] == "#" and (found := HEADING.match(bare)):
            self._close(depth)
            self._add(Text(self._made, self._place(), level=len(found[1]), source=found[2] or ""))
            self._close(depth)
        elif bare[0] in "*_-" and RULE.match(bare):
            self._close(depth)
            self._add(Rule(self._made, self._place()))
            self._close(depth)
        elif bare[0] in "`~" and (found := FENCE.match(bare)):
            self._close(depth)
            fence, info = found[1] or found[3], found[2] or found[4] or ""
            language = (info.split() or [""])[0]
            self._add(Code(self._made, self._place(), language=language, fence=fence, indent=indent))
        elif bare[0] == "<" and (end := html_end(bare, paragraph)) is not None:
            self._close(depth)
            self._add(Code(self._made, self._place(), html=end, lines=[" " * indent + bare]))
            if end and end in bare[2:]:
                self._close(depth)
        else:
            return False
        return True

    def _item(self, found: re.Match[str], bare: str, indent: int) -> str:
        """Open an item of a list; returns what is in its first line."""
        mark, blanks, rest = found[1], found[3] or "", bare[found.end() :]
        width = len(mark) + (len(blanks) if rest and len(blanks) < 5 else 1)
        self._nesting.item(mark, found[2], indent + width)
        return " " * (len(blanks) - 1) + rest if len(blanks) > 4 else rest

    def _paragraph_line(self, paragraph: Text, text: str, *, part: bool, table: bool) -> None:
        bare = text.strip(" \t") if not part else text.lstrip(" \t")
        if table and "|" in bare and DELIMITERS.match(bare) and self._table(paragraph, bare):
            return
        if self._defined and DEFINITION.match(bare):
            self._begin_text(bare, len(self._nesting.open), part=part)
            return
        self._defined = False
        paragraph.add("\n" + bare)

    def _table(self, paragraph: Text, delimiters: str) -> bool:
        """Make a table of the paragraph's last line, if it has as many cells as there are columns."""
        earlier, _, head = paragraph.source.rpartition("\n")
        marks = cells(delimiters)
        if "|" not in head or len(cells(head)) != len(marks):
            return False
        aligns = tuple(ALIGNS[mark.startswith(":"), mark.endswith(":")] for mark in marks)
        place = paragraph.place
        if earlier or paragraph.cut:
            paragraph.source = earlier
            self._close(len(self._nesting.open))
            place = self._place()
        else:
            self.leaves.remove(paragraph)
            self._made -= 1
        self._add(Table(self._made, place, aligns=aligns, rows=[head]))
        return True

    def _begin_text(self, text: str, depth: int, *, part: bool) -> None:
        """A line that is nothing else: a row of the open table, or a paragraph."""
        table = self._leaf if depth == len(self._nesting.open) else None
        if isinstance(table, Table):
            if len(table.rows) > ROWS:
                table.closed = True
                place = Indent(table.place.rest, table.place.rest)
                leader = table.leader or table
                table = Table(self._made, place, aligns=table.aligns, leader=leader)
                self._add(table)
            table.rows.append(text)
            return
        defined = self._defined
        self._close(depth)
        bare = text.strip(" \t") if not part else text.lstrip(" \t")
        place = self._place()
        self._defined = bool(DEFINITION.match(bare))
        if defined and self._defined and not self._blank:
            place = Indent(place.first, place.rest)
        leaf = Text(self._made, place)
        self._add(leaf)
        leaf.add(bare)

    def _close(self, depth: int) -> None:
        """Close the leaf, and the containers past ``depth``; one without anything in it shows its mark."""
        if self._leaf:
            self._leaf.closed = True
            if isinstance(self._leaf, Code) and self._leaf.indent and not self._leaf.fence:
                while self._leaf.lines and not self._leaf.lines[-1]:
                    self._leaf.lines.pop()
            self._leaf, self._defined = None, False
        if len(self._nesting.open) > depth and not self._nesting.begun(len(self._nesting.open) - 1):
            self._add(Text(self._made, self._place(), closed=True))
            self._leaf = None
        del self._nesting.open[depth:]

    def _add(self, leaf: Leaf) -> None:
        self.leaves.append(leaf)
        self._nesting.holds()
        self._leaf, self._blank = leaf, False
        self._made += 1

    def _place(self) -> Indent:
        return self._nesting.place(first=self._made == 0, blank=self._blank)
