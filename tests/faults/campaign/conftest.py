"""Counts the campaign's trials, and tells the figures at the end."""

import gc
import ssl
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict

import pytest

from tests.faults.campaign.client import Client
from tests.faults.campaign.scenario import Outcome
from tests.wire import WireServer

Count = Callable[[str, Outcome], None]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A home for all trials of a module: its database grows as a user's does."""
    folder = tmp_path_factory.mktemp("campaign") / "home"
    with pytest.MonkeyPatch.context() as patch, WireServer() as wire:
        patch.setenv("CHATMGR_HOME", str(folder))
        for name in ("CHATMGR_PROVIDER", "CHATMGR_DATABASE_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
            patch.delenv(name, raising=False)
        # Nothing here is encrypted, and to read all the world's certificates for every client is slow.
        patch.setattr(ssl.SSLContext, "load_verify_locations", lambda *args, **kwargs: None)
        gc.collect()
        gc.freeze()  # the document is large
        yield Client(folder, wire)
        with warnings.catch_warnings():  # a process that ends leaves no sockets; here errors keep some
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
        gc.unfreeze()


@pytest.fixture
def count(record_property: Callable[[str, object], None]) -> Count:
    """Takes what a trial came to."""

    def take(group: str, outcome: Outcome) -> None:
        record_property(f"campaign:{group}", {"trials": 1, **asdict(outcome)})

    return take


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line a group, and one for all."""
    groups: dict[str, dict[str, int]] = {}
    for report in terminalreporter.stats.get("passed", []) + terminalreporter.stats.get("failed", []):
        for name, figures in getattr(report, "user_properties", ()):
            if name.startswith("campaign:") and report.when == "call":
                for group in (name.removeprefix("campaign:"), "all"):
                    hits = groups.setdefault(group, {})
                    for key, number in figures.items():
                        hits[key] = hits.get(key, 0) + number
    for group, hits in groups.items():
        log = ", ".join(f"{number} {key}" for key, number in hits.items())
        terminalreporter.write_line(f"campaign, {group}: {log}")
