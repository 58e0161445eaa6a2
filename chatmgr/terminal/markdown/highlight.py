"""Syntax highlighting: pygments tokens in the styles of the theme."""

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from chatmgr.terminal.markdown.text_layout import StyleRun

if TYPE_CHECKING:
    from pygments.lexer import Lexer

_STYLES = {
    "Comment": "comment",
    "Comment.Preproc": "keyword",
    "Keyword": "keyword",
    "Keyword.Constant": "constant",
    "Keyword.Type": "constant",
    "Operator.Word": "keyword",
    "Name.Function": "function",
    "Name.Class": "class",
    "Name.Decorator": "keyword",
    "Name.Builtin": "constant",
    "Name.Exception": "constant",
    "Name.Tag": "keyword",
    "Name.Attribute": "function",
    "Name.Namespace": "function",
    "Literal.Number": "constant",
    "Literal.String": "string",
    "Literal.String.Escape": "constant",
    "Generic.Deleted": "removed",
    "Generic.Inserted": "added",
    "Generic.Heading": "strong",
    "Generic.Subheading": "accent",
    "Generic.Prompt": "comment",
    "Generic.Output": "",
}


_ALIASES = {"patch": "diff"}


@lru_cache(maxsize=32)
def _lexer(language: str) -> "Lexer | None":
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    language = _ALIASES.get(language, language)
    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


_STYLE_OF_TOKEN: dict[Any, str] = {}


def _token_style(token_type: Any) -> str:
    """The style of a pygments token type, inherited from its parent types; cached."""
    name = ".".join(token_type)
    while name and name not in _STYLES:
        name = name.rpartition(".")[0]
    _STYLE_OF_TOKEN[token_type] = _STYLES.get(name, "")
    return _STYLE_OF_TOKEN[token_type]


@lru_cache(maxsize=4)
def highlighted_lines(text: str, language: str) -> tuple[tuple[StyleRun, ...], ...]:
    """The style runs of each line; without colours if the language is unknown."""
    lexer = _lexer(language.lower()[:40]) if language else None
    lines = text.split("\n")
    if lexer is None:
        return tuple(((len(line), ""),) for line in lines)
    # Some lexers (diff) know a line by its end, which the last line here has not got.
    runs_by_line = tuple(_runs_by_line(lexer.get_tokens_unprocessed(f"{text}\n")))[:-1]
    # If a lexer loses part of the text (none should), the colours are dropped, not the text.
    ends = [line[-1][0] if line else 0 for line in runs_by_line]
    if ends != [len(line) for line in lines]:
        return tuple(((len(line), ""),) for line in lines)
    return runs_by_line


def _runs_by_line(tokens: Any) -> Iterator[tuple[StyleRun, ...]]:
    line: list[StyleRun] = []
    end = 0
    for _, token_type, value in tokens:
        style = _STYLE_OF_TOKEN[token_type] if token_type in _STYLE_OF_TOKEN else _token_style(token_type)
        if "\n" not in value:
            end += len(value)
            if line and line[-1][1] == style:
                line[-1] = (end, style)
            else:
                line.append((end, style))
            continue
        first_part, *other_parts = value.split("\n")
        if first_part:
            line.append((end + len(first_part), style))
        for part in other_parts:
            yield tuple(line)
            line, end = [], len(part)
            if part:
                line.append((end, style))
    yield tuple(line)
