"""Each API, each fault, at each step of a turn."""

from functools import partial

import pytest

from tests.faults.campaign.client import Client
from tests.faults.campaign.conftest import Count
from tests.faults.campaign.scenario import Scenario, run
from tests.faults.campaign.scenario_list import scenarios
from tests.support.sampling import sampled

SCENARIOS = scenarios()
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # a process would end, and leave none


def _group(number: int) -> tuple[object, ...]:
    """What is alike: the same faults on the same API, in the call that has the answer made or in another."""
    scenario = SCENARIOS[number]
    faults = tuple(
        (fault.kind, fault.match[1] == scenario.mode.turn, fault.times == 1) for fault in scenario.faults
    )
    return scenario.mode.name, faults


@pytest.mark.parametrize("number", sampled(range(len(SCENARIOS)), _group), ids=lambda at: str(SCENARIOS[at]))
def test_a_fault(number: int, client: Client, count: Count) -> None:
    scenario: Scenario = SCENARIOS[number]
    run(client, scenario, number, partial(count, scenario.mode.name))


def test_there_are_hundreds() -> None:
    assert len(SCENARIOS) > 300
    assert len({str(scenario) for scenario in SCENARIOS}) == len(SCENARIOS)
