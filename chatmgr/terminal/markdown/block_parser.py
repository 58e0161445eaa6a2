"""The block structure of Markdown, parsed line by line: quotes, lists, and the leaves inside them.

As CommonMark describes it, a line continues the open containers, then may open blocks, and its rest goes
into the open leaf. No line is read twice: the cost is linear. The package's docstring lists the differences.
"""

from chatmgr.domain.mathematics import display_closing
from chatmgr.terminal.markdown.containers import ContainerStack
from chatmgr.terminal.markdown.leaf_blocks import MEASURED_ROWS, Code, Leaf, Prefix, Rule, Table, Text
from chatmgr.terminal.markdown.patterns import (
    ALIGNMENTS,
    FENCE,
    HEADING,
    LINK_DEFINITION,
    RULE,
    SETEXT_UNDERLINE,
    TABLE_DELIMITERS,
    expand_indent,
    html_block_end,
    list_item,
    table_cells,
)

_MAX_DEPTH = 12  # nested containers; deeper marks are text


class BlockParser:
    """Feed it lines; ``leaves`` are those found so far, and the last one may still be open.

    Blocks of code are numbered from ``first_code``.
    """

    def __init__(self, first_code: int = 1) -> None:
        self.leaves: list[Leaf] = []
        self._containers = ContainerStack()
        self._open_leaf: Leaf | None = None
        self._leaf_count = 0
        self.next_code = first_code
        self._after_blank = False
        self._in_definitions = False

    def copy(self) -> "BlockParser":
        """A copy to try an unfinished line on."""
        duplicate = BlockParser()
        duplicate.__dict__.update(self.__dict__)
        duplicate._containers = self._containers.copy()
        duplicate._open_leaf = trial = self._open_leaf.copy() if self._open_leaf else None
        duplicate.leaves = [trial if trial and leaf is self._open_leaf else leaf for leaf in self.leaves]
        return duplicate

    def finish(self) -> None:
        """Close everything."""
        self._close_to(0)

    def continue_line(self, text: str) -> None:
        """Take the next part of a line that is too long to wait for its end."""
        leaf = self._open_leaf
        if isinstance(leaf, Text):
            leaf.add(text)
        elif isinstance(leaf, Code):
            leaf.lines[-1] += text
        elif isinstance(leaf, Table):
            leaf.rows[-1] += text

    def feed(self, line: str, *, is_partial: bool = False) -> None:
        """Take the next line, or the first part of a very long one."""
        text, depth = self._continue_containers(line)
        leaf = self._open_leaf
        if leaf and depth == self._depth and self._continue_code(leaf, text, is_partial=is_partial):
            return
        if not text.strip(" \t"):
            self._blank_line(depth)
            return
        paragraph = leaf if isinstance(leaf, Text) and not leaf.level else None
        continues_all = depth == self._depth
        interruptible = paragraph if continues_all else None
        text, in_new_container = self._open_blocks(text, depth, interruptible, lazy=paragraph is not None)
        if in_new_container is None:
            return
        if not in_new_container and paragraph and (not continues_all or paragraph is self._open_leaf):
            self._continue_paragraph(paragraph, text, is_partial=is_partial, may_start_table=continues_all)
        else:
            self._start_text(text, depth if not in_new_container else self._depth, is_partial=is_partial)

    def _continue_containers(self, line: str) -> tuple[str, int]:
        """The rest of a line after the containers that it continues, and how many those are."""
        if not self._containers.open:
            return line, 0
        depth, text = 0, expand_indent(line)
        for container in self._containers.open:
            stripped = text.lstrip(" ")
            indent = len(text) - len(stripped)
            if not container.marker:
                if indent > 3 or not stripped.startswith(">"):
                    break
                text = expand_indent(stripped[1:]).removeprefix(" ")
            elif not stripped:
                if not self._open_leaf and not self._containers.has_content(depth):
                    break
            elif indent >= container.indent:
                text = text[container.indent :]
            else:
                break
            depth += 1
        return text, depth

    def _continue_code(self, leaf: Leaf, text: str, *, is_partial: bool) -> bool:
        """Add the line to an open code or HTML block, if it belongs to it whatever it looks like."""
        if not isinstance(leaf, Code):
            return False
        if leaf.fence and leaf.is_closing_fence(text):
            self._close_leaf()
            return True
        content = leaf.content_of(text)
        if content is None:
            return False
        self._add_code_line(leaf, content, is_partial=is_partial)
        if leaf.html and leaf.html in text:
            self._close_leaf()
        return True

    def _add_code_line(self, leaf: Code, line: str, *, is_partial: bool) -> None:
        if leaf.lines and (is_partial or leaf.is_partial or leaf.starts_new_chunk(line)):
            leaf.closed = True
            leaf = leaf.continuation(self._leaf_count)
            self._add_leaf(leaf)
        leaf.append(line)
        leaf.is_partial = is_partial

    def _blank_line(self, depth: int) -> None:
        """A blank line ends paragraphs and tables, and the quotes whose mark it lacks."""
        depth_before = self._depth
        quote = next(
            (level for level in range(depth, depth_before) if not self._containers.open[level].marker), None
        )
        if quote is not None:
            self._close_to(quote)
        elif self._open_leaf or depth < depth_before:
            self._close_to(depth)
        self._after_blank = True

    def _open_blocks(
        self, text: str, depth: int, paragraph: Text | None, *, lazy: bool
    ) -> tuple[str, bool | None]:
        """Open the blocks that the line starts.

        Returns the rest of the line, and whether a container is new; None if the whole line was used.
        """
        opened = False
        while True:
            text = expand_indent(text)
            stripped = text.lstrip(" ")
            indent = len(text) - len(stripped)
            if not stripped:
                return "", None if opened else opened
            if indent > 3:
                if lazy and not opened:
                    return stripped, opened
                self._close_to(depth)
                self._add_leaf(Code(*self._position(), indent=4, lines=[text[4:]]))
                return "", None
            if stripped[0].isalpha():
                return stripped, opened
            if stripped[0] == ">" and depth < _MAX_DEPTH:
                self._close_to(depth)
                self._containers.open_quote()
                text = expand_indent(stripped[1:]).removeprefix(" ")
            elif self._open_leaf_block(stripped, indent, depth, paragraph):
                return "", None
            elif depth < _MAX_DEPTH and (item := list_item(stripped, in_paragraph=bool(paragraph))):
                self._close_to(depth)
                text = self._containers.open_item(item, stripped, indent)
            else:
                return stripped, opened
            depth, opened, paragraph, lazy = self._depth, True, None, False

    def _open_leaf_block(self, stripped: str, indent: int, depth: int, paragraph: Text | None) -> bool:
        """Whether the line is a heading, a rule, or the start of a code or HTML block; if so, opens it."""
        if (
            paragraph
            and not paragraph.cut
            and not self._in_definitions
            and (match := SETEXT_UNDERLINE.match(stripped))
        ):
            paragraph.level = 1 if match[1][0] == "=" else 2
            self._close_to(depth)
        elif stripped[0] == "#" and (match := HEADING.match(stripped)):
            self._close_to(depth)
            self._add_leaf(Text(*self._position(), level=len(match[1]), source=match[2] or ""))
            self._close_to(depth)
        elif stripped[0] in "*_-" and RULE.match(stripped):
            self._close_to(depth)
            self._add_leaf(Rule(*self._position()))
            self._close_to(depth)
        elif stripped[0] in "`~" and (match := FENCE.match(stripped)):
            self._close_to(depth)
            fence, info = match[1] or match[3], match[2] or match[4] or ""
            language = (info.split() or [""])[0]
            self._add_leaf(Code(*self._position(), language=language, fence=fence, indent=indent))
        elif (
            stripped[0] == "<" and (end := html_block_end(stripped, in_paragraph=bool(paragraph))) is not None
        ):
            self._close_to(depth)
            self._add_leaf(Code(*self._position(), html=end, lines=[" " * indent + stripped]))
            if end and end in stripped[2:]:
                self._close_to(depth)
        elif stripped[0] in "$\\" and (closing := display_closing(stripped)):
            self._close_to(depth)
            lines = [" " * indent + stripped]
            self._add_leaf(Code(*self._position(), html=closing, is_formula=True, lines=lines))
        else:
            return False
        return True

    def _continue_paragraph(
        self, paragraph: Text, text: str, *, is_partial: bool, may_start_table: bool
    ) -> None:
        stripped = text.strip(" \t") if not is_partial else text.lstrip(" \t")
        may_start_table = may_start_table and "|" in stripped and bool(TABLE_DELIMITERS.match(stripped))
        if may_start_table and self._start_table(paragraph, stripped):
            return
        if self._in_definitions and LINK_DEFINITION.match(stripped):
            self._start_text(stripped, self._depth, is_partial=is_partial)
            return
        self._in_definitions = False
        paragraph.add("\n" + stripped)

    def _start_table(self, paragraph: Text, delimiters: str) -> bool:
        """Turn the paragraph's last line into a table, if it has as many cells as there are columns."""
        earlier, _, heading = paragraph.source.rpartition("\n")
        marks = table_cells(delimiters)
        if "|" not in heading or len(table_cells(heading)) != len(marks):
            return False
        aligns = tuple(ALIGNMENTS[mark.startswith(":"), mark.endswith(":")] for mark in marks)
        if earlier or paragraph.cut:
            paragraph.source = earlier
            self._close_leaf()
            self._add_leaf(Table(*self._position(), aligns=aligns, rows=[heading]))
        else:
            self.leaves.pop()  # the paragraph, which is open and so the last
            self._leaf_count -= 1
            self._add_leaf(Table(self._leaf_count, paragraph.prefix, aligns=aligns, rows=[heading]))
        return True

    def _start_text(self, text: str, depth: int, *, is_partial: bool) -> None:
        """A line that starts nothing else: a row of the open table, or a paragraph."""
        table = self._open_leaf if depth == self._depth else None
        if isinstance(table, Table):
            if len(table.rows) > MEASURED_ROWS:
                table.closed = True
                table = table.continuation(self._leaf_count)
                self._add_leaf(table)
            table.rows.append(text)
            return
        after_definition = self._in_definitions
        self._close_to(depth)
        stripped = text.lstrip(" \t") if is_partial else text.strip(" \t")
        number, prefix = self._position()
        self._in_definitions = bool(LINK_DEFINITION.match(stripped))
        if after_definition and self._in_definitions and not self._after_blank:
            prefix = Prefix(prefix.first, prefix.rest)
        leaf = Text(number, prefix)
        self._add_leaf(leaf)
        leaf.add(stripped)

    def _close_to(self, depth: int) -> None:
        """Close the leaf, and the containers deeper than ``depth``; an empty one still shows its mark."""
        if self._open_leaf:
            self._open_leaf.closed = True
            if isinstance(self._open_leaf, Code):
                self._open_leaf.end()
            self._open_leaf, self._in_definitions = None, False
        if self._depth > depth and not self._containers.has_content(self._depth - 1):
            self._add_leaf(Text(*self._position(), closed=True))
            self._open_leaf = None
        del self._containers.open[depth:]

    def _close_leaf(self) -> None:
        self._close_to(self._depth)

    @property
    def _depth(self) -> int:
        return len(self._containers.open)

    def _add_leaf(self, leaf: Leaf) -> None:
        if isinstance(leaf, Code) and leaf.is_new_block:
            leaf.block = self.next_code
            self.next_code += 1
        self.leaves.append(leaf)
        self._containers.leaf_added()
        self._open_leaf, self._after_blank = leaf, False
        self._leaf_count += 1

    def _position(self) -> tuple[int, Prefix]:
        """The number and the prefix of the next leaf."""
        is_first = self._leaf_count == 0
        return self._leaf_count, self._containers.prefix(is_first=is_first, after_blank=self._after_blank)
