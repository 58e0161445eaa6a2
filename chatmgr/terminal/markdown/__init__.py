"""Markdown at a terminal: a whole message as lines, or an answer while it streams.

``source`` cleans the text and cuts it into lines, ``blocks`` finds (with ``syntax`` and ``nesting``)
the leaves that ``leaves`` defines, ``page`` makes rows of them with ``inline``, ``code``, ``table`` and
``styles``; ``writer`` draws them. A message that is whole goes the same way, so it looks the same.
"""

from collections.abc import Iterator
from typing import TextIO

from chatmgr.terminal.console import moves


def wants_markdown(stream: TextIO, *, plain: bool = False) -> bool:
    """Whether Markdown is rendered there: at a terminal that can, unless the user wants it plain.

    NO_COLOR is no reason against it: structure, bold and italic stay, as its standard says.
    """
    return not plain and moves(stream)


def rendered(text: str, width: int) -> Iterator[str]:
    """A whole message as lines with styles; lines of code are as long as they are."""
    from chatmgr.terminal.markdown.render import leaf_lines
    from chatmgr.terminal.markdown.stream_parser import Source

    source = Source()
    source.feed(text)
    joined = ""
    for leaf in source.finish():
        for line in leaf_lines(leaf, width):
            if line.joined:
                joined += line.text
            else:
                yield joined + line.text
                joined = ""
