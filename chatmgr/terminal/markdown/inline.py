"""Inline Markdown: emphasis, code and links, parsed by markdown-it and shown as styled text.

The parser's output is cleaned again, since it decodes entities: ``&#27;`` is an escape character in a
text that had none.
"""

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from chatmgr.domain.mathematics import formula_end
from chatmgr.terminal.markdown.text_layout import StyleRun
from chatmgr.terminal.sanitize import clean

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

_INLINE_MARKS = re.compile(r"[\\`*_\[<&~\t]")
_STYLES = {"strong_open": "strong", "em_open": "emphasis", "s_open": "struck"}
# Most paragraphs with any marks have only whole words in bold or as code. The parser would find the same,
_UNMARKED = r"[^\\`*_\[<&~$\t\n]"
_BOLD, _CODE_SPAN = rf"\*\*(?=[\w(]){_UNMARKED}*[\w)]:?\*\*", rf"`(?! ){_UNMARKED}+(?<! )`"
_BOLD_AND_CODE_ONLY = re.compile(
    rf"(?:{_UNMARKED}|\n|(?<![^\s(])(?:{_BOLD}|{_CODE_SPAN})(?![^\s.,;:!?)]))*+\Z"
)
_BOLD_OR_CODE = re.compile(r"\*\*([^*]+)\*\*|`([^`]+)`")


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"maxNesting": 40}).enable("strikethrough")
    parser.inline.ruler.before("escape", "formula", _formula)
    return parser


def _formula(state: "StateInline", silent: bool) -> bool:
    """The parser's rule for mathematics, which stays as it was written."""
    if state.src[state.pos] not in "\\$":
        return False
    end = formula_end(state.src, state.pos, state.posMax)
    if end and not silent:
        state.push("formula", "", 0).content = state.src[state.pos : end]
    state.pos = end or state.pos
    return bool(end)


@lru_cache(maxsize=256)
def inline_styled(source: str, base: str = "") -> tuple[str, tuple[StyleRun, ...]]:
    """The text without its Markdown marks, and its style runs."""
    if not _INLINE_MARKS.search(source):
        return source, ((len(source), base),)
    builder = _SpanBuilder(base)
    if _BOLD_AND_CODE_ONLY.match(source):
        builder.add_bold_and_code(source)
    else:
        for token in _parser().parseInline(source)[0].children or ():
            builder.add_token(token)
    return "".join(builder.parts), tuple(builder.runs) or ((0, base),)


class _SpanBuilder:
    """Collects the text and the style runs of one block."""

    def __init__(self, base: str) -> None:
        self.parts: list[str] = []
        self.runs: list[StyleRun] = []
        self._length = 0
        self._styles = [base]
        self._links: list[tuple[str, int]] = []

    def _append(self, text: str, style: str = "") -> None:
        if not text:
            return
        self.parts.append(text)
        self._length += len(text)
        combined = " ".join(part for part in (self._styles[-1], style) if part)
        if self.runs and self.runs[-1][1] == combined:
            self.runs[-1] = (self._length, combined)
        else:
            self.runs.append((self._length, combined))

    def add_bold_and_code(self, source: str) -> None:
        """Add a text that has only bold words and code in it."""
        position = 0
        for match in _BOLD_OR_CODE.finditer(source):
            self._append(source[position : match.start()])
            self._append(match[1] or match[2], "strong" if match[1] else "code")
            position = match.end()
        self._append(source[position:])

    def add_token(self, token: "Token") -> None:
        """Add one token of the parser."""
        kind = token.type
        if kind in {"softbreak", "hardbreak"}:
            self._append("\n")
        elif kind == "code_inline":
            self._append(_clean_inline(token.content), "code")
        elif kind == "image":
            self._append(f"{_clean_inline(token.content)} ")
            self._append(f"({_clean_inline(str(token.attrGet('src')))})", "address")
        elif kind == "link_open":
            self._links.append((_clean_inline(str(token.attrGet("href"))), len(self.parts)))
            self._push_style("link")
        elif token.nesting > 0:
            self._push_style(_STYLES.get(kind, ""))
        elif token.nesting < 0:
            self._styles.pop()
            if kind == "link_close":
                self._append_target(*self._links.pop())
        else:
            self._append(_clean_inline(token.content))

    def _push_style(self, style: str) -> None:
        self._styles.append(" ".join(part for part in (self._styles[-1], style) if part))

    def _append_target(self, target: str, first_part: int) -> None:
        """Show where a link leads, unless its text does; a terminal hyperlink would hide it."""
        text = "".join(self.parts[first_part:])
        if target not in {text, f"mailto:{text}"}:
            self._append(f" ({target})" if text else target, "address")


def _clean_inline(text: str) -> str:
    return clean(text).replace("\t", " ")
