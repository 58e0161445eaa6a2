"""The process dies at each of its writes to the database: before it, or when it is done.

Between two writes a death leaves the same database behind, so these are all the places there are;
where the server stands meanwhile is another matter, and that of ``test_kill_with_remote_runs.py``.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from chatmgr.store.writer.database import Database
from tests.faults.campaign.api_modes import API_MODES, ApiMode
from tests.faults.campaign.client import Client, ProcessDied
from tests.faults.campaign.conftest import Count
from tests.faults.campaign.scenario import MODEL, Case
from tests.support.sampling import sampled

WRITES = 7  # of a turn: its opening, assistant, thread, sending, ids (twice), end; some kinds have fewer
POINTS = [
    (mode, number, after, fresh)
    for mode in API_MODES
    for fresh in (False, True)
    for number in range(1, WRITES + 1)
    for after in (False, True)
]
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # a process would end, and leave none


@contextmanager
def _dying(number: int, *, after: bool) -> Iterator[None]:
    """Die at the write of this number; nothing is written from then on."""
    begin = Database.begin
    seen = 0

    @contextmanager
    def counted(self: Database, *args: Any, **options: Any) -> Iterator[object]:
        nonlocal seen
        seen += 1
        if seen > number or (seen == number and not after):
            raise ProcessDied
        whole: AbstractContextManager[object] = begin(self, *args, **options)
        with whole as db:
            yield db
        if seen == number:
            raise ProcessDied

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "begin", counted)
        yield


def _group(at: int) -> tuple[str, bool]:
    """What is alike: the first or a later turn of one API."""
    mode, _, _, fresh = POINTS[at]
    return mode.name, fresh


def _name(point: tuple[ApiMode, int, bool, bool]) -> str:
    mode, number, after, fresh = point
    return f"{mode.name}-{'after' if after else 'before'}-write-{number}{'-fresh' if fresh else ''}"


@pytest.mark.parametrize("at", sampled(range(len(POINTS)), _group, 3), ids=lambda at: _name(POINTS[at]))
def test_a_death(at: int, client: Client, count: Count) -> None:
    mode, number, after, fresh = POINTS[at]
    case = Case(client, mode, at, fresh=fresh)
    case.prepare(MODEL)
    with _dying(number, after=after):
        first = client.ask(case.name, case.said(case.text))
    client.wire.wait_idle()
    asked = client.conversation(case.name).turns == case.position
    if not asked:  # it died before the message was kept, and the person saw that it was not
        assert (first.died, first.text) == (True, "")
        case.asked.remove(case.text)
    settled = client.settle(case.name) if at % 2 else None
    last = client.ask(case.name, case.said(case.next))
    turns = client.turns(case.name)
    # Text is written down once a second: a server that cannot be asked has not more to give than that.
    shown = first.text if mode.looked_up else ""
    outcome = case.count(turns, shown)
    count(f"{mode.name}, dying", outcome)
    assert (settled.error if settled else None, last.error) == (None, None)
    case.check_whole(turns)
    if asked:
        case.check_answer(turns[case.position - 1], shown)
    case.check_heard()
    assert (outcome.lost, outcome.doubled) == (0, 0)
