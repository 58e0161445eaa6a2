"""Counts what the kill tests did, and tells it at the end of the session."""

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line a database or API: trials, and what became of them."""
    counts: dict[str, dict[str, int]] = {}
    for report in terminalreporter.stats.get("passed", []) + terminalreporter.stats.get("failed", []):
        for name, value in getattr(report, "user_properties", ()):
            if name.startswith("kill:") and report.when == "call":
                of_kind = counts.setdefault(name.removeprefix("kill:"), {})
                for key, number in value.items():
                    of_kind[key] = of_kind.get(key, 0) + number
    for kind, hits in counts.items():
        terminalreporter.write_line(f"kill -9, {kind}: " + ", ".join(f"{v} {k}" for k, v in hits.items()))
