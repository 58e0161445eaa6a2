"""``scrub`` as a command: what it shows, what it asks, and what it never prints."""

import json
import os
from pathlib import Path

import pytest

from tests.support.commands import Chatmgr
from tests.support.screen import Screen, environment
from tests.support.secrets import github_token
from tests.support.store import Store
from tests.wire import WireServer

TOKEN = github_token()


@pytest.fixture
def filled(chatmgr: Chatmgr, sqlite_store: Store) -> Chatmgr:
    """A conversation with a token, and one without."""
    sqlite_store.answer(f"my token is {TOKEN}", "I see.", "demo")
    sqlite_store.answer("nothing", "Indeed.", "other")
    sqlite_store.close()
    return chatmgr


def test_a_dry_run_shows_and_changes_nothing(filled: Chatmgr) -> None:
    done = filled("scrub", "--secrets", "--dry-run")
    assert "GitHub Token  demo@1  message  my token is ghp_…" in done.out
    assert "Found: GitHub Token (1)." in done.err
    assert TOKEN not in done.out + done.err
    assert filled.said()[0] == f"my token is {TOKEN}"


def test_without_a_yes_nothing_is_removed(filled: Chatmgr) -> None:
    done = filled("scrub", "--secrets", "demo", code=2)
    assert done.err.endswith("nothing was changed. Type: chatmgr scrub --secrets demo --yes\n")
    assert filled.said()[0] == f"my token is {TOKEN}"


def test_a_yes_removes_it(filled: Chatmgr) -> None:
    done = filled("scrub", "--secrets", "--yes")
    assert "Removed: GitHub Token (1)." in done.err
    assert TOKEN not in done.out + done.err
    assert filled.said() == ["my token is [removed]", "nothing"]
    assert filled("scrub", "--secrets", "--yes").err == "Nothing was found.\n"
    assert filled("history", "-q", "removed").out
    assert filled("history", "-q", TOKEN).err.startswith("Nothing found")
    assert "intact" in filled("db", "check").out


def test_json_has_no_secret_either(filled: Chatmgr) -> None:
    [finding] = filled.json("scrub", "--secrets", "--dry-run")
    assert finding == {
        "kind": "GitHub Token",
        "address": "demo@1",
        "field": "message",
        "snippet": "my token is ghp_…",
        "certain": True,
        "replaced": True,
    }
    filled("db", "backup")
    *_, backup, result = filled.json("scrub", "--secrets", "--yes")
    assert backup["kinds"] == {"GitHub Token": 1}
    assert (result["did"], result["kinds"], len(result["backups"])) == ("scrubbed", {"GitHub Token": 1}, 1)


@pytest.mark.parametrize("regex", [False, True])
def test_a_pattern_from_standard_input(filled: Chatmgr, regex: bool) -> None:
    typed = (TOKEN[:10] + ".*" if regex else TOKEN).encode() + b"\n"
    again = filled("scrub", "-", *["--regex"] * regex, stdin=typed, code=2).err
    assert "PATTERN" in again
    assert TOKEN not in again
    filled("scrub", "-", "demo", "--yes", *["--regex"] * regex, stdin=typed)
    assert filled.said() == ["my token is [removed]", "nothing"]


def test_at_a_terminal_the_pattern_is_not_shown(filled: Chatmgr, home: Path) -> None:
    with Screen(["-m", "chatmgr", "scrub", "-"], environment(home), home.parent) as screen:
        screen.until("Text to remove (not shown):")
        screen.type(f"{TOKEN}\r")
        screen.until("Remove this from 1 place for good? [y/N]")
        screen.type("y\r")
        screen.until("Removed: the text (1).")
        assert TOKEN not in screen.raw
    assert filled.said() == ["my token is [removed]", "nothing"]


def test_a_no_changes_nothing(filled: Chatmgr, home: Path) -> None:
    with Screen(["-m", "chatmgr", "scrub", "--secrets"], environment(home), home.parent) as screen:
        screen.until("[y/N]")
        screen.type("n\r")
        screen.until("Nothing was changed.")
    assert filled.said()[0] == f"my token is {TOKEN}"


def test_a_broken_backup_is_offered_for_deletion(filled: Chatmgr, home: Path) -> None:
    (home / "backups").mkdir()
    (broken := home / "backups" / "broken.db").write_bytes(b"no database")
    assert f"rm {broken}" in filled("scrub", "nowhere", "--yes").err
    assert broken.exists()
    with Screen(["-m", "chatmgr", "scrub", "nowhere"], environment(home), home.parent) as screen:
        screen.until("[y/N]")
        screen.type("y\r")
        screen.until("deleted.")  # the path before it may fill the line
    assert not broken.exists()


def test_a_name_that_holds_it_is_not_shown(chatmgr: Chatmgr, sqlite_store: Store) -> None:
    sqlite_store.answer(f"it is {TOKEN}", "I see.", f"a {TOKEN}")
    pk = sqlite_store.now(f"a {TOKEN}")
    sqlite_store.close()
    done = chatmgr("scrub", "--secrets", "--yes")
    assert TOKEN not in done.out + done.err
    assert f"chatmgr rename {pk.id} NEW" in done.err
    chatmgr("rename", pk.id, "clean")
    chatmgr("scrub", "--secrets", "--yes")
    assert TOKEN.encode() not in (chatmgr.home / "chatmgr.db").read_bytes()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((), "What is to be removed?"),
        (("",), "The text is empty"),
        (("--regex", "(a+)+"), "repeats a repeat"),
        (("--regex", "("), "no regular expression"),
        (("--secrets", "--regex"), "cannot be combined"),
        (("x", "--guesses"), "--guesses goes with --secrets"),
    ],
)
def test_what_cannot_be_meant_is_refused(filled: Chatmgr, words: tuple[str, ...], reason: str) -> None:
    assert reason in filled.refused(2, "scrub", *words)


def test_a_text_may_look_like_the_word_for_the_last_conversation(filled: Chatmgr) -> None:
    assert "Nothing was found." in filled("scrub", "@last", "--dry-run").err
    assert "Nothing was found." in filled("scrub", "no such text", "@last", "--dry-run").err


def test_an_unknown_conversation_is_not_found(filled: Chatmgr) -> None:
    assert "nobody" in filled.refused(5, "scrub", "--secrets", "nobody")


def test_without_the_library_a_line_says_how_to_install_it(filled: Chatmgr, tmp_path: Path) -> None:
    (tmp_path / "detect_secrets.py").write_text("raise ImportError\n")
    path = f"{tmp_path}{os.pathsep}{filled.environment()['PYTHONPATH']}"
    done = filled.fresh("scrub", "--secrets", env={"PYTHONPATH": path}, code=7)
    assert "pip install 'chatmgr[scrub]'" in done.err


def test_the_next_turn_carries_the_scrubbed_context(talking: Chatmgr, wire: WireServer) -> None:
    """On every API: the thread that holds the token is left, and a new one is made without it."""
    talking("send", "demo", f"my token is {TOKEN}")
    assert f"my token is {TOKEN}" in talking.said()
    talking("scrub", "--secrets", "--yes")
    wire.requests.clear()
    talking("send", "demo", "and now?")
    sent = json.dumps([request.body for request in wire.requests])
    assert TOKEN not in sent
    assert "my token is [removed]" in sent
