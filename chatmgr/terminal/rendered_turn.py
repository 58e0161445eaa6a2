"""A turn as it looks at a terminal, the same while it runs and when it is shown again.

The person's words have a bar down their left side; then who answers, where that has changed; the answer; and
one dim line of facts below it, which begins with the address of the turn. One empty line stands between
these, and none before or after a turn.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chatmgr.domain.image_size import file_facts
from chatmgr.domain.model import Turn
from chatmgr.domain.money import rounded_dollars
from chatmgr.domain.states import LIVE
from chatmgr.terminal.durations import time_taken
from chatmgr.terminal.graphics.drawn_image import Drawing, undrawn
from chatmgr.terminal.markdown import text_lines
from chatmgr.terminal.sanitize import clean, display_width, one_line, row_spans
from chatmgr.terminal.theme import look, paint
from chatmgr.terminal.turn_lines import UNSENT_NOTE, File, ending_note, usage_summary

if TYPE_CHECKING:
    from chatmgr.domain.stored_items import StoredItem

Answerer = tuple[str, str]
"""An assistant and its model; either may be empty."""
_BAR = "▌ "
_MARGIN = "  "  # of the facts below an answer
_TAB = 4


def question_lines(text: str, files: Iterable[File], width: int, drawing: Drawing = undrawn) -> Iterator[str]:
    """The person's words and files, with a bar down their left side; wrapped at words."""
    from chatmgr.terminal.markdown.text_layout import wrap_rows

    room = max(look().prose(width) - len(_BAR), 1)
    bar = paint(_BAR, "accent")
    for line in clean(text.strip("\n")).expandtabs(_TAB).split("\n"):
        for start, end, _, _ in wrap_rows(line, 0, room):
            yield (bar + paint(line[start:end], "typed")).rstrip()
    for name, content_type, sha256, size, pixels in files:
        file = f"+ {one_line(name)} ({', '.join(file_facts(content_type, size, pixels))})"
        yield bar + paint(one_line(file, room), "fact")
        if pixels and (drawn := drawing(sha256)):
            yield drawn


def answerer_line(assistant: str, model: str) -> str:
    """Who answers, above the answer."""
    return paint(" · ".join(one_line(name) for name in (assistant, model) if name), "fact")


def footer(turn: Turn, width: int, now: datetime) -> str:
    """The facts about an answer on one line: what does not fit is dropped from the right.

    A turn that is a day old also has its date.
    """
    facts = [f"{one_line(turn.conversation)}@{turn.turn}", one_line(turn.model)]
    facts.append(time_taken(turn.started_at, turn.finished_at))
    if turn.input_tokens is not None and turn.output_tokens is not None:
        facts.append(f"{turn.input_tokens:,} → {turn.output_tokens:,} tokens")
    if turn.cost:  # a model that runs here costs nothing
        facts.append(rounded_dollars(turn.cost))
    facts.append(_date(turn.started_at, now))
    facts = [fact for fact in facts if fact]
    while len(facts) > 1 and display_width(_MARGIN + " · ".join(facts)) > width:
        facts.pop()
    return _MARGIN + " · ".join(facts)


def _note(text: str, style: str, width: int) -> Iterator[str]:
    for start, end in row_spans(text, max(look().prose(width) - len(_MARGIN), 1)):
        yield _MARGIN + paint(text[start:end], style)


def _date(moment: datetime | None, now: datetime) -> str:
    if moment is None or now - moment < timedelta(days=1):
        return ""
    day = moment.astimezone()
    return f"{day.day} {day:%B %Y}"


def turn_rows(
    turn: Turn,
    files: Iterable[File],
    items: "Sequence[StoredItem]" = (),
    *,
    width: int,
    now: datetime,
    before: Answerer | None = None,
    drawing: Drawing = undrawn,
    usage: bool = False,
    reasoning: bool = False,
) -> Iterator[str]:
    """A whole turn. Who answers is said unless that is who answered ``before``.

    With ``usage``, all that is known of the tokens is said; with ``reasoning``, that is shown, too.
    """
    yield from question_lines(turn.user, files, width, drawing)
    yield ""
    if (turn.assistant, turn.model) != before and (turn.answer or turn.items):
        yield answerer_line(turn.assistant, turn.model)
    yield from _answer_rows(turn, items, width, drawing, reasoning=reasoning)
    if turn.answer or turn.items:
        yield ""
    if ending := ending_note(turn):
        yield from _note(ending, "attention", width)
    if not turn.answer and not turn.items and turn.state not in LIVE:
        yield from _note(UNSENT_NOTE, "fact", width)
    if usage:
        yield from _note(usage_summary(turn), "fact", width)
    yield paint(footer(turn, width, now), "fact")


def _answer_rows(
    turn: Turn, items: "Sequence[StoredItem]", width: int, drawing: Drawing, *, reasoning: bool
) -> Iterator[str]:
    if items:
        from chatmgr.terminal import item_lines

        yield from item_lines.answer_lines(
            *(turn.answer, items),
            terminal=True,
            rendered=True,
            reasoning=reasoning,
            drawing=drawing,
            width=width,
        )
    elif turn.answer:
        yield from text_lines(turn.answer, rendered=True, width=width)
