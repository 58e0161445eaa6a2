"""A chatmgr of its own for every test, a server for it to talk to, and files to send."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.support import APIS, KEY, Chatmgr, Forks
from tests.travel.samples import SAMPLES, Shelf
from tests.wire import WireServer


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """One forking process for all tests."""
    with Forks() as running:
        yield running


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The folder that commands run in, with a file of each kind."""
    for name, (_, data) in SAMPLES.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


@pytest.fixture
def chatmgr(home: Path, forks: Forks, files: Path) -> Chatmgr:
    """chatmgr in an empty home; the key of the provider ``wire`` is there."""
    assert home.parent == files
    return Chatmgr(home, forks, {"WIRE_KEY": KEY})


@pytest.fixture
def wire() -> Iterator[WireServer]:
    """A server of all three APIs; every request that it gets must be as OpenAI's document wants it."""
    with WireServer() as running:
        yield running
    assert running.violations == []


@pytest.fixture(params=APIS)
def api(request: pytest.FixtureRequest) -> str:
    """Each API in turn."""
    return str(request.param)


@pytest.fixture
def talking(chatmgr: Chatmgr, wire: WireServer, api: str) -> Chatmgr:
    """chatmgr with the provider ``wire`` and the conversation ``demo``, which has one turn, on each API."""
    chatmgr.provider(api, wire.base_url)
    chatmgr("new", "demo", "-i", "Be brief.", "--provider", "wire", "one")
    return chatmgr


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    """A web server that hands out the samples."""
    with Shelf() as running:
        yield running
