"""Counts what the kill tests did, and tells it at the end of the session."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backends.conftest import models_dir as models_dir
from tests.cli.support import Forks
from tests.durability.support import Home


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """One forking process for all tests of this folder."""
    with Forks() as running:
        yield running


@pytest.fixture
def place(tmp_path: Path, forks: Forks) -> Home:
    """A home of this test's own."""
    return Home(tmp_path / "home", forks)


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path, forks: Forks) -> Home:
    """A home of this test's own, on each database."""
    if request.param == "sqlite":
        return Home(tmp_path / "home", forks)
    place = Home(tmp_path / "home", forks, request.getfixturevalue("postgres_url"))
    assert place.run("db", "upgrade").code == 0
    return place


@pytest.fixture
def embedded(place: Home, models_dir: Path) -> Home:
    """A home that has the embedded model's weights, and gives it one thread."""
    folder = place.folder / "models"
    folder.mkdir()
    for file in models_dir.glob("*.gguf"):
        (folder / file.name).symlink_to(file)
    place.configure("[local]\nthreads = 1")
    return place


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line a database or API: trials, and what became of them."""
    counts: dict[str, dict[str, int]] = {}
    for report in terminalreporter.stats.get("passed", []) + terminalreporter.stats.get("failed", []):
        for name, value in getattr(report, "user_properties", ()):
            if name.startswith("kill:") and report.when == "call":
                of_kind = counts.setdefault(name.removeprefix("kill:"), {})
                for key, number in value.items():
                    of_kind[key] = of_kind.get(key, 0) + number
    for kind, found in counts.items():
        terminalreporter.write_line(f"kill -9, {kind}: " + ", ".join(f"{v} {k}" for k, v in found.items()))
