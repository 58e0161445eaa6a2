"""Long output at a terminal goes through the user's pager; in a pipe, and when told so, it does not."""

from pathlib import Path

import pytest

from tests.support.screen import Screen, environment
from tests.support.store import Store

PAGER = "#!/bin/sh\necho BEGIN; cat; echo END\n"


@pytest.fixture
def env(home: Path, sqlite_url: str, tmp_path: Path) -> dict[str, str]:
    """A conversation to look at, and a pager that says that it was there."""
    store = Store(sqlite_url)
    store.answer("hello", "**bold** words", "demo")
    store.close()
    script = tmp_path / "pager"
    script.write_text(PAGER, "utf-8")
    script.chmod(0o700)
    return environment(home, PAGER=str(script))


@pytest.mark.parametrize(
    "words", [["history"], ["history", "demo"], ["history", "-q", "words"]], ids=" ".join
)
def test_the_pager_shows_it(env: dict[str, str], tmp_path: Path, words: list[str]) -> None:
    with Screen(["-m", "chatmgr", *words], env, tmp_path) as screen:
        assert screen.end() == 0
        assert (screen.lines[0], screen.lines[-1]) == ("BEGIN", "END")
        assert any("demo" in line for line in screen.lines)
    with Screen(["-m", "chatmgr", *words, "--no-pager"], env, tmp_path) as screen:
        assert screen.end() == 0
        assert "BEGIN" not in screen.text
        assert "demo" in screen.text


def test_json_goes_through_no_pager(env: dict[str, str], tmp_path: Path) -> None:
    with Screen(["-m", "chatmgr", "history", "--json"], env, tmp_path) as screen:
        assert screen.end() == 0
        assert screen.lines[0].startswith('{"name": "demo"')


def test_a_pager_that_is_left_ends_nothing_else(env: dict[str, str], tmp_path: Path) -> None:
    with Screen(["-m", "chatmgr", "history", "demo"], env | {"PAGER": "true"}, tmp_path) as screen:
        assert screen.end() == 0
        assert screen.lines == []


def test_nothing_goes_through_no_pager(env: dict[str, str], tmp_path: Path) -> None:
    with Screen(["-m", "chatmgr", "history", "-q", "quokka"], env, tmp_path) as screen:
        assert screen.end() == 0
        assert screen.lines == ["Nothing found for “quokka”."]
