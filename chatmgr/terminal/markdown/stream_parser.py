"""An answer's text on its way to the parser: cleaned, cut into lines, however the pieces were cut."""

import re

from chatmgr.terminal.markdown.block_parser import Blocks
from chatmgr.terminal.markdown.leaf_blocks import Leaf
from chatmgr.terminal.sanitize import clean

_LONG = 2_000  # characters of a line that are waited for before its first part is taken
_UNDECIDED = re.compile(r"[ >]*[-=#*_`~+|:.)(\d]{0,12}[ \t]*\Z")


class Source:
    """Feed it pieces; ``blocks`` has what whole lines made of them, ``leaves()`` the rest as well."""

    def __init__(self) -> None:
        self.blocks = Blocks()
        self._held = ""
        self._tail = ""
        self._long = False

    def feed(self, text: str) -> None:
        """One piece. A carriage return at its end waits for the next: it may be half of a line end."""
        text = self._held + text
        self._held = "\r" if text.endswith("\r") else ""
        text = clean(text[:-1] if self._held else text)
        if "\n" not in text:
            self._tail += text
            if len(self._tail) > _LONG:
                self._take(self._tail, whole=False)
            return
        *lines, self._tail = (self._tail + text).split("\n")
        for line in lines:
            self._take(line)
        if len(self._tail) > _LONG:
            self._take(self._tail, whole=False)

    def finish(self) -> list[Leaf]:
        """The end of the text; all leaves that were not taken yet."""
        self._tail += clean(self._held)
        if self._tail or self._long:
            self._take(self._tail)
        self._held = self._tail = ""
        self.blocks.finish()
        return self.blocks.leaves

    def leaves(self) -> list[Leaf]:
        """What there is now, as if the text ended here; a line that may become anything is waited for."""
        if not self._tail or (not self._long and _UNDECIDED.match(self._tail)):
            return self.blocks.leaves
        tried = self.blocks.copy()
        if self._long:
            tried.more(self._tail)
        else:
            tried.feed(self._tail)
        return tried.leaves

    def _take(self, line: str, *, whole: bool = True) -> None:
        at = 0
        while len(line) - at > _LONG:
            self._part(line[at : at + _LONG], part=True)
            self._long, at = True, at + _LONG
        line = line[at:]
        if whole:
            self._part(line, part=False)
            self._long = False
        else:
            self._tail = line

    def _part(self, line: str, *, part: bool) -> None:
        if self._long:
            self.blocks.more(line)
        else:
            self.blocks.feed(line, part=part)
