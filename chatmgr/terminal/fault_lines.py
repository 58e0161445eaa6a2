"""How an error reads on stderr: what happened, then what to type next.

At a terminal the mark ``chatmgr:`` stands once, everything hangs below its first word, what to do has lines
of its own, and a command to type has the accent. Elsewhere it is one line, which programs can read.
"""

import re
import sys
from collections.abc import Iterator

from chatmgr.terminal.sanitize import clean, display_width, row_spans
from chatmgr.terminal.theme import Style, look, styled

_MARK = "chatmgr:"
_COMMAND = re.compile(r"(?<=: )(?:chatmgr|pip|ollama|/[a-z]+)\b.*?(?=\.?$| — |; )")
_BEFORE_COMMAND = re.compile(r"(?<=[.?!”]) (?=[A-Z][^:.?!]*: (?:chatmgr|pip|ollama|/[a-z]+)\b)")


def fault_text(message: str, hint: str) -> str:
    """An error as it is written to stderr, without a line feed at its end."""
    if not sys.stderr.isatty():
        return clean(f"{_MARK} {message} {' '.join(hint.splitlines())}".strip())
    from chatmgr.terminal.region import terminal_size

    return "\n".join(_rows(message, hint, terminal_size(sys.stderr.fileno())[0]))


def _rows(message: str, hint: str, width: int) -> Iterator[str]:
    """The rows of an error at a terminal."""
    lead = styled(_MARK, "failed", True) + " "
    room = max(look().prose(width) - len(_MARK) - 1, 1)
    for part in filter(None, (message.strip(), hint.strip())):
        for line in _lines(clean(part), room):
            commands = [match.span() for match in _COMMAND.finditer(line)]
            for start, end in row_spans(line, room):
                yield lead + _marked(line, start, end, commands, "accent")
                lead = " " * (len(_MARK) + 1)


def _lines(text: str, width: int) -> Iterator[str]:
    """The lines of a text; where one is too long, a sentence with a command begins a line of its own."""
    for line in text.split("\n"):
        yield from _BEFORE_COMMAND.split(line) if display_width(line) > width else (line,)


def _marked(line: str, start: int, end: int, spans: list[tuple[int, int]], style: Style) -> str:
    """Part of a line, with what is in the spans in a style."""
    pieces, position = [], start
    for begin, stop in ((max(begin, start), min(stop, end)) for begin, stop in spans):
        if begin < stop:
            pieces += [line[position:begin], styled(line[begin:stop], style, True)]
            position = stop
    return "".join(pieces) + line[position:end]
