"""The table of conversations: for a person, what each is about; for a pipe, every column.

At a terminal, ABOUT takes the width that the others leave, and a column that says the same in every row is
left out. How the last answer ended, where it did not end well, and that there are other paths stand at the
beginning of ABOUT, beside the name.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import NamedTuple

from chatmgr.domain.model import Conversation
from chatmgr.domain.names import DEFAULT_ASSISTANT
from chatmgr.domain.states import RunState, state_word
from chatmgr.domain.text import counted
from chatmgr.terminal.durations import age
from chatmgr.terminal.list_tables import Spans, cut_spans, table
from chatmgr.terminal.sanitize import display_width, one_line
from chatmgr.terminal.theme import Style, styled

_MEASURED = 1_000  # rows that decide which columns there are, and how wide
_GAP = "  "
_ABOUT_WISHED, _ABOUT_NEEDED = 24, 8  # columns of ABOUT, for which others give way
_MODEL, _ASSISTANT = 32, 24  # the most that these columns take
_SEPARATOR: tuple[str, Style] = (" · ", "")
_STAYS = 0  # the rank of a column that never gives way
_REASONS: dict[str, tuple[str, Style]] = {
    RunState.PENDING: ("being answered", "attention"),
    RunState.RUNNING: ("being answered", "attention"),
    RunState.REQUIRES_ACTION: ("waits for you", "attention"),
    RunState.INTERRUPTED: ("broke off", "attention"),
    RunState.INCOMPLETE: ("cut off", "attention"),
    RunState.FAILED: ("failed", "failed"),
    RunState.CANCELLED: ("stopped", "fact"),
}
_DETAILS = {"length": " at the length limit", "content_filter": " by the content filter"}


class _Column(NamedTuple):
    """A column. ``rank``: the one with the highest gives way first. ``right``: its cells end together."""

    heading: str
    cell: Callable[[Conversation], str]
    rank: int = _STAYS
    right: bool = False


def conversation_table(
    conversations: Iterable[Conversation], now: datetime, *, width: int = 0, deleted: bool = False
) -> Iterator[str]:
    """A heading and one line for each conversation, as they are read; nothing at all where there are none.

    ``width`` is that of the terminal; without one, every column is there, and nothing is cut. ``deleted`` is
    for the trash: when each was deleted, and its id, since a name may be there more than once.
    """
    columns = _columns(now, width, deleted=deleted)
    remaining = iter(conversations)
    if not width:
        rows = ([column.cell(each) or "—" for column in columns] for each in remaining)
        yield from table([column.heading for column in columns], rows, terminal=False)
        return
    measured = list(islice(remaining, _MEASURED))
    if not measured:
        return
    layout = _Layout([column for column in columns if _tells(column, measured)], measured, width)
    yield layout.heading()
    yield from map(layout.row, chain(measured, remaining))


def about_spans(conversation: Conversation) -> Spans:
    """How a conversation's last answer ended, unless it is whole; its other paths; and what it is about."""
    state = conversation.state if conversation.turns else ""
    reason, style = _REASONS.get(state, ("", ""))
    detail = _DETAILS.get(conversation.detail, "") if conversation.state == RunState.INCOMPLETE else ""
    about = one_line(conversation.about) or ("" if conversation.turns else "no turns yet")
    spans: Spans = [
        (reason + detail, style),
        (f"✂ {counted(conversation.paths, 'path')}" if conversation.paths > 1 else "", "fact"),
        (about, "" if conversation.turns else "fact"),
    ]
    shown = [span for span in spans if span[0]]
    return [part for span in shown for part in (_SEPARATOR, span)][1:]


def _columns(now: datetime, width: int, *, deleted: bool) -> list[_Column]:
    """All columns, in the order in which a terminal shows them, or a pipe gets them."""
    name_width = max(min(max(width * 3 // 10, 16), 40, width // 2), 4) if width else 0
    model_width, assistant_width = (_MODEL, _ASSISTANT) if width else (0, 0)
    name = _Column("NAME", lambda each: _cut(each.name, name_width))
    about = _Column("ABOUT", lambda each: _plain(about_spans(each)) if width else each.about)
    turns = _Column("TURNS", lambda each: str(each.turns), 1, right=width > 0)
    model = _Column("MODEL", lambda each: _cut(each.model, model_width) or "—", 2)
    tags = _Column("TAGS", lambda each: " ".join(each.tags), 3)
    assistant = _Column("ASSISTANT", lambda each: _cut(each.assistant, assistant_width), 4)
    provider = _Column("PROVIDER", lambda each: each.provider, 5)
    state = _Column("STATE", lambda each: state_word(each.state))
    since = _Column("LAST USED", lambda each: age(each.updated_at, now))
    if deleted:
        since = _Column("DELETED", lambda each: age(each.deleted_at or now, now))
    key = [_Column("ID", lambda each: each.id)] if deleted else []
    if width:
        return [name, about, turns, tags, assistant, model, provider, *key, since]
    return [name, *key, turns, assistant, model, provider, state, since, tags, about]


def _cut(text: str, width: int) -> str:
    """A text on one line; without a width, as it is: the table cleans every cell."""
    return one_line(text, width) if width else text


def _tells(column: _Column, conversations: Sequence[Conversation]) -> bool:
    """Whether a column says anything: not the same in every row, nor the name again."""
    cells = {column.cell(each) for each in conversations}
    if column.heading == "ASSISTANT":
        chosen = any(each.assistant not in {DEFAULT_ASSISTANT, each.name} for each in conversations)
        return chosen and len(cells) > 1
    if column.heading == "PROVIDER":
        return len(cells) > 1
    return bool(cells - {"", "—"})


def _plain(spans: Spans) -> str:
    return "".join(text for text, _ in spans)


class _Layout:
    """Which columns fit a terminal, and how wide they are: decided by the first rows."""

    def __init__(self, columns: list[_Column], measured: Sequence[Conversation], width: int) -> None:
        widths = {
            column.heading: max(map(display_width, (column.heading, *map(column.cell, measured))))
            for column in columns
        }
        longest = widths.get("ABOUT", 0)
        if "MODEL" in widths:
            lacking = max(longest - _room(columns, widths, width), 0)
            widths["MODEL"] = min(widths["MODEL"], max(widths["MODEL"] - lacking, width // 5, 12))
        wished = min(longest, _ABOUT_WISHED)
        while (room := _room(columns, widths, width)) < wished and (last := max(columns, key=_rank)).rank:
            columns = [column for column in columns if column is not last]
        if room < min(longest, _ABOUT_NEEDED):  # a terminal of a few columns
            columns = [column for column in columns if column.heading in {"NAME", "ABOUT"}]
            room = _room(columns, widths, width)
        self._columns = columns
        self._widths = widths | {"ABOUT": max(min(longest, room), 1)}

    def heading(self) -> str:
        """The line above the rows."""
        headings = [one_line(column.heading, self._widths[column.heading]) for column in self._columns]
        return styled(self._line(zip(headings, headings, strict=True)), "fact", True)

    def row(self, conversation: Conversation) -> str:
        """The line of a conversation."""
        cells = []
        for column in self._columns:
            width = self._widths[column.heading]
            spans: Spans = [(column.cell(conversation), "")]
            cut = cut_spans(about_spans(conversation) if column.heading == "ABOUT" else spans, width)
            cells.append((_plain(cut), "".join(styled(text, style, True) for text, style in cut)))
        return self._line(cells)

    def _line(self, cells: Iterable[tuple[str, str]]) -> str:
        """Cells, each as it is measured and as it is shown, in their columns."""
        padded = []
        for column, (text, shown) in zip(self._columns, cells, strict=True):
            blanks = " " * (self._widths[column.heading] - display_width(text))
            padded.append(blanks + shown if column.right else shown + blanks)
        return _GAP.join(padded).rstrip()


def _rank(column: _Column) -> int:
    return column.rank


def _room(columns: Sequence[_Column], widths: dict[str, int], width: int) -> int:
    """The width that the other columns leave for ABOUT."""
    others = sum(widths[column.heading] + len(_GAP) for column in columns if column.heading != "ABOUT")
    return width - others
