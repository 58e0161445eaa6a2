"""Turns, runs and search hits as lines of text; the caller prints them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from chatmgr.domain.image_size import Pixels, file_facts
from chatmgr.domain.model import Run, Turn
from chatmgr.domain.money import dollars
from chatmgr.domain.states import LIVE, RunState, detail_words, state_word
from chatmgr.domain.totals import UsageTotals
from chatmgr.terminal.graphics.drawn_image import Drawing, undrawn
from chatmgr.terminal.sanitize import clean, one_line, row_spans
from chatmgr.terminal.theme import styled

if TYPE_CHECKING:
    from chatmgr.domain.search import Hit
    from chatmgr.domain.stored_items import StoredItem

File = tuple[str, str, str, int, Pixels | None]
"""A file's name, content type, SHA-256, bytes, and the size of an image."""
UNSENT_NOTE = "[without an answer, this message is not sent again with later ones]"
_MARGIN = "  "
_NAMED = 3  # of the other conversations that hold a turn


def turn_lines(
    turn: Turn,
    files: Iterable[File] = (),
    *,
    terminal: bool,
    usage: bool = False,
    items: "Sequence[StoredItem]" = (),
    reasoning: bool = False,
    drawing: Drawing = undrawn,
) -> Iterator[str]:
    """A whole turn as plain lines: address and time, the user's message and files, the answer with its items.

    With ``reasoning``, that is shown, too. ``drawing`` gives what draws an image. For the look of a terminal
    see ``rendered_turn``.
    """
    yield from _question_lines(turn, files, terminal, drawing)
    yield ""
    if items:
        from chatmgr.terminal import item_lines

        yield from item_lines.answer_lines(
            turn.answer, items, terminal=terminal, rendered=False, reasoning=reasoning, drawing=drawing
        )
    elif turn.answer:
        yield clean(turn.answer)
    if ending := ending_note(turn):
        yield styled(ending, "attention", terminal)
    if not turn.answer and not turn.items and turn.state not in LIVE:
        yield styled(UNSENT_NOTE, "fact", terminal)
    if usage:
        yield styled(f"[{usage_summary(turn)}]", "fact", terminal)
    yield ""


def _question_lines(turn: Turn, files: Iterable[File], terminal: bool, drawing: Drawing) -> Iterator[str]:
    started = turn.started_at.astimezone().strftime("%Y-%m-%d %H:%M") if turn.started_at else ""
    facts = [f"{one_line(turn.conversation)}@{turn.turn}", started, one_line(turn.model)]
    yield styled(" · ".join(fact for fact in facts if fact), "fact", terminal)
    for line in clean(turn.user).split("\n"):
        yield styled(f"> {line}".rstrip(), "accent", terminal)
    for name, content_type, sha256, size, pixels in files:
        details = ", ".join(map(one_line, file_facts(content_type, size, pixels)))
        yield styled(f"> + {one_line(name)} ({details})", "accent", terminal)
        if pixels and (drawn := drawing(sha256)):
            yield drawn


def run_lines(run: Run, number: int, *, terminal: bool) -> Iterator[str]:
    """One run of a turn: when, where and how it ended; also its text, if another run answers the turn."""
    started = run.started_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    facts = [
        f"run {number}",
        started,
        one_line(run.model),
        one_line(run.provider),
        state_word(run.state),
        one_line(detail_words(run.detail)),
    ]
    facts += [one_line(run.error), "the answer" if run.chosen and run.answer else ""]
    yield styled("[" + " · ".join(fact for fact in facts if fact) + "]", "fact", terminal)
    if run.answer and not run.chosen:
        yield styled(clean(run.answer), "fact", terminal)


def hit_lines(hit: "Hit", *, terminal: bool, width: int = 0) -> Iterator[str]:
    """A search hit: its address and details, then the text that matches, highlighted at a terminal.

    With a ``width``, the text is wrapped at words.
    """
    address = one_line(hit.address)
    time = hit.at.astimezone().strftime("%Y-%m-%d %H:%M")
    facts = [time, one_line(hit.model), one_line(hit.title, 48) if hit.turn else ""]
    if hit.path:
        facts.append("on a path that was left")
    if hit.also_in:
        facts.append(f"also in {_listed(hit.also_in)}")
    details = "".join(f" · {fact}" for fact in facts if fact)
    yield styled(address, "strong", terminal) + styled(details, "fact", terminal)
    margin = _MARGIN
    if hit.snippet.side == "user":
        margin = styled("▌ ", "accent", terminal) if terminal else "> "
    text = hit.snippet.text
    rows = row_spans(text, max(width - len(_MARGIN), 1)) if width else [(0, len(text))]
    for row in rows:
        yield margin + _highlight_matches(text, row, hit.snippet.spans, terminal)
        margin = _MARGIN


def _listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(map(one_line, names[:_NAMED])) + more


def _highlight_matches(
    text: str, row: tuple[int, int], spans: Iterable[tuple[int, int]], terminal: bool
) -> str:
    """A row of a text with its matches in colour. Every piece is cleaned on its own."""
    position, row_end = row
    highlighted = ""
    for begin, end in ((max(begin, position), min(end, row_end)) for begin, end in spans):
        if begin < end:
            highlighted += clean(text[position:begin]) + styled(clean(text[begin:end]), "match", terminal)
            position = end
    return highlighted + clean(text[position:row_end])


def usage_summary(usage: Turn | UsageTotals) -> str:
    """Tokens and price of a turn, or of many; what no provider reported is unknown, not zero."""
    parts = (
        _tokens(usage.input_tokens, "in", usage.cached_tokens, "cached"),
        _tokens(usage.output_tokens, "out", usage.reasoning_tokens, "reasoning"),
        "cost unknown" if usage.cost is None else dollars(usage.cost),
    )
    return " · ".join(parts)


def _tokens(count: int | None, direction: str, partial: int | None, kind: str) -> str:
    if count is None:
        return f"tokens {direction} unknown"
    return f"{count:,} tokens {direction}" + (f" ({partial:,} {kind})" if partial else "")


def ending_note(turn: Turn) -> str:
    """One bracketed line if the turn's answer is not simply complete; otherwise empty."""
    if turn.state == "completed" and (turn.answer or turn.items) and not turn.detail:
        return ""
    reasons = {
        ("incomplete", "length"): "cut off at the length limit",
        ("incomplete", "content_filter"): "cut off by the provider's content filter",
        ("incomplete", "other"): "cut off, for a reason that is not known",
        ("completed", "refusal"): "the model refused",
        ("completed", ""): "the answer is empty",
        ("cancelled", ""): "stopped",
    }
    reason = None if turn.error else reasons.get((turn.state, turn.detail))
    if turn.state == RunState.REQUIRES_ACTION:
        reason = f"waiting for the answer to {one_line(turn.detail)}" if turn.detail else "waiting for you"
    facts = (state_word(turn.state), one_line(detail_words(turn.detail)), one_line(turn.error))
    note = reason or " — ".join(fact for fact in facts if fact)
    return f"[{note}]"
