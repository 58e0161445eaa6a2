"""Markdown at a terminal: a whole message as lines, or an answer while it streams.

``stream_parser`` cleans the text and cuts it into lines. ``block_parser`` (with ``patterns`` and
``containers``) finds the leaf blocks that ``leaf_blocks`` defines. ``render`` turns those into rows with
``inline``, ``highlight``, ``table_layout`` and ``text_layout``; ``streaming_writer`` draws them. A whole
message takes the same path, so it looks the same.

Where Markdown would let a later line change what was shown long before, the parser decides at once:

- A list is neither tight nor loose: an empty line between two items is shown where one was written.
- Line breaks inside a paragraph are kept: models break lines where they mean it (verse, addresses).
- References ``[text][name]`` and their definitions are shown as written: definitions come last, when
  the text is already on the screen, and hiding them would hide where a link leads.
- A paragraph of more than SECTION characters does not become a heading through an underline.
- The columns of a table are as wide as its first MEASURED_ROWS rows need.
- HTML is shown as text, and so is mathematics: ``domain.mathematics`` says what that is.
"""

from collections.abc import Generator, Iterator
from typing import TextIO

from chatmgr.terminal.console import can_move_cursor
from chatmgr.terminal.region import stdout_size
from chatmgr.terminal.sanitize import clean


def wants_markdown(stream: TextIO, *, plain: bool = False) -> bool:
    """Whether to render Markdown to this stream: a capable terminal, unless the user wants plain text.

    NO_COLOR does not prevent it: structure, bold and italic stay, as its standard says.
    """
    return not plain and can_move_cursor(stream)


def rendered_lines(text: str, width: int, first_code: int = 1) -> Generator[str, None, int]:
    """A whole message as styled lines; lines of code keep their length.

    Blocks of code are numbered from ``first_code``; returns the number that the next one would have.
    """
    from chatmgr.terminal.markdown.render import leaf_rows
    from chatmgr.terminal.markdown.stream_parser import StreamParser

    parser = StreamParser(first_code)
    parser.feed(text)
    pending = ""
    for leaf in parser.finish():
        for line in leaf_rows(leaf, width):
            if line.joined:
                pending += line.text
            else:
                yield pending + line.text
                pending = ""
    return parser.blocks.next_code


def text_lines(
    text: str, *, rendered: bool, width: int = 0, first_code: int = 1
) -> Generator[str, None, int]:
    """A text of an answer, its Markdown rendered to a width (else that of standard output), or as it is.

    Blocks of code are numbered as ``rendered_lines`` does it.
    """
    if rendered:
        return (yield from rendered_lines(text, width or stdout_size()[0], first_code))
    yield clean(text)
    return first_code


def code_blocks(text: str) -> Iterator[tuple[str, str]]:
    """The language (as written, or empty) and content of each code block in a Markdown text."""
    from markdown_it import MarkdownIt

    for token in MarkdownIt().parse(text):
        if token.type in {"fence", "code_block"}:
            yield token.info.strip().partition(" ")[0], token.content
