"""Fixtures for every test: a home of its own, databases, the command line, and servers for it to talk to."""

import getpass
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from chatmgr.store.writer import Writer
from tests.support import postgres
from tests.support.browser import Browser
from tests.support.commands import APIS, KEY, Chatmgr
from tests.support.forked import SERVER
from tests.support.processes import Home
from tests.support.sample_files import SAMPLES, FileServer
from tests.support.sample_stores import SampleStore
from tests.support.screen import COLUMNS, ROWS, Open, Screen, environment
from tests.support.store import Store
from tests.wire import WireServer

# Tests that let the small model speak stay together: two of them at a time would starve each other.
_MODEL = "models_dir"


def pytest_configure() -> None:
    """Restore Ctrl-C: a run begun in a script's background ignores it, and its children would too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run in parallel (``-n auto``), a file's tests stay with one worker, and share what they set up."""
    files = {item.path for item in items if _MODEL in getattr(item, "fixturenames", ())}
    for item in items:
        group = "model" if item.path in files else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


# Homes and databases


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
def server(testrun_uid: str) -> Iterator[postgres.Server]:
    """One PostgreSQL for the whole run, whatever its workers, started when a test first asks for it."""
    with postgres.running(testrun_uid[:12]) as running:
        yield running


@pytest.fixture(scope="session")
def template(server: postgres.Server) -> str:
    """A database of today's schema: copying it is quicker than making one for each test."""
    name = f"migrated_{os.getpid()}"
    server.run(f"CREATE DATABASE {name}")
    Writer(server.url(name)).close()
    return name


@pytest.fixture
def postgres_url(server: postgres.Server) -> Iterator[str]:
    """A fresh PostgreSQL database."""
    with server.database() as url:
        yield url


@pytest.fixture
def migrated_postgres_url(server: postgres.Server, template: str) -> Iterator[str]:
    """An empty PostgreSQL database of today's schema."""
    with server.database(template) as url:
        yield url


@pytest.fixture
def sqlite_url(home: Path) -> str:
    """The SQLite database of an empty home; there is no file yet."""
    return f"sqlite:///{home / 'chatmgr.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """A fresh database of either kind: the test runs on both."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def postgres_store(migrated_postgres_url: str) -> Iterator[Store]:
    """A writer and a reader on an empty PostgreSQL database."""
    made = Store(migrated_postgres_url)
    yield made
    made.close()


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[Store]:
    """A writer and a reader on a fresh SQLite database."""
    made = Store(sqlite_url)
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Store:
    """A writer and a reader on an empty database of either kind: the test runs on both."""
    store = request.getfixturevalue(f"{request.param}_store")
    assert isinstance(store, Store)
    return store


@pytest.fixture
def samples(sqlite_url: str) -> Iterator[SampleStore]:
    """A SQLite store of the home, and conversations to be put into it."""
    with SampleStore(sqlite_url) as made:
        yield made


# The command line


@pytest.fixture(scope="session", autouse=True)
def fork_server() -> Iterator[None]:
    """Ends the one forking process of all tests."""
    with SERVER:
        yield


@pytest.fixture
def chatmgr(home: Path) -> Iterator[Chatmgr]:
    """chatmgr in an empty home; the key of the provider ``wire`` is there."""
    with Chatmgr(home, {"WIRE_KEY": KEY}) as commands:
        yield commands


@pytest.fixture
def talking(chatmgr: Chatmgr, wire: WireServer, api: str) -> Chatmgr:
    """chatmgr with the provider ``wire`` and the conversation ``demo``, which has one turn, on each API."""
    chatmgr.provider(api, wire.base_url)
    chatmgr("new", "demo", "-i", "Be brief.", "--provider", "wire", "one")
    return chatmgr


@pytest.fixture
def open_chat(home: Path, wire: WireServer) -> Iterator[Open]:
    """`open_chat("resume", "demo")` runs chatmgr at a terminal, with the server as the default provider.

    Keywords: ``term``, ``columns``, ``rows``, ``terminal``, and environment variables.
    """
    home.mkdir()
    table = f'[providers.wire]\napi = "responses"\nbase_url = "{wire.base_url}"\n'
    (home / "config.toml").write_text(f'provider = "wire"\n{table}', encoding="utf-8")
    with ExitStack() as open_ones:
        yield (
            lambda *args, term="xterm-256color", columns=COLUMNS, rows=ROWS, terminal=None, **env: (
                open_ones.enter_context(
                    Screen(
                        ["-m", "chatmgr", *args],
                        environment(home, **env),
                        home.parent,
                        term=term,
                        columns=columns,
                        rows=rows,
                        terminal=terminal,
                    )
                )
            )
        )


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Home]:
    """A home of this test's own."""
    with Home(tmp_path / "home") as home:
        yield home


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    """A home of this test's own, on each database."""
    url = request.getfixturevalue("migrated_postgres_url") if request.param == "postgresql" else ""
    with Home(tmp_path / "home", url) as home:
        yield home


@pytest.fixture
def exported(chatmgr: Chatmgr, samples: SampleStore, tmp_path: Path) -> Callable[..., Path]:
    """Export as HTML; one name gives its page, none the index of all."""

    def export(*names: str) -> Path:
        target = tmp_path / "one.html" if names else tmp_path / "site"
        chatmgr("export", *(names or ["--all"]), "--format", "html", "-o", str(target))
        return target if names else target / "index.html"

    return export


# Servers


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


@pytest.fixture(params=APIS)
def api(request: pytest.FixtureRequest) -> str:
    """Each API in turn."""
    return str(request.param)


@pytest.fixture
def file_server() -> Iterator[FileServer]:
    """A web server that hands out the samples."""
    with FileServer() as running:
        yield running


# Files, the embedded model and the browser


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The folder that commands run in, with a file of each kind."""
    for name, (_, data) in SAMPLES.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """A folder that holds the embedded model's weights; ``CHATMGR_TEST_WEIGHTS`` names another.

    They are fetched once for all sessions of this user.
    """
    from chatmgr.backends.local import weights

    named = os.environ.get("CHATMGR_TEST_WEIGHTS")
    folder = Path(named or Path(tempfile.gettempdir()) / f"chatmgr-test-weights-{getpass.getuser()}")
    weights.ensure(folder)
    return folder


@pytest.fixture
def embedded(place: Home, models_dir: Path) -> Home:
    """A home that has the embedded model's weights, and gives it one thread."""
    folder = place.folder / "models"
    folder.mkdir()
    for file in models_dir.glob("*.gguf"):
        (folder / file.name).symlink_to(file)
    place.configure("[local]\nthreads = 1")
    return place


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    with Browser() as running:
        yield running
