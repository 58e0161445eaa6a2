"""What others added to a remote thread since the transcript. Pure functions, no I/O.

A thread that was built from the transcript has lines that stand for items, and one that a server filled has
none. So an answer of items alone may be no message, and the messages of one role in a row count as one text.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter

from chatmgr.backends.items.lines import lines_of
from chatmgr.backends.message_format import text_in_thread
from chatmgr.backends.thread_sync import without_spaces
from chatmgr.domain.model import Message, RemoteMessage


def messages_after(
    messages: Sequence[RemoteMessage], history: Sequence[Message]
) -> list[RemoteMessage] | None:
    """The messages of a thread, oldest first, after those of a transcript; None where it holds others."""
    lines = {without_spaces(line) for message in history for line in lines_of(message)}
    held = [(message.role, text_in_thread(message)) for message in history if message.content]
    texts = ((role, _without_lines(text, lines)) for role, text in held)
    expected = [
        (role, "".join(text for _, text in group))
        for role, group in groupby(filter(itemgetter(1), texts), itemgetter(0))
    ]
    at, begun, end = 0, "", 0
    for number, message in enumerate(messages, 1):
        if text := _without_lines(message.content, lines):
            if at == len(expected):
                break
            role, whole = expected[at]
            begun += text
            if message.role != role or not whole.startswith(begun):
                return None
            if begun == whole:
                at, begun = at + 1, ""
        end = number
    later = list(messages[end:])
    differs = at < len(expected) or bool(later and history and later[0].role != "user")
    return None if differs else later


def _without_lines(text: str, lines: Iterable[str]) -> str:
    """A text without white space and without lines that stand for items."""
    text = without_spaces(text)
    for line in lines:
        text = text.replace(line, "")
    return text
