"""What an answer's frame takes from the events that pass through it."""

from collections.abc import Generator

from chatmgr.domain.events import Delta, Event, Finished, Opened
from chatmgr.domain.states import RunState
from chatmgr.ui.answer_frame import AnswerFrame
from tests.support.store import Store


def test_the_model_is_told_before_the_answer_and_every_event_passes(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    passing: list[Event] = [
        *(Opened(run_id="r"), Opened(model="gpt-4.1")),
        *(Delta("a"), Delta("b"), Finished(RunState.COMPLETED)),
    ]
    told: list[str] = []
    is_closed = False

    def run() -> Generator[Event, None, None]:
        nonlocal is_closed
        try:
            yield from passing
        finally:
            is_closed = True

    events = AnswerFrame(store.conversation(), told.append).around(run())
    assert [next(events), next(events)] == passing[:2]
    assert [next(events), next(events)] == passing[2:4]
    assert told == ["gpt-4.1"]
    events.close()
    assert is_closed
    store.close()
