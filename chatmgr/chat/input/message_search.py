"""Ctrl-R: one of the messages that were sent before, in whatever conversation."""

from collections.abc import Iterable

from chatmgr.chat.input.choice import Choice
from chatmgr.chat.input.picker import pick
from chatmgr.terminal.sanitize import clean, wrap


def pick_message(messages: Iterable[str], text: str) -> str:
    """The message that the person picks, beginning with those that ``text`` finds; else ``text`` itself."""
    rows = (Choice(message, message) for message in messages)
    picked = pick(rows, "your messages", _beginning, text)
    return text if picked is None else picked.value


def _beginning(choice: Choice[str], width: int, height: int) -> list[str]:
    """As much of a message as fits."""
    text = clean(choice.value[: width * height]).expandtabs(4)
    return wrap(text, width).split("\n")[:height]
