"""Fixtures for every test: a home of its own, and a database of each kind."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import postgres

# Tests that let the small model speak stay together: two of them at a time would starve each other.
_MODEL = "models_dir"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run in parallel (``-n auto``), a file's tests stay with one worker, and share what they set up."""
    files = {item.path for item in items if _MODEL in getattr(item, "fixturenames", ())}
    for item in items:
        group = "model" if item.path in files else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty CHATMGR_HOME, not made yet, and no other setting from outside."""
    for name in list(os.environ):
        if name.startswith(("CHATMGR_", "OPENAI_")):
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    monkeypatch.setenv("CHATMGR_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    """One PostgreSQL for the whole session, started when a test first asks for it."""
    with postgres.running() as running:
        yield running


@pytest.fixture
def postgres_url(server: postgres.Server) -> Iterator[str]:
    """A fresh PostgreSQL database."""
    with server.database() as url:
        yield url


@pytest.fixture
def sqlite_url(home: Path) -> str:
    """The SQLite database of an empty home; there is no file yet."""
    return f"sqlite:///{home / 'chatmgr.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """A fresh database of either kind: the test runs on both."""
    return str(request.getfixturevalue(f"{request.param}_url"))
