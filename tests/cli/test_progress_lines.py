"""What takes long shows its progress on a terminal's stderr, and nothing in a pipe."""

from pathlib import Path

import pytest

from tests.support.commands import Chatmgr
from tests.support.screen import Screen, environment
from tests.support.store import Store


@pytest.fixture
def filled(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    for name in ("plan", "draft"):
        store.answer("hello", "hi", name)
    store.close()


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("db", "check"), ("checking the pages", "checking the values", "checking the search index")),
        (("db", "check", "--quick"), ("checking the pages", "checking the counts")),
        (("db", "backup"), ("Copying ",)),
        (("db", "reindex"), ("Indexing ", "0/4 documents")),
        (("export", "--all", "-o", "all.jsonl"), ("Exporting ", "0/2 conversations")),
        (("export", "--all", "-o", "pages/", "--format", "html"), ("Exporting ", "0/2 conversations")),
    ],
)
@pytest.mark.usefixtures("filled")
def test_progress_is_for_terminals(
    chatmgr: Chatmgr, home: Path, tmp_path: Path, arguments: tuple[str, ...], shown: tuple[str, ...]
) -> None:
    more = ("--force",) if "export" in arguments else ()
    piped = chatmgr(*arguments, *more)
    assert not any(part in piped.err for part in shown)
    with Screen(["-m", "chatmgr", *arguments, *more], environment(home), tmp_path) as screen:
        assert screen.end() == 0
        for part in shown:
            assert part in screen.raw
        assert "Exporting" not in screen.text
        assert "Indexing" not in screen.text
        assert "checking" not in screen.text


@pytest.mark.usefixtures("filled")
def test_progress_is_not_for_what_is_shown(home: Path, tmp_path: Path) -> None:
    """An export to the terminal is its own progress."""
    with Screen(["-m", "chatmgr", "export", "--all"], environment(home), tmp_path) as screen:
        assert screen.end() == 0
        assert "Exporting" not in screen.raw
