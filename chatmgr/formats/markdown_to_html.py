"""Markdown as HTML, for text that is not to be trusted.

HTML in it is text. Links lead to http, https and mailto alone and tell nobody where they were followed
from. No image is loaded: fetching one would tell its owner that the page was opened. Code is coloured by
classes, since the page's policy forbids styles of its own.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from chatmgr.formats.html_escaping import escape, visible

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_SAFE_LINK = re.compile(r"(https?://|mailto:)", re.IGNORECASE)
_LONGEST = 400_000  # characters that are rendered; more is shown as it is
_LONGEST_CODE = 20_000  # characters that are coloured: some lexers take the square of their time
_REL = "noopener noreferrer nofollow"


def answer_html(text: str) -> str:
    """Markdown, rendered."""
    if len(text) > _LONGEST:
        return plain_html(text)
    try:
        return str(_markdown().render(visible(text)))
    except RecursionError:
        return plain_html(text)


def message_html(text: str) -> str:
    """What a person typed: as it is, line by line, with its fenced code coloured."""
    text = visible(text).replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    parts, at = [], 0
    for token in _fences().parse(text) if "```" in text or "~~~" in text else ():
        if token.type == "fence" and token.map:
            parts += [plain_html("\n".join(lines[at : token.map[0]])), code_html(token.content, token.info)]
            at = token.map[1]
    return "".join([*parts, plain_html("\n".join(lines[at:]))])


def plain_html(text: str) -> str:
    """Text as it is, its lines and spaces kept."""
    text = text.strip("\n")
    return f'<div class="plain">{escape(text)}</div>' if text.strip() else ""


def code_html(text: str, info: str) -> str:
    """A block of code, coloured where its language is known."""
    language = info.split()[0] if info.split() else ""
    label = f'<span class="lang">{escape(language[:40])}</span>' if language else ""
    inner = _coloured(text.rstrip("\n"), language)
    return f'<div class="code">{label}<pre tabindex="0"><code>{inner}</code></pre></div>\n'


def _coloured(text: str, language: str) -> str:
    if not language or len(text) > _LONGEST_CODE:
        return escape(text)
    from pygments import highlight
    from pygments.formatters.html import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language.strip("{}.").lower(), stripnl=False, ensurenl=False)
    except ClassNotFound:
        return escape(text)
    return str(highlight(text, lexer, HtmlFormatter(nowrap=True, classprefix="p-")))


@cache
def _markdown() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    found = MarkdownIt("commonmark", {"html": False, "maxNesting": 40}).enable(["table", "strikethrough"])
    found.validateLink = lambda url: bool(_SAFE_LINK.match(url.strip()))  # type: ignore[method-assign]
    for name, rule in _RULES.items():
        found.add_render_rule(name, rule)
    return found


@cache
def _fences() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("zero").enable("fence").disable("inline")


def _fence(renderer: Any, tokens: Sequence["Token"], at: int, options: Any, env: Any) -> str:
    return code_html(tokens[at].content, tokens[at].info)


def _image(renderer: Any, tokens: Sequence["Token"], at: int, options: Any, env: Any) -> str:
    """A link in the image's place."""
    words = escape(tokens[at].content or "image")
    source = escape(str(tokens[at].attrs.get("src", "")))
    if _inside_link(tokens, at):
        return f'<span class="remote">{words}</span>'
    return f'<a class="remote" href="{source}" rel="{_REL}">{words}</a>'


def _inside_link(tokens: Sequence["Token"], at: int) -> bool:
    before = [one.type for one in tokens[:at]]
    return before.count("link_open") > before.count("link_close")


def _link(renderer: Any, tokens: Sequence["Token"], at: int, options: Any, env: Any) -> str:
    href = escape(str(tokens[at].attrs.get("href", "")))
    title = str(tokens[at].attrs.get("title", ""))
    shown = f' title="{escape(title)}"' if title else ""
    return f'<a href="{href}" rel="{_REL}"{shown}>'


def _heading(renderer: Any, tokens: Sequence["Token"], at: int, options: Any, env: Any) -> str:
    """Two levels down: the page has headings of its own."""
    level = min(int(tokens[at].tag[1]) + 2, 6)
    return f'<h{level} class="{tokens[at].tag}">' if tokens[at].nesting > 0 else f"</h{level}>\n"


def _table(renderer: Any, tokens: Sequence["Token"], at: int, options: Any, env: Any) -> str:
    return '<div class="wide" tabindex="0"><table>\n' if tokens[at].nesting > 0 else "</table></div>\n"


def _cell(renderer: Any, tokens: Sequence["Token"], at: int, options: Any, env: Any) -> str:
    """Its alignment as a class: a style attribute would be refused by the page's policy."""
    side = str(tokens[at].attrs.get("style", "")).removeprefix("text-align:")
    return f'<{tokens[at].tag} class="{side}">' if side in {"right", "center"} else f"<{tokens[at].tag}>"


_RULES: dict[str, Any] = {
    "fence": _fence,
    "code_block": _fence,
    "image": _image,
    "link_open": _link,
    "heading_open": _heading,
    "heading_close": _heading,
    "table_open": _table,
    "table_close": _table,
    "th_open": _cell,
    "td_open": _cell,
}
