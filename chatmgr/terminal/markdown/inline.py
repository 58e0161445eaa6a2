"""Text inside a block: emphasis, code, links. Parsed by markdown-it, shown as styled text.

What the parser hands out is cleaned once more: it decodes entities, and ``&#27;`` is an escape
character in a text that had none.
"""

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from chatmgr.terminal.markdown.text_layout import Run
from chatmgr.terminal.sanitize import clean

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_MARKS = re.compile(r"[\\`*_\[<&~\t]")
_CODE, _LINK, _TARGET = "36", "4", "2"
_STYLES = {"strong_open": "1", "em_open": "3", "s_open": "9"}
# What most paragraphs with any mark have and nothing else: whole words in bold or as code. The parser
# would find the same in them, thirty times slower.
_PLAIN = r"[^\\`*_\[<&~\t\n]"
_BOLD, _QUOTED = rf"\*\*(?=[\w(]){_PLAIN}*[\w)]:?\*\*", rf"`(?! ){_PLAIN}+(?<! )`"
_SIMPLE = re.compile(rf"(?:{_PLAIN}|\n|(?<![^\s(])(?:{_BOLD}|{_QUOTED})(?![^\s.,;:!?)]))*+\Z")
_PIECE = re.compile(r"\*\*([^*]+)\*\*|`([^`]+)`")


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"maxNesting": 40}).enable("strikethrough")


@lru_cache(maxsize=256)
def styled(source: str, base: str = "") -> tuple[str, tuple[Run, ...]]:
    """A text without its marks, and the styles of its parts."""
    if not _MARKS.search(source):
        return source, ((len(source), base),)
    found = _Builder(base)
    if _SIMPLE.match(source):
        found.simple(source)
    else:
        for token in _parser().parseInline(source)[0].children or ():
            found.token(token)
    return "".join(found.parts), tuple(found.runs) or ((0, base),)


class _Builder:
    def __init__(self, base: str) -> None:
        self.parts: list[str] = []
        self.runs: list[Run] = []
        self._length = 0
        self._stack = [base]
        self._links: list[tuple[str, int]] = []

    def _put(self, text: str, style: str = "") -> None:
        if not text:
            return
        self.parts.append(text)
        self._length += len(text)
        both = ";".join(part for part in (self._stack[-1], style) if part)
        if self.runs and self.runs[-1][1] == both:
            self.runs[-1] = (self._length, both)
        else:
            self.runs.append((self._length, both))

    def simple(self, source: str) -> None:
        """A text that has only bold words and code in it."""
        at = 0
        for found in _PIECE.finditer(source):
            self._put(source[at : found.start()])
            self._put(found[1] or found[2], "1" if found[1] else _CODE)
            at = found.end()
        self._put(source[at:])

    def token(self, token: "Token") -> None:
        """One token of the parser."""
        kind = token.type
        if kind in {"softbreak", "hardbreak"}:
            self._put("\n")
        elif kind == "code_inline":
            self._put(_safe(token.content), _CODE)
        elif kind == "image":
            self._put(f"{_safe(token.content)} ")
            self._put(f"({_safe(str(token.attrGet('src')))})", _TARGET)
        elif kind == "link_open":
            self._links.append((_safe(str(token.attrGet("href"))), len(self.parts)))
            self._open(_LINK)
        elif token.nesting > 0:
            self._open(_STYLES.get(kind, ""))
        elif token.nesting < 0:
            self._stack.pop()
            if kind == "link_close":
                self._target(*self._links.pop())
        else:
            self._put(_safe(token.content))

    def _open(self, style: str) -> None:
        self._stack.append(";".join(part for part in (self._stack[-1], style) if part))

    def _target(self, target: str, at: int) -> None:
        """Where a link leads, unless its text says so: never a link of the terminal, which hides it."""
        text = "".join(self.parts[at:])
        if target not in {text, f"mailto:{text}"}:
            self._put(f" ({target})" if text else target, _TARGET)


def _safe(text: str) -> str:
    return clean(text).replace("\t", " ")
