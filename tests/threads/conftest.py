"""A chatmgr of its own for every test, and scripted servers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.support import KEY, Chatmgr, Forks
from tests.wire import WireServer


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """One forking process for all tests."""
    with Forks() as running:
        yield running


@pytest.fixture
def chatmgr(home: Path, forks: Forks) -> Chatmgr:
    """chatmgr in an empty home; the key of all providers is there."""
    return Chatmgr(home, forks, {"WIRE_KEY": KEY})


@pytest.fixture
def wire() -> Iterator[WireServer]:
    """A server of all three APIs; every request that it gets must be as OpenAI's document wants it."""
    with WireServer() as running:
        yield running
    assert running.violations == []


@pytest.fixture
def other() -> Iterator[WireServer]:
    """A second server, which serves one model."""
    with WireServer(models=["tiny-llm"]) as running:
        yield running
    assert running.violations == []


@pytest.fixture(params=["responses", "assistants"])
def api(request: pytest.FixtureRequest) -> str:
    """Each API that keeps threads."""
    return str(request.param)
