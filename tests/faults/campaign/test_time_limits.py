"""Waiting has an end: the limit of the settings, or Ctrl-C; either leaves a clear state behind."""

import time

import pytest

from chatmgr.domain.errors import ChatmgrError, Interrupted
from tests.faults.campaign.api_modes import ASSISTANTS, BACKGROUND, KINDS, Kind
from tests.faults.campaign.client import Desk, TurnLog
from tests.faults.campaign.conftest import Count
from tests.faults.campaign.scenario import MODEL, Case
from tests.wire import Fault

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # a process would end, and leave none


class _Clock:
    """Time in which somebody presses Ctrl-C at the first long sleep."""

    monotonic, time = staticmethod(time.monotonic), staticmethod(time.time)

    @staticmethod
    def sleep(seconds: float) -> None:
        raise KeyboardInterrupt


def _begun(desk: Desk, kind: Kind, number: int) -> Case:
    case = Case(desk, kind, number, fresh=False)
    case.prepare(MODEL)
    return case


def _finish(desk: Desk, case: Case, told: TurnLog, state: str, count: Count) -> None:
    """The next turn goes well, and the one before is what it is said to be."""
    desk.wire.clear_faults()
    desk.wire.wait_idle()
    last = desk.ask(case.name, case.said(case.next))
    turns = desk.turns(case.name)
    outcome = case.count(turns, told.text, 1)
    count(f"{case.kind.name}, waiting", outcome)
    assert last.error is None
    case.check_whole(turns)
    case.check_heard()
    assert (turns[case.position - 1].state, outcome.lost, outcome.doubled) == (state, 0, 0)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_ctrl_c_ends_the_countdown(
    kind: Kind, desk: Desk, count: Count, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = _begun(desk, kind, 1)
    desk.configure(retry_seconds=60.0)
    slow = Fault(kind="status", match=("POST", kind.turn), status=429, retry_after="30", code="slow_down")
    desk.wire.fault(slow)
    with monkeypatch.context() as patch:
        patch.setattr("chatmgr.backends.http.retry.time", _Clock)
        told = desk.ask(case.name, case.said(case.text))
    desk.configure()
    assert isinstance(told.error, Interrupted)
    assert [(one.seconds, one.reason) for one in told.waits] == [(30, "too many requests")]
    _finish(desk, case, told, "cancelled", count)


def test_ctrl_c_ends_the_search_for_a_background_answer(
    desk: Desk, count: Count, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is asked to stop, as it is when the answer is on its way."""
    case = _begun(desk, BACKGROUND, 2)
    desk.wire.fault(Fault(kind="cut", match=("POST", BACKGROUND.turn), after=BACKGROUND.ahead + 3))
    desk.wire.fault(Fault(kind="reset", match=("GET", "/responses/[^/]+"), times=0))
    with monkeypatch.context() as patch:
        patch.setattr("chatmgr.backends.http.retry.time", _Clock)
        told = desk.ask(case.name, case.said(case.text))
    assert isinstance(told.error, Interrupted)
    assert [one.status for one in desk.wire.requests if one.path.endswith("/cancel")] == [200]
    _finish(desk, case, told, "cancelled", count)


@pytest.mark.parametrize(
    ("statuses", "state"),
    [(["queued", *["in_progress"] * 40], "interrupted"), (["queued", *["cancelling"] * 40], "cancelled")],
)
def test_a_run_that_never_ends(statuses: list[str], state: str, desk: Desk, count: Count) -> None:
    case = _begun(desk, ASSISTANTS, 3 + len(state))
    desk.wire.script_run(*statuses)
    begun = time.monotonic()
    told = desk.ask(case.name, case.said(case.text))
    assert time.monotonic() - begun < 10
    assert told.end is not None
    assert (told.end.state, bool(told.end.error)) == (state, True)
    _finish(desk, case, told, state, count)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_server_that_is_gone_for_a_while(kind: Kind, desk: Desk, count: Count) -> None:
    """The message is kept; nothing was heard, and it is said so in a line."""
    case = _begun(desk, kind, 20)
    desk.configure("http://127.0.0.1:9/v1")
    told = desk.ask(case.name, case.said(case.text))
    desk.configure()
    assert isinstance(told.error, ChatmgrError)
    assert (told.error.exit_code, "cannot be reached" in told.error.message) == (6, True)
    _finish(desk, case, told, "failed", count)
