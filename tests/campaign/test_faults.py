"""Each API, each fault, at each step of a turn."""

from functools import partial

import pytest

from tests.campaign.catalogue import trials
from tests.campaign.conftest import Count
from tests.campaign.desk import Desk
from tests.campaign.trial import Trial, run

TRIALS = trials()
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # a process would end, and leave none


@pytest.mark.parametrize("number", range(len(TRIALS)), ids=lambda at: str(TRIALS[at]))
def test_a_fault(number: int, desk: Desk, count: Count) -> None:
    trial: Trial = TRIALS[number]
    run(desk, trial, number, partial(count, trial.kind.name))


def test_there_are_hundreds() -> None:
    assert len(TRIALS) > 300
    assert len({str(trial) for trial in TRIALS}) == len(TRIALS)
