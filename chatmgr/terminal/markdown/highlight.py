"""Code in colours: the lines of a chunk, highlighted by pygments in the terminal's own colours."""

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from chatmgr.terminal.markdown.text_layout import Run

if TYPE_CHECKING:
    from pygments.lexer import Lexer

_STYLES = {
    "Comment": "2",
    "Comment.Preproc": "35",
    "Keyword": "35",
    "Keyword.Constant": "36",
    "Keyword.Type": "36",
    "Operator.Word": "35",
    "Name.Function": "34",
    "Name.Class": "1;34",
    "Name.Decorator": "35",
    "Name.Builtin": "36",
    "Name.Exception": "36",
    "Name.Tag": "35",
    "Name.Attribute": "34",
    "Name.Namespace": "34",
    "Literal.Number": "36",
    "Literal.String": "32",
    "Literal.String.Escape": "36",
    "Generic.Deleted": "31",
    "Generic.Inserted": "32",
    "Generic.Heading": "1",
    "Generic.Subheading": "36",
    "Generic.Prompt": "2",
    "Generic.Output": "",
}


@lru_cache(maxsize=32)
def _lexer(language: str) -> "Lexer | None":
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


_FOUND: dict[Any, str] = {}


def _style(kind: Any) -> str:
    """The style of a kind of token: its own, or that of the kind it is a sort of."""
    name = ".".join(kind)
    while name and name not in _STYLES:
        name = name.rpartition(".")[0]
    _FOUND[kind] = _STYLES.get(name, "")
    return _FOUND[kind]


@lru_cache(maxsize=4)
def highlighted(text: str, language: str) -> tuple[tuple[Run, ...], ...]:
    """The runs of each line; a language that nobody knows has no colours."""
    lexer = _lexer(language.lower()[:40]) if language else None
    lines = text.split("\n")
    if lexer is None:
        return tuple(((len(line), ""),) for line in lines)
    found = tuple(_by_line(lexer.get_tokens_unprocessed(text)))
    # A lexer that loses a part of the text (none should) costs the colours, not the text.
    ends = [line[-1][0] if line else 0 for line in found]
    if ends != [len(line) for line in lines]:
        return tuple(((len(line), ""),) for line in lines)
    return found


def _by_line(tokens: Any) -> Iterator[tuple[Run, ...]]:
    line: list[Run] = []
    at = 0
    for _, kind, value in tokens:
        style = _FOUND[kind] if kind in _FOUND else _style(kind)
        if "\n" not in value:
            at += len(value)
            if line and line[-1][1] == style:
                line[-1] = (at, style)
            else:
                line.append((at, style))
            continue
        first, *others = value.split("\n")
        if first:
            line.append((at + len(first), style))
        for other in others:
            yield tuple(line)
            line, at = [], len(other)
            if other:
                line.append((at, style))
    yield tuple(line)
