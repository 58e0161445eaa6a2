"""Renders untrusted Markdown as HTML.

HTML in it is shown as text. Links lead only to http, https and mailto, and send no referrer. Images are
not loaded: fetching one would tell its owner that the page was opened. Code is coloured with classes,
since the page's policy forbids inline styles.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from chatmgr.domain.control_characters import without_live
from chatmgr.formats.html_escaping import escape

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_SAFE_LINK = re.compile(r"(https?://|mailto:)", re.IGNORECASE)
_MAX_LENGTH = 400_000  # a longer text is shown unrendered
_MAX_CODE_LENGTH = 20_000  # longer code is not highlighted: some lexers are quadratic
_REL = "noopener noreferrer nofollow"


def answer_html(text: str) -> str:
    """An answer's Markdown, rendered."""
    if len(text) > _MAX_LENGTH:
        return plain_html(text)
    try:
        return str(_renderer().render(without_live(text)))
    except RecursionError:
        return plain_html(text)


def message_html(text: str) -> str:
    """A user's message: unchanged, line by line, with its fenced code highlighted."""
    text = without_live(text)
    lines = text.split("\n")
    parts, next_line = [], 0
    for token in _fence_parser().parse(text) if "```" in text or "~~~" in text else ():
        if token.type == "fence" and token.map:
            parts += [
                plain_html("\n".join(lines[next_line : token.map[0]])),
                code_html(token.content, token.info),
            ]
            next_line = token.map[1]
    return "".join([*parts, plain_html("\n".join(lines[next_line:]))])


def plain_html(text: str) -> str:
    """Text unchanged, with its line breaks and spaces."""
    text = text.strip("\n")
    return f'<div class="plain">{escape(text)}</div>' if text.strip() else ""


def code_html(text: str, info: str) -> str:
    """A code block, highlighted if its language is known."""
    language = info.split()[0] if info.split() else ""
    label = f'<span class="lang">{escape(language[:40])}</span>' if language else ""
    highlighted = _highlighted(text.rstrip("\n"), language)
    return f'<div class="code">{label}<pre tabindex="0"><code>{highlighted}</code></pre></div>\n'


def _highlighted(text: str, language: str) -> str:
    if not language or len(text) > _MAX_CODE_LENGTH:
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
def _renderer() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 40}).enable(["table", "strikethrough"])
    parser.validateLink = lambda url: bool(_SAFE_LINK.match(url.strip()))  # type: ignore[method-assign]
    for name, rule in _RULES.items():
        parser.add_render_rule(name, rule)
    return parser


@cache
def _fence_parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("zero").enable("fence").disable("inline")


def _fence(renderer: Any, tokens: Sequence["Token"], index: int, options: Any, env: Any) -> str:
    return code_html(tokens[index].content, tokens[index].info)


def _image(renderer: Any, tokens: Sequence["Token"], index: int, options: Any, env: Any) -> str:
    """A link instead of the image."""
    label = escape(tokens[index].content or "image")
    source = escape(str(tokens[index].attrs.get("src", "")))
    if _inside_link(tokens, index):
        return f'<span class="remote">{label}</span>'
    return f'<a class="remote" href="{source}" rel="{_REL}">{label}</a>'


def _inside_link(tokens: Sequence["Token"], index: int) -> bool:
    types = [token.type for token in tokens[:index]]
    return types.count("link_open") > types.count("link_close")


def _link(renderer: Any, tokens: Sequence["Token"], index: int, options: Any, env: Any) -> str:
    href = escape(str(tokens[index].attrs.get("href", "")))
    title = str(tokens[index].attrs.get("title", ""))
    title_attribute = f' title="{escape(title)}"' if title else ""
    return f'<a href="{href}" rel="{_REL}"{title_attribute}>'


def _heading(renderer: Any, tokens: Sequence["Token"], index: int, options: Any, env: Any) -> str:
    """Two levels down, since the page has headings of its own."""
    level = min(int(tokens[index].tag[1]) + 2, 6)
    return f'<h{level} class="{tokens[index].tag}">' if tokens[index].nesting > 0 else f"</h{level}>\n"


def _table(renderer: Any, tokens: Sequence["Token"], index: int, options: Any, env: Any) -> str:
    return '<div class="wide" tabindex="0"><table>\n' if tokens[index].nesting > 0 else "</table></div>\n"


def _cell(renderer: Any, tokens: Sequence["Token"], index: int, options: Any, env: Any) -> str:
    """The alignment as a class: the page's policy refuses style attributes."""
    alignment = str(tokens[index].attrs.get("style", "")).removeprefix("text-align:")
    return (
        f'<{tokens[index].tag} class="{alignment}">'
        if alignment in {"right", "center"}
        else f"<{tokens[index].tag}>"
    )


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
