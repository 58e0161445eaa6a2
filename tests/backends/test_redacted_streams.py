"""A stream out of which keys are cut, continued wherever its process died: nothing is lost or doubled."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any, cast

import pytest

from chatmgr.backends.redacted import RedactedBackend
from chatmgr.domain.errors import NetworkDown
from chatmgr.domain.events import Delta, Event, Finished
from chatmgr.domain.model import LiveRun, Provider, TurnRequest
from chatmgr.domain.ports import Backend
from chatmgr.domain.redaction import Redactor
from chatmgr.domain.states import RunState
from chatmgr.turns.progress import Progress

KEY = "sk-Zq8mW2vK5tR7xN4b"
PROVIDER = Provider("wire", "responses", "http://127.0.0.1:9/v1", key=KEY)
LONG = "x" * 5_000  # more than is held back in one piece
REQUEST = cast(TurnRequest, None)  # the backend below looks at none


@dataclass
class NumberedStream:
    """A server's numbered pieces, given from any of them on, or whole; the line breaks ``after`` so many."""

    pieces: list[str]
    after: int = 1_000_000

    def stream(self, _request: Any) -> Iterator[Event]:
        for number, piece in enumerate(self.pieces, 1):
            if number > self.after:
                raise NetworkDown("The connection broke.")
            yield Delta(piece, number)

    def recover(self, run: LiveRun) -> Iterator[Event]:
        if run.cursor is None:
            yield Finished(RunState.COMPLETED, text="".join(self.pieces))
        else:
            rest = enumerate(self.pieces[run.cursor :], run.cursor + 1)
            yield from (Delta(piece, number) for number, piece in rest)


def live_run(text: str, cursor: int | None) -> LiveRun:
    """A background run as it was saved before its process died."""
    ids, now = (1, 1, 1, 1), datetime.now(UTC)
    names = ("wire", "gpt-4.1", "conv_1", "resp_1")
    return LiveRun(
        *ids, RunState.RUNNING, *names, sent=True, text=text, pid=1, host="here", started_at=now,
        background=True, cursor=cursor,
    )  # fmt: skip


def answers_after_death(pieces: list[str], after: int = 1_000_000) -> Iterator[str]:
    """The whole answer as it is put together again, for each moment at which the process may die."""
    server = NumberedStream(pieces, after)
    backend = RedactedBackend(cast(Backend, server), PROVIDER)
    progress = Progress(outlives_process=True)
    saved: tuple[str, int | None] = ("", None)
    events = backend.stream(REQUEST)
    while True:
        try:
            event = next(events, None)
        except NetworkDown:
            event = None
        if isinstance(event, Delta):
            progress.add_delta(event)
        if piece := progress.unsaved():
            saved = (
                progress.text[: piece.start] + piece.text,
                saved[1] if piece.cursor is None else piece.cursor,
            )
            progress.mark_saved(piece)
        rest = [event for event in backend.recover(live_run(*saved)) if isinstance(event, (Delta, Finished))]
        yield (saved[0] if saved[1] is not None else "") + "".join(event.text or "" for event in rest)
        if event is None:
            return


@pytest.mark.parametrize(
    "pieces",
    [
        ["It is ", f"{LONG}{KEY[:8]}", "! No: ", "it is another."],
        ["It is ", f"{LONG}{KEY[:8]}", f"{KEY[8:]}.", " So."],
        ["It is ", f"{KEY[:3]}", f"{KEY[3:]}. So.", " That is all."],
        ["It is ", f"so {KEY[:9]}", "…, cut."],
        [f"{LONG}{KEY[:5]}" for _ in range(4)],
        ["None at ", "all", "."],
    ],
)
@pytest.mark.parametrize("after", [1, 2, 3, 1_000_000])
def test_continued_wherever_it_broke(pieces: list[str], after: int) -> None:
    whole = Redactor([KEY]).answer("".join(pieces))
    for answer in answers_after_death(pieces, after):
        assert answer.replace(f"{KEY[:3]}…", "…") == whole


def test_continued_wherever_it_broke_and_was_cut() -> None:
    randomness = random.Random(20261127)
    text = f"as {KEY[:7]} {KEY} That{KEY} sk- done, {KEY[:12]}, the end sk-"
    for _ in range(100):
        ends = [*accumulate(randomness.randint(1, 9) for _ in text)]
        pieces = [text[start:end] for start, end in zip([0, *ends], ends, strict=False) if start < len(text)]
        for answer in answers_after_death(pieces, after=randomness.randint(1, len(pieces))):
            assert answer.replace(f"{KEY[:3]}…", "…").replace("sk…", "…").replace("s…", "…") == (
                Redactor([KEY]).answer(text)
            )


def test_what_is_shown_before_it_can_be_continued_is_saved_at_the_end() -> None:
    backend = RedactedBackend(cast(Backend, NumberedStream(["It is ", KEY[:6]])), PROVIDER)
    progress = Progress(outlives_process=True)
    for event in backend.stream(REQUEST):
        assert isinstance(event, Delta)
        progress.add_delta(event)
    assert progress.text == f"It is {KEY[:6]}"
    unsaved = progress.unsaved()
    assert unsaved is not None
    assert (unsaved.text, unsaved.cursor) == ("It is ", 1)


def test_a_stream_that_cannot_be_continued_is_saved_as_it_comes() -> None:
    progress = Progress()
    progress.add_delta(Delta("It is ", 1))
    progress.add_delta(Delta(KEY[:6]))
    unsaved = progress.unsaved()
    assert unsaved is not None
    assert unsaved.text == f"It is {KEY[:6]}"
