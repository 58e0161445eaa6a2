"""Each API, each fault, at each step of a turn."""

from functools import partial

import pytest

from tests.faults.campaign.client import Desk
from tests.faults.campaign.conftest import Count
from tests.faults.campaign.scenario import Trial, run
from tests.faults.campaign.scenarios import trials
from tests.support.sampling import sampled

TRIALS = trials()
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # a process would end, and leave none


def _group(number: int) -> tuple[object, ...]:
    """What is alike: the same faults on the same API, in the call that has the answer made or in another."""
    trial = TRIALS[number]
    faults = tuple(
        (fault.kind, fault.match[1] == trial.kind.turn, fault.times == 1) for fault in trial.faults
    )
    return trial.kind.name, faults


@pytest.mark.parametrize("number", sampled(range(len(TRIALS)), _group), ids=lambda at: str(TRIALS[at]))
def test_a_fault(number: int, desk: Desk, count: Count) -> None:
    trial: Trial = TRIALS[number]
    run(desk, trial, number, partial(count, trial.kind.name))


def test_there_are_hundreds() -> None:
    assert len(TRIALS) > 300
    assert len({str(trial) for trial in TRIALS}) == len(TRIALS)
