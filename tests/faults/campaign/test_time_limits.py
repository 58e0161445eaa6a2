"""Waiting has an end: the limit of the settings, or Ctrl-C; either leaves a clear state behind."""

import time

import pytest

from chatmgr.domain.errors import ChatmgrError, Interrupted
from chatmgr.domain.interrupts import interrupts
from tests.faults.campaign.api_modes import API_MODES, ASSISTANTS, BACKGROUND, ApiMode
from tests.faults.campaign.client import Client, TurnLog
from tests.faults.campaign.conftest import Count
from tests.faults.campaign.scenario import MODEL, Case
from tests.wire import Fault

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # a process would end, and leave none


def _pressed(seconds: float) -> None:
    """Somebody presses Ctrl-C at the first sleep."""
    raise KeyboardInterrupt


def _begun(client: Client, mode: ApiMode, number: int) -> Case:
    case = Case(client, mode, number, fresh=False)
    case.prepare(MODEL)
    return case


def _finish(client: Client, case: Case, log: TurnLog, state: str, count: Count) -> None:
    """The next turn goes well, and the one before is what it is said to be."""
    client.wire.clear_faults()
    client.wire.wait_idle()
    last = client.ask(case.name, case.said(case.next))
    turns = client.turns(case.name)
    outcome = case.count(turns, log.text)
    count(f"{case.mode.name}, waiting", outcome)
    assert last.error is None
    case.check_whole(turns)
    case.check_heard()
    assert (turns[case.position - 1].state, outcome.lost, outcome.doubled) == (state, 0, 0)


@pytest.mark.parametrize("mode", API_MODES, ids=lambda mode: mode.name)
def test_ctrl_c_ends_the_countdown(
    mode: ApiMode, client: Client, count: Count, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = _begun(client, mode, 1)
    client.configure(retry_seconds=60.0)
    slow = Fault(kind="status", match=("POST", mode.turn), status=429, retry_after="30", code="slow_down")
    client.wire.fault(slow)
    with monkeypatch.context() as patch:
        patch.setattr(interrupts, "sleep", _pressed)
        log = client.ask(case.name, case.said(case.text))
    client.configure()
    assert isinstance(log.error, Interrupted)
    assert [(wait.seconds, wait.reason) for wait in log.waits] == [(30, "too many requests")]
    _finish(client, case, log, "cancelled", count)


def test_ctrl_c_ends_the_search_for_a_background_answer(
    client: Client, count: Count, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is asked to stop, as it is when the answer is on its way."""
    case = _begun(client, BACKGROUND, 2)
    client.wire.fault(Fault(kind="cut", match=("POST", BACKGROUND.turn), after=BACKGROUND.ahead + 3))
    client.wire.fault(Fault(kind="reset", match=("GET", "/responses/[^/]+"), times=0))
    with monkeypatch.context() as patch:
        patch.setattr(interrupts, "sleep", _pressed)
        log = client.ask(case.name, case.said(case.text))
    assert isinstance(log.error, Interrupted)
    assert [request.status for request in client.wire.requests if request.path.endswith("/cancel")] == [200]
    _finish(client, case, log, "cancelled", count)


@pytest.mark.parametrize(
    ("statuses", "state"),
    [(["queued", *["in_progress"] * 40], "interrupted"), (["queued", *["cancelling"] * 40], "cancelled")],
)
def test_a_run_that_never_ends(statuses: list[str], state: str, client: Client, count: Count) -> None:
    case = _begun(client, ASSISTANTS, 3 + len(state))
    client.wire.script_run(*statuses)
    begun = time.monotonic()
    log = client.ask(case.name, case.said(case.text))
    assert time.monotonic() - begun < 10
    assert log.end is not None
    assert (log.end.state, bool(log.end.error)) == (state, True)
    _finish(client, case, log, state, count)


@pytest.mark.parametrize("mode", API_MODES, ids=lambda mode: mode.name)
def test_a_server_that_is_gone_for_a_while(mode: ApiMode, client: Client, count: Count) -> None:
    """The message is kept; nothing was heard, and it is said so in a line."""
    case = _begun(client, mode, 20)
    client.configure("http://127.0.0.1:9/v1")
    log = client.ask(case.name, case.said(case.text))
    client.configure()
    assert isinstance(log.error, ChatmgrError)
    assert (log.error.exit_code, "cannot be reached" in log.error.message) == (6, True)
    _finish(client, case, log, "failed", count)
