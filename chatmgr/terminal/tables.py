"""Lists and transcripts as lines of text; printing them is somebody else's business."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import TYPE_CHECKING

from chatmgr.domain.model import Attempt, Conversation, Turn
from chatmgr.domain.text import dollars
from chatmgr.domain.totals import Count
from chatmgr.terminal import markdown
from chatmgr.terminal.console import age, styled
from chatmgr.terminal.region import size_of_stdout
from chatmgr.terminal.sanitize import clean, display_width, one_line, rows_of

if TYPE_CHECKING:
    from chatmgr.domain.search import Hit

_GAP = "  "
_MEASURED = 1_000
_LEAST = 12  # columns that a last one must have to be worth showing


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    terminal: bool,
    width: int = 0,
    cut: bool = True,
    less: Sequence[str] = (),
) -> Iterator[str]:
    """Columns as wide as they need to be; nothing at all for no rows.

    The widths are those of the first rows: so a list of any length comes as it is read, in constant memory.
    With a ``width``, those named in ``less`` give way one after another where all do not fit; and with
    ``cut``, the last column is cut to what the others leave of it, or left out.
    """
    cells = ([one_line(cell) for cell in row] for row in rows)
    first = list(islice(cells, _MEASURED))
    if not first:
        return
    widths = [max(map(display_width, column)) for column in zip(head, *first, strict=True)]
    there = _there(head, widths, width, cut, less)
    head, widths = [head[at] for at in there], [widths[at] for at in there]
    most = width if cut else 0
    room = width - sum(widths[:-1]) - len(_GAP) * (len(widths) - 1)
    yield styled(_line(_fitted(head, most, room), widths), "dim", terminal)
    for row in chain(first, cells):
        yield _line(_fitted([row[at] for at in there], most, room), widths)


def _there(
    head: Sequence[str], widths: Sequence[int], width: int, cut: bool, less: Sequence[str]
) -> list[int]:
    """Which columns are shown."""
    there = list(range(len(head)))
    for name in less if width else ():
        rigid = there[:-1] if cut else there
        if sum(widths[at] + len(_GAP) for at in rigid) - (0 if cut else len(_GAP)) <= width:
            break
        there = [at for at in there if head[at] != name]
    return there


def described(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, terminal: bool, width: int
) -> Iterator[str]:
    """As ``table``, the last column wrapped at words; where it would be narrow, on lines of its own."""
    cells = [[one_line(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(display_width, column)) for column in zip(*cells, strict=True)]
    left = sum(widths[:-1]) + len(_GAP) * (len(widths) - 1)
    beside = width - left >= 2 * _LEAST
    left = left if beside else 2 * len(_GAP)
    for number, (*row, last) in enumerate(cells):
        rows_of_last = [last[begin:end] for begin, end in rows_of(last, max(width - left, 1))]
        first = [*row, rows_of_last.pop(0)] if beside else row
        for line in (_line(first, widths), *(" " * left + one for one in rows_of_last)):
            yield styled(line, "" if number else "dim", terminal)


def _fitted(row: Sequence[str], width: int, room: int) -> Sequence[str]:
    if not width:
        return row
    return row[:-1] if room < _LEAST else [*row[:-1], one_line(row[-1], room)]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - display_width(cell)) for cell, width in zip(row, widths, strict=False))
    return _GAP.join(padded).rstrip()


def conversations(
    found: Iterable[Conversation], now: datetime, *, terminal: bool, width: int = 0
) -> Iterator[str]:
    """One line a conversation, newest activity first; tags where any of the first ones has some.

    Titles, too, where there is a ``width`` and the rest leaves room in it.
    """
    head = ["NAME", "TURNS", "ASSISTANT", "MODEL", "PROVIDER", "STATE", "AGE"]
    rest = iter(found)
    first = list(islice(rest, _MEASURED))
    tagged = any(one.tags for one in first)
    titled = width > 0 and any(one.title for one in first)
    rows = (
        (
            one_line(one.name, 40),
            str(one.turns),
            one_line(one.assistant, 24),
            one_line(one.model, 32) or "—",
            one.provider,
            one.state,
            age(one.updated_at, now),
            *([" ".join(one.tags)] if tagged else []),
            *([one.title] if titled else []),
        )
        for one in chain(first, rest)
    )
    head += ["TAGS"] * tagged + ["TITLE"] * titled
    less = ("PROVIDER", "ASSISTANT", "MODEL", "TAGS", "STATE")
    return table(head, rows, terminal=terminal, width=width, cut=titled, less=less)


def turn(
    one: Turn,
    files: Iterable[tuple[str, str, str, int]] = (),
    *,
    terminal: bool,
    rendered: bool = False,
    usage: bool = False,
) -> Iterator[str]:
    """A turn, whole: its address and time, what the user said and sent along, what came back.

    ``rendered``: the Markdown of the answer is rendered; what the user typed stays as it was typed.
    """
    when = one.started_at.astimezone().strftime("%Y-%m-%d %H:%M") if one.started_at else ""
    facts = [f"{one_line(one.conversation)}@{one.turn}", when, one_line(one.model)]
    yield styled(" · ".join(fact for fact in facts if fact), "dim", terminal)
    for line in clean(one.user).split("\n"):
        yield styled(f"> {line}".rstrip(), "cyan", terminal)
    for name, kind, _, size in files:
        yield styled(f"> + {one_line(name)} ({kind}, {size:,} bytes)", "cyan", terminal)
    yield ""
    if one.answer and rendered:
        yield from markdown.rendered(one.answer, size_of_stdout()[0])
    elif one.answer:
        yield clean(one.answer)
    if ending := how_it_ended(one):
        yield styled(ending, "yellow", terminal)
    if usage:
        yield styled(f"[{what_it_took(one)}]", "dim", terminal)
    yield ""


def attempt(one: Attempt, number: int, *, terminal: bool) -> Iterator[str]:
    """One run of a turn: when, where, how it ended; and its text, where the turn shows another's."""
    when = one.started_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    facts = [f"run {number}", when, one_line(one.model), one.provider, one.state, one.detail]
    facts += [one_line(one.error), "the answer" if one.chosen and one.answer else ""]
    yield styled("[" + " · ".join(fact for fact in facts if fact) + "]", "dim", terminal)
    if one.answer and not one.chosen:
        yield styled(clean(one.answer), "dim", terminal)


def hit(one: "Hit", *, terminal: bool, width: int = 0) -> Iterator[str]:
    """A search hit: its address and what it is, then the piece that matches, marked at a terminal.

    With a ``width``, the piece is wrapped at words.
    """
    address = one_line(one.conversation) + (f"@{one.turn}" if one.turn else "")
    when = one.at.astimezone().strftime("%Y-%m-%d %H:%M")
    facts = [when, one_line(one.model), one_line(one.title, 48) if one.turn else ""]
    rest = "".join(f" · {fact}" for fact in facts if fact)
    yield styled(address, "bold", terminal) + styled(rest, "dim", terminal)
    sign = "> " if one.snippet.side == "user" else "  "
    text = one.snippet.text
    rows = rows_of(text, max(width - len(sign), 1)) if width else [(0, len(text))]
    for row in rows:
        yield sign + _marked(text, row, one.snippet.spans, terminal)
        sign = "  "


def _marked(text: str, row: tuple[int, int], spans: Iterable[tuple[int, int]], terminal: bool) -> str:
    """A row of a text with its matches in colour; every piece is cleaned by itself."""
    at, stop = row
    shown = ""
    for begin, end in ((max(begin, at), min(end, stop)) for begin, end in spans):
        if begin < end:
            shown += clean(text[at:begin]) + styled(clean(text[begin:end]), "match", terminal)
            at = end
    return shown + clean(text[at:stop])


def what_it_took(one: Turn | Count) -> str:
    """Tokens and price of a turn, or of many; what nobody told is unknown, not zero."""
    told = (
        _tokens(one.input_tokens, "in", one.cached_tokens, "cached"),
        _tokens(one.output_tokens, "out", one.reasoning_tokens, "reasoning"),
        "cost unknown" if one.cost is None else dollars(one.cost),
    )
    return " · ".join(told)


def _tokens(count: int | None, way: str, part: int | None, what: str) -> str:
    if count is None:
        return f"tokens {way} unknown"
    return f"{count:,} tokens {way}" + (f" ({part:,} {what})" if part else "")


def how_it_ended(one: Turn) -> str:
    """One bracketed line for a turn whose answer is not simply complete; else nothing."""
    if one.state == "completed" and one.answer and not one.detail:
        return ""
    reasons = {
        ("incomplete", "length"): "cut off: the limit of its length was reached",
        ("incomplete", "content_filter"): "cut off by the provider's content filter",
        ("completed", "refusal"): "the model refused",
        ("completed", ""): "the answer is empty",
    }
    known = reasons.get((one.state, one.detail))
    words = known or " — ".join(part for part in (one.state, one.detail, one_line(one.error)) if part)
    return f"[{words}]"
