"""Lists and transcripts as lines of text; printing them is somebody else's business."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from chatmgr.domain.model import Conversation, Turn
from chatmgr.domain.text import dollars
from chatmgr.terminal.console import age, styled
from chatmgr.terminal.sanitize import clean, display_width, one_line

_GAP = "  "


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, terminal: bool) -> Iterator[str]:
    """Columns as wide as they need to be; nothing at all for no rows."""
    cells = [[one_line(cell) for cell in row] for row in rows]
    if not cells:
        return
    widths = [max(map(display_width, column)) for column in zip(head, *cells, strict=True)]
    for number, row in enumerate([list(head), *cells]):
        line = _GAP.join(
            cell + " " * (width - display_width(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        yield styled(line, "dim" if number == 0 else "", terminal)


def conversations(found: Iterable[Conversation], now: datetime, *, terminal: bool) -> Iterator[str]:
    """One line a conversation, newest activity first."""
    head = ("NAME", "TURNS", "ASSISTANT", "MODEL", "PROVIDER", "STATE", "AGE")
    rows = (
        (
            one_line(one.name, 40),
            str(one.turns),
            one_line(one.assistant, 24),
            one_line(one.model, 32) or "—",
            one.provider,
            one.state,
            age(one.updated_at, now),
        )
        for one in found
    )
    return table(head, rows, terminal=terminal)


def turn(
    one: Turn, files: Iterable[tuple[str, str, str, int]] = (), *, terminal: bool, usage: bool = False
) -> Iterator[str]:
    """A turn, whole: its address and time, what the user said and sent along, what came back."""
    when = one.started_at.astimezone().strftime("%Y-%m-%d %H:%M") if one.started_at else ""
    facts = [f"{one_line(one.conversation)}@{one.turn}", when, one_line(one.model)]
    yield styled(" · ".join(fact for fact in facts if fact), "dim", terminal)
    for line in clean(one.user).split("\n"):
        yield styled(f"> {line}".rstrip(), "cyan", terminal)
    for name, kind, _, size in files:
        yield styled(f"> + {one_line(name)} ({kind}, {size:,} bytes)", "cyan", terminal)
    yield ""
    if one.answer:
        yield clean(one.answer)
    if ending := how_it_ended(one):
        yield styled(ending, "yellow", terminal)
    if usage:
        yield styled(f"[{what_it_took(one)}]", "dim", terminal)
    yield ""


def what_it_took(one: Turn) -> str:
    """Tokens and price of a turn; what nobody told is unknown, not zero."""
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
