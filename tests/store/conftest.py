"""A desk on each database."""

from collections.abc import Iterator

import pytest

from chatmgr.store.writer import Writer
from tests.store.desk import Desk
from tests.support import postgres


@pytest.fixture(scope="session")
def template(server: postgres.Server) -> str:
    """A database of today's schema: copying it is quicker than making one for each test."""
    server.run("CREATE DATABASE made")
    Writer(server.url("made")).close()
    return "made"


@pytest.fixture
def postgres_desk(server: postgres.Server, template: str) -> Iterator[Desk]:
    """A writer and a reader on an empty PostgreSQL database."""
    with server.database(template) as url:
        made = Desk(url)
        yield made
        made.close()


@pytest.fixture
def sqlite_desk(sqlite_url: str) -> Iterator[Desk]:
    """A writer and a reader on a fresh SQLite database."""
    made = Desk(sqlite_url)
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgres"])
def desk(request: pytest.FixtureRequest) -> Desk:
    """A writer and a reader on an empty database of either kind: the test runs on both."""
    found = request.getfixturevalue(f"{request.param}_desk")
    assert isinstance(found, Desk)
    return found
