"""A chatmgr of its own for every test, stores to export, and one browser for all."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.support import KEY, Chatmgr, Forks
from tests.exchange.browser import Browser
from tests.exchange.shelves import Talks, fill


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """One forking process for all tests."""
    with Forks() as running:
        yield running


@pytest.fixture
def chatmgr(home: Path, forks: Forks) -> Chatmgr:
    """chatmgr in an empty home."""
    return Chatmgr(home, forks, {"WIRE_KEY": KEY})


@pytest.fixture
def talks(sqlite_url: str) -> Iterator[Talks]:
    """A SQLite store of the home, and conversations to be put into it."""
    with Talks(sqlite_url) as made:
        yield made


@pytest.fixture
def full(url: str) -> str:
    """A database of either kind in which every column of every table holds something."""
    fill(url)
    return url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    with Browser() as running:
        yield running


@pytest.fixture
def exported(chatmgr: Chatmgr, talks: Talks, tmp_path: Path) -> Callable[..., Path]:
    """Export as HTML; one name gives its page, none the index of all."""

    def export(*names: str) -> Path:
        target = tmp_path / "one.html" if names else tmp_path / "site"
        chatmgr("export", *(names or ["--all"]), "--format", "html", "-o", str(target))
        return target if names else target / "index.html"

    return export
