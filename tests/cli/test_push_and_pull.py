"""Two machines that share a PostgreSQL server, as their owner types it."""

from contextlib import closing
from pathlib import Path

import pytest

from tests.support.commands import Chatmgr
from tests.support.store import Store

PASSWORD = "correct-horse-battery"


@pytest.fixture
def api() -> str:
    return "completions"


def test_what_one_said_the_other_has(chatmgr: Chatmgr, postgres_url: str, tmp_path: Path) -> None:
    other = {"CHATMGR_HOME": str(tmp_path / "other")}
    chatmgr.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with closing(Store(f"sqlite:///{chatmgr.home / 'chatmgr.db'}")) as store:
        store.answer("What is the capital of Peru?", "Lima.", "demo")
    assert "sent 1 new conversation" in chatmgr("push", postgres_url).err
    assert "Nothing is new" in chatmgr("push").err
    assert "received 1 new conversation" in chatmgr("pull", postgres_url, env=other).err
    assert "Lima." in chatmgr("history", "demo", env=other).out
    chatmgr("rename", "demo", "peru", env=other)
    chatmgr("tag", "peru", "+trips", env=other)
    chatmgr("push", env=other)
    chatmgr("pull")
    assert [(row["name"], row["tags"]) for row in chatmgr.json("history", "--json")] == [("peru", ["trips"])]
    facts = chatmgr("push", "--dry-run", "--json").json()[0]
    assert (facts["sent"]["new"], facts["received"]["new"], facts["dry_run"]) == (0, 0, True)
    chatmgr("delete", "peru")
    assert "to the trash" in chatmgr("push", "--deletions", "--yes").err
    chatmgr("pull", env=other)
    assert "Lima." in chatmgr("history", "peru", env=other).out  # nothing is deleted by a pull
    chatmgr("pull")
    assert chatmgr("history").out == ""


def test_a_password_is_kept_like_a_key(chatmgr: Chatmgr, postgres_url: str) -> None:
    url = postgres_url.replace("postgres@", f"postgres:{PASSWORD}@")
    chatmgr.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with closing(Store(f"sqlite:///{chatmgr.home / 'chatmgr.db'}")) as store:
        store.answer("question", "answer", "demo")
    done = chatmgr("push", url)
    assert PASSWORD not in done.out + done.err
    shown = chatmgr("config", "show", "remote")
    assert PASSWORD not in shown.out + shown.err
    files = [path for path in chatmgr.home.rglob("*") if path.is_file()]
    holders = [path for path in files if PASSWORD.encode() in path.read_bytes()]
    assert [path.name for path in holders] in ([], ["keys.json"])
    assert all(path.stat().st_mode & 0o077 == 0 for path in holders)
    assert "Nothing is new" in chatmgr("push").err
