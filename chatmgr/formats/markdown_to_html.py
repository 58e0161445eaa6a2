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
from chatmgr.domain.mathematics import display_closing, formula_end
from chatmgr.formats.html_escaping import escape

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

_SAFE_LINK = re.compile(r"(https?://|mailto:)", re.IGNORECASE)
_MAX_LENGTH = 400_000  # a longer text is shown unrendered
_MAX_CODE_LENGTH = 20_000  # longer code is not highlighted: some lexers are quadratic
_BOX = re.compile(r"\[([ xX])\] ")
_INTERRUPTIBLE = ["paragraph", "reference", "blockquote", "list"]
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
    # Some lexers (diff) know a line by its end, which the last line here has not got.
    return str(highlight(f"{text}\n", lexer, HtmlFormatter(nowrap=True, classprefix="p-"))).rstrip("\n")


@cache
def _renderer() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 40}).enable(["table", "strikethrough"])
    parser.validateLink = lambda url: bool(_SAFE_LINK.match(url.strip()))  # type: ignore[method-assign]
    parser.inline.ruler.before("escape", "formula", _formula)
    parser.block.ruler.before("fence", "formula_block", _formula_block, {"alt": _INTERRUPTIBLE})
    parser.core.ruler.push("boxes", _boxes)
    for name, rule in _RULES.items():
        parser.add_render_rule(name, rule)
    return parser


@cache
def _fence_parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("zero").enable("fence").disable("inline")


def _formula(state: "StateInline", silent: bool) -> bool:
    """Mathematics in a line: shown as its source, which can be read without a library or a network."""
    end = formula_end(state.src, state.pos, state.posMax) if state.src[state.pos] in "\\$" else 0
    if end and not silent:
        state.push("formula", "code", 0).content = state.src[state.pos : end]
    state.pos = end or state.pos
    return bool(end)


def _formula_block(state: "StateBlock", first: int, end: int, silent: bool) -> bool:
    """Mathematics of several lines, to its closing mark or an empty line."""
    if state.is_code_block(first):
        return False
    closing = display_closing(state.src[state.bMarks[first] + state.tShift[first] : state.eMarks[first]])
    if not closing or silent:
        return bool(closing)
    line = first + 1
    while line < end and not state.isEmpty(line) and state.sCount[line] >= state.blkIndent:
        line += 1
        if closing in state.getLines(line - 1, line, 0, False):
            break
    token = state.push("formula_block", "code", 0)
    token.content, token.map = state.getLines(first, line, state.blkIndent, True), [first, line]
    state.line = line
    return True


def _boxes(state: "StateCore") -> None:
    """Turn the ``[ ]`` or ``[x]`` that begins an item of a list into a box."""
    from markdown_it.token import Token

    for item, paragraph, inline in zip(state.tokens, state.tokens[1:], state.tokens[2:], strict=False):
        text = inline.children[0] if inline.children else None
        is_item = item.type == "list_item_open" and paragraph.type == "paragraph_open"
        if is_item and text and text.type == "text" and (match := _BOX.match(text.content)):
            box = Token("box", "input", 0, attrs={"checked": match[1] != " "})
            text.content = text.content[match.end() :]
            inline.children = [box, *(inline.children or ())]
            item.attrSet("class", "task")


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


def _formula_html(renderer: Any, tokens: Sequence["Token"], index: int, options: Any, env: Any) -> str:
    return f'<code class="math">{escape(tokens[index].content)}</code>'


def _box(renderer: Any, tokens: Sequence["Token"], index: int, options: Any, env: Any) -> str:
    checked = " checked" if tokens[index].attrs["checked"] else ""
    return f'<input type="checkbox" disabled{checked}> '


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
    "formula_block": _fence,
    "formula": _formula_html,
    "box": _box,
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
