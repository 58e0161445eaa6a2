"""Feeds streamed text to the block parser: cleaned, and cut into lines, however the pieces were cut."""

import re

from chatmgr.terminal.markdown.block_parser import BlockParser
from chatmgr.terminal.markdown.leaf_blocks import Leaf
from chatmgr.terminal.sanitize import clean

_PART_LENGTH = 2_000  # a longer line is taken in parts, before its end arrives
_UNDECIDED = re.compile(r"[ >]*[-=#*_`~+|:.)(\d]{0,12}[ \t]*\Z")


class StreamParser:
    """Feed it pieces; ``leaves()`` are those found so far. Blocks of code count from ``first_code``.

    ``blocks`` has parsed the complete lines; the unfinished last line is tried on a copy.
    """

    def __init__(self, first_code: int = 1) -> None:
        self.blocks = BlockParser(first_code)
        self._held_cr = ""
        self._open_line = ""
        self._in_long_line = False

    def feed(self, text: str) -> None:
        """Parse one piece. A final carriage return is held back: it may be half of a line ending."""
        text = self._held_cr + text
        self._held_cr = "\r" if text.endswith("\r") else ""
        text = clean(text[:-1] if self._held_cr else text)
        if "\n" not in text:
            self._open_line += text
            if len(self._open_line) > _PART_LENGTH:
                self._parse_line(self._open_line, complete=False)
            return
        *lines, self._open_line = (self._open_line + text).split("\n")
        for line in lines:
            self._parse_line(line)
        if len(self._open_line) > _PART_LENGTH:
            self._parse_line(self._open_line, complete=False)

    def finish(self) -> list[Leaf]:
        """End the text; returns all leaves that were not taken before."""
        self._open_line += clean(self._held_cr)
        if self._open_line or self._in_long_line:
            self._parse_line(self._open_line)
        self._held_cr = self._open_line = ""
        self.blocks.finish()
        return self.blocks.leaves

    def leaves(self) -> list[Leaf]:
        """The leaves as if the text ended here, without a last line whose kind is still undecided."""
        if not self._open_line or (not self._in_long_line and _UNDECIDED.match(self._open_line)):
            return self.blocks.leaves
        trial = self.blocks.copy()
        if self._in_long_line:
            trial.continue_line(self._open_line)
        else:
            trial.feed(self._open_line)
        return trial.leaves

    def _parse_line(self, line: str, *, complete: bool = True) -> None:
        start = 0
        while len(line) - start > _PART_LENGTH:
            self._parse_part(line[start : start + _PART_LENGTH], is_partial=True)
            self._in_long_line, start = True, start + _PART_LENGTH
        line = line[start:]
        if complete:
            self._parse_part(line, is_partial=False)
            self._in_long_line = False
        else:
            self._open_line = line

    def _parse_part(self, line: str, *, is_partial: bool) -> None:
        if self._in_long_line:
            self.blocks.continue_line(line)
        else:
            self.blocks.feed(line, is_partial=is_partial)
