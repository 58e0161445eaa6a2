"""Each API, each fault, at each step of a turn."""

from functools import partial

import pytest

from tests.faults.campaign.client import Desk
from tests.faults.campaign.conftest import Count
from tests.faults.campaign.scenario import Trial, run
from tests.faults.campaign.scenarios import trials

TRIALS = trials()
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # a process would end, and leave none


@pytest.mark.parametrize("number", range(len(TRIALS)), ids=lambda at: str(TRIALS[at]))
def test_a_fault(number: int, desk: Desk, count: Count) -> None:
    trial: Trial = TRIALS[number]
    run(desk, trial, number, partial(count, trial.kind.name))


def test_there_are_hundreds() -> None:
    assert len(TRIALS) > 300
    assert len({str(trial) for trial in TRIALS}) == len(TRIALS)
