"""A scrub that is killed anywhere leaves each text as before or overwritten, and the next one goes on."""

import os
import signal
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from chatmgr.domain.secret_matches import MARK, Scrubber
from chatmgr.services.app import App
from chatmgr.services.scrub import ScrubService
from chatmgr.services.secret_patterns import SecretPatterns
from chatmgr.store import migrate
from chatmgr.store.location import sqlite_path
from tests.store.row_counts import indexed
from tests.support.secrets import Planted, in_files, plant
from tests.support.store import Store, query
from tests.support.store_processes import OtherProcess

_WATCHED = {"open", "sqlite3.connect", "os.rename", "os.link", "os.remove", "os.truncate"}
SAMPLE = [1, 9, 10, 12, 30, 70, 150, 210, 220]
STEPS = [
    *(("sqlite", step) for step in SAMPLE),
    *(("postgres", step) for step in SAMPLE[3:6]),
    *(pytest.param("sqlite", step, marks=pytest.mark.campaign) for step in range(2, 240, 9)),
    *(pytest.param("postgres", step, marks=pytest.mark.campaign) for step in range(2, 250, 25)),
]


def scrub_all(app: App) -> None:
    """Search, and overwrite all that was found."""
    service = ScrubService(app, Scrubber(SecretPatterns()), None, guesses=False)
    service.apply(service.search(_quiet), _quiet)


def _quiet(_line: str) -> None:
    """No progress is shown."""


def scrub_until_killed(url: str, pipe: Connection) -> None:
    """Scrub, and die by SIGKILL at a step whose number is received: a statement, or a file that is opened."""
    os.environ["CHATMGR_DATABASE_URL"] = url
    app, last = App(), int(pipe.recv())
    if path := sqlite_path(url):
        os.environ["CHATMGR_HOME"] = str(path.parent)
    SecretPatterns()  # what it imports are no steps
    app.writer.database  # noqa: B018 - nor what the engine sets up
    steps = _Steps(last)
    event.listen(Engine, "before_cursor_execute", lambda *_: steps.take())
    sys.addaudithook(lambda name, words: steps.take() if _is_step(name, words) else None)
    scrub_all(app)
    app.close()


def _is_step(name: str, words: Sequence[object]) -> bool:
    """Whether a file is changed or opened; what is imported does not count."""
    return name in _WATCHED and not str(words[0]).endswith((".py", ".pyc", ".sql"))


class _Steps:
    """Counts steps, and ends the process at the last."""

    def __init__(self, last: int) -> None:
        self._left = last

    def take(self) -> None:
        """One more."""
        self._left -= 1
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(("kind", "step"), STEPS)
def test_kill_at_a_step(
    kind: str, step: int, request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = str(request.getfixturevalue("sqlite_url" if kind == "sqlite" else "migrated_postgres_url"))
    store = Store(url)
    planted = plant(store)
    for number in range(3):
        plant(store, f"c{number}", planted.plain)
    texts = _texts(store)
    store.close()
    if kind == "sqlite":
        migrate.backup(url)
    other = OtherProcess(scrub_until_killed, url)
    other.pipe.send(step)
    assert other.join() in {-signal.SIGKILL, 0}  # 0: it has fewer steps
    other.close()
    _check_nothing_half_done(Store(url), texts)
    monkeypatch.setenv("CHATMGR_DATABASE_URL", url)
    app = App()
    scrub_all(app)
    app.close()
    again = Store(url)
    assert {MARK in text or "secon" in text for text in _texts(again).values()} == {True}
    _check_files(kind, home, planted)
    assert len(indexed(url)) == 4 * 3
    again.close()


def _texts(store: Store) -> dict[int, str]:
    """What was said, by the id of the message, but for what never held anything."""
    rows = query(store.url, "SELECT id, content FROM messages WHERE content <> 'without anything'")
    return {int(pk): str(content) for pk, content in rows}


def _check_nothing_half_done(store: Store, before: dict[int, str]) -> None:
    scrubber = Scrubber(SecretPatterns())
    for pk, content in _texts(store).items():
        assert content in {before[pk], scrubber.replace(before[pk])}
    referred = "SELECT sha256 FROM attachments UNION SELECT sha256 FROM items"
    assert query(store.url, f"SELECT count(*) FROM blobs WHERE sha256 NOT IN ({referred})") == [(0,)]
    if sqlite_path(store.url):
        assert query(store.url, "PRAGMA integrity_check") == [("ok",)]
        assert query(store.url, "PRAGMA foreign_key_check") == []
    assert len(indexed(store.url)) == 4 * 3
    store.close()


def _check_files(kind: str, home: Path, planted: Planted) -> None:
    if kind != "sqlite":
        return
    assert in_files(home, planted.secrets) == []
    [backup] = (home / "backups").iterdir()
    with closing(sqlite3.connect(backup)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
