"""What the input line shows and offers: the data behind its history, toolbar and completion."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from chatmgr.chat.slash import Command
from chatmgr.domain.model import Attachment

Pairs = Iterable[tuple[str, str]]
"""Values and short descriptions of them."""


@dataclass(frozen=True, slots=True)
class InputSources:
    """Where the input line gets its data; each source is read when it is needed, and may fail.

    ``here`` and ``everywhere`` yield the user's earlier messages, newest first: of this conversation, and of
    all. ``toolbar`` gives facts, each with a rank: the highest goes first where space is short, 0 last.
    ``completions`` are by a command's ``kind``, and get what is typed of the argument. Those in ``slow`` need
    a network; their values are reused as long as the string from ``slow`` stays the same. ``attached`` are
    the files of the next message, which is shown as part of the conversation once it is entered, if that is
    ``rendered``.
    """

    here: Callable[[], Iterable[str]]
    everywhere: Callable[[], Iterable[str]]
    toolbar: Callable[[], Sequence[tuple[int, str]]]
    commands: Callable[[], Mapping[str, Command]]
    completions: Mapping[str, Callable[[str], Pairs]]
    slow: Mapping[str, Callable[[], str]]
    attached: Callable[[], Iterable[Attachment]] = tuple
    rendered: bool = False
    vi: bool = False
