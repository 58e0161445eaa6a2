"""Keeping conversations tidy, as a person types it: many at once, nothing by accident."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.test_startup_imports import HEAVY, foreign, modules
from tests.completion.test_click_protocol import completed
from tests.support.commands import Chatmgr
from tests.support.remote_threads import at_terminal


@pytest.fixture
def three(chatmgr: Chatmgr) -> Chatmgr:
    """The conversations a, b and c, empty; no server is needed for that."""
    for name in "abc":
        chatmgr("new", name, "-i", "x", "--provider", "ollama")
    return chatmgr


def names(chatmgr: Chatmgr, *words: str) -> list[str]:
    return [word["name"] for word in chatmgr.json(*(words or ("history",)))]


def facts(chatmgr: Chatmgr) -> list[object]:
    tags = chatmgr.rows("SELECT conversation_id, name FROM tags ORDER BY 1, 2")
    return [*chatmgr.rows("SELECT * FROM conversations ORDER BY id"), *tags]


class TestChoosing:
    @pytest.mark.parametrize("verb", [("archive",), ("unarchive",), ("delete",), ("tag", "+x"), ("restore",)])
    def test_one_way_and_one_only(self, three: Chatmgr, verb: tuple[str, ...]) -> None:
        before = facts(three)
        assert "Which conversations?" in three.refused(2, *verb)
        for more in (("a", "--all"), ("a", "--provider", "ollama"), ("--all", "--provider", "ollama")):
            assert "cannot be combined" in three.refused(2, *verb, *more)
        assert facts(three) == before

    @pytest.mark.parametrize("verb", [("archive",), ("unarchive",), ("delete",), ("tag", "+x")])
    def test_an_unknown_name_among_many(self, three: Chatmgr, verb: tuple[str, ...]) -> None:
        before = facts(three)
        assert "no conversation “xyz”" in three.refused(5, *verb, "a", "xyz", "b")
        assert "no conversation “xyz”" in three.refused(5, "rename", "a", "x", "xyz", "y")
        assert facts(three) == before

    @pytest.mark.parametrize(
        "words",
        [
            ("archive", "--all"),
            ("delete", "a", "b"),
            ("delete", "--remote", "--all"),
            ("tag", "--all", "+x"),
            ("rename", "a", "b", "b", "a"),
            ("rename", "a", "--title", "A"),
            ("rename", "--all", "--replace", "a", "x"),
        ],
    )
    def test_dry_run(self, three: Chatmgr, words: tuple[str, ...]) -> None:
        before = facts(three)
        shown = three(*words, "--dry-run")
        assert all(line.startswith("would be ") for line in shown.out.splitlines())
        assert shown.out
        assert shown.err == ""
        assert all("would_be" in word for word in three(*words, "--dry-run", "--json").json())
        assert facts(three) == before

    def test_by_filters(self, three: Chatmgr) -> None:
        three("tag", "a", "b", "+work")
        done = three("archive", "--tag", "work", "--json").json()
        assert {result["name"] for result in done} == {"a", "b"}
        assert {result["did"] for result in done} == {"archived"}
        assert names(three) == ["c"]
        assert "No conversation matches" in three("archive", "--model", "nothing").err
        assert three("unarchive", "--tag", "work").err == "2 conversations are back in the lists.\n"
        assert len(names(three)) == 3


class TestDeletingMany:
    def test_a_filter_that_takes_many_asks_at_a_terminal(self, three: Chatmgr) -> None:
        assert at_terminal(three, ["delete", "--all"])[0] == 0  # three are few
        assert names(three) == []
        three("restore", "--all")
        for name in "defgh":
            three("new", name, "-a", "a")
        many = ["delete", "--provider", "ollama"]
        code, seen = at_terminal(three, many, ("Move 8 conversations to the trash? [y/N]", "n\r"))
        assert (code, len(names(three))) == (0, 8)
        assert "Nothing was changed." in seen
        assert at_terminal(three, ["delete", *"abcdef"])[0] == 0  # named, each of them
        three("restore", "--all")
        at_terminal(three, many, ("Move 8 conversations to the trash? [y/N]", "y\r"))
        assert names(three) == []


class TestRename:
    def test_one_two_and_a_swap(self, three: Chatmgr) -> None:
        assert three("rename", "a", "plan").err == "“a” is now called “plan”.\n"
        three("rename", "plan", "b", "b", "plan")
        assert set(names(three)) == {"plan", "b", "c"}
        [done] = three("rename", "c", "--title", "The third", "--json").json()
        assert (done["did"], done["title"]) == ("renamed", "The third")
        assert {conversation["title"] for conversation in three.json("history")} == {None, "The third"}
        three("rename", "--all", "--replace", "b", "draft/")
        assert "draft/" in names(three)

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (("a", "b"), "There is a conversation “b” already"),
            (("a", "b", "b", "c"), "There is a conversation “c” already"),
            (("a", "x", "b", "x"), "Two conversations would be called “x”"),
            (("a", "x", "a", "y"), "only one name"),
            (("a",), "The new name for “a” is missing"),
            ((), "in pairs"),
            (("a", "x@y"), "may not contain “@”"),
            (("a", "x", "b", "y", "--title", "T"), "for one conversation"),
            (("a", "--title", "\x1b[31m"), "control or invisible"),
            (("--all",), "go with --replace"),
            (("--replace", "a", "x"), "Which conversations?"),
            (("--all", "--replace", "", "x"), "nothing to replace"),
            (("--all", "--replace", "a", "b"), "“b” already"),
            (("--all", "--replace", "a", ""), "name is empty"),
            (("a", "--replace", "a", "x"), "not with names"),
        ],
    )
    def test_refused(self, three: Chatmgr, words: tuple[str, ...], told: str) -> None:
        before = facts(three)
        assert told in three.refused(2, "rename", *words)
        assert facts(three) == before


class TestTags:
    def test_on_off_and_listed(self, three: Chatmgr) -> None:
        three("tag", "a", "b", "+work", "+draft")
        [done] = three("tag", "a", "-draft", "+new", "--json").json()
        assert (done["name"], done["did"], done["tags"]) == ("a", "tagged", ["new", "work"])
        listed = three("tag", "--list", "--json").json()
        assert listed == [{"tag": t, "conversations": n} for t, n in (("draft", 1), ("new", 1), ("work", 2))]
        assert three("tag", "--list").out.splitlines()[1].split() == ["draft", "1"]
        assert {tuple(conversation["tags"]) for conversation in three.json("history")} == {
            ("new", "work"),
            ("draft", "work"),
            (),
        }

    def test_what_begins_like_an_option(self, three: Chatmgr) -> None:
        three("tag", "a", "+h", "+json", "+list")
        assert "Usage: chatmgr tag" in three("tag", "a", "-h").out
        assert "Usage: chatmgr tag" in three("tag", "--help").out
        three("tag", "a", "-json", "-list")
        assert three.json("tag", "--list") == [{"tag": "h", "conversations": 1}]
        three("tag", "a", "--", "-h", "+x")
        assert three.json("tag", "--list") == [{"tag": "x", "conversations": 1}]
        three("tag", "--tag", "x", "--since", "1d", "-x")
        assert three.json("tag", "--list") == []

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (("a",), "Which tags?"),
            (("+x",), "Which conversations?"),
            (("a", "+x", "-x"), "at once"),
            (("a", "+a,b"), "cannot be a tag"),
            (("a", "+" + "x" * 33), "cannot be a tag"),
            (("a", "--", "--x"), "cannot be a tag"),
            (("--list", "a"), "cannot be combined"),
        ],
    )
    def test_refused(self, three: Chatmgr, words: tuple[str, ...], told: str) -> None:
        assert told in three.refused(2, "tag", *words)
        assert three.json("tag", "--list") == []


class TestTrash:
    def test_there_and_back(self, three: Chatmgr) -> None:
        assert "To undo: chatmgr restore a" in three("delete", "a").err
        assert names(three, "trash", "list") == ["a"]
        assert three.json("trash", "list")[0]["deleted_at"]
        three("new", "a", "-i", "y", "--provider", "ollama", "-a", "other")
        done = three("restore", "a")
        assert "has been taken meanwhile" in done.err
        assert "“a” is back, as “a-2”." in done.err
        three("delete", "a", "b")
        assert three("restore", "a", "b").err == "2 conversations are back.\n"
        three("delete", "b")
        three("restore", "b", "--as", "z")
        assert set(names(three)) == {"a", "a-2", "z", "c"}
        three("delete", "z")
        assert "“a” already" in three.refused(2, "restore", "z", "--as", "a")
        assert "not deleted" in three.refused(5, "restore", "a")
        assert "no deleted conversation “y”" in three.refused(5, "restore", "y")

    def test_nothing_without_a_yes(self, three: Chatmgr) -> None:
        three("delete", "a", "b")
        before = facts(three)
        for words in (("empty",), ("empty", "a"), ("empty", "--provider", "ollama")):
            assert "--yes" in three.refused(2, "trash", *words)
        assert "--yes" in three.refused(2, "delete", "c", "--remote")
        assert facts(three) == before
        [done] = three("trash", "empty", "a", "--yes", "--json").json()
        assert done["did"] == "deleted for good"
        assert names(three, "trash", "list") == ["b"]
        three("trash", "empty", "--yes")
        assert names(three, "trash", "list") == []
        assert three("trash", "empty").err == "The trash is empty.\n"
        assert names(three) == ["c"]

    def test_asked_at_a_terminal(self, three: Chatmgr) -> None:
        three("delete", "a")
        question = "Delete “a” (0 turns) for good? [y/N]"
        code, seen = at_terminal(three, ["trash", "empty"], (question, "n\r"))
        assert (code, names(three, "trash", "list")) == (0, ["a"])
        assert "Nothing was changed." in seen
        again = ((question, "perhaps\r"), ("Type y for yes, or n for no.", ""), ("[y/N]", "\x03"))
        code, seen = at_terminal(three, ["trash", "empty"], *again)
        assert (code, names(three, "trash", "list")) == (130, ["a"])
        assert "[y/N]: \nchatmgr: Interrupted." in seen.replace("\r", "").replace("^C", "")
        code, seen = at_terminal(three, ["trash", "empty"], (question, "y\r"))
        assert (code, names(three, "trash", "list")) == (0, [])
        assert "“a” is deleted for good." in seen

    def test_kept_for_as_long_as_is_set(self, three: Chatmgr) -> None:
        three("delete", "a", "b")
        (three.home / "config.toml").write_text("trash_days = 30\n")
        old = (datetime.now(UTC) - timedelta(days=31)).strftime("%Y-%m-%d %H:%M:%S.%f")
        self._write(three, "UPDATE conversations SET deleted_at = ? WHERE name = 'a'", old)
        assert "deletes for good" in three("trash", "list").err
        assert "“a”" not in three("trash", "list").err
        assert names(three, "trash", "list") == ["b", "a"]
        when = datetime.now(UTC) - timedelta(days=1, minutes=1)
        longer = (datetime.now(UTC) - timedelta(days=33)).strftime("%Y-%m-%d %H:%M:%S.%f")
        self._write(three, "UPDATE conversations SET deleted_at = ? WHERE name = 'a'", longer)
        self._write(
            three, "UPDATE meta SET value = ? WHERE key = 'trash_announced'", f"{when.isoformat()} 30"
        )
        assert "as announced (trash_days): “a”" in three("delete", "c").err
        assert names(three, "trash", "list") == ["c", "b"]

    @staticmethod
    def _write(chatmgr: Chatmgr, sql: str, *values: str) -> None:
        with closing(sqlite3.connect(chatmgr.home / "chatmgr.db", isolation_level=None)) as db:
            assert db.execute(sql, values).rowcount == 1


def test_names_complete(three: Chatmgr) -> None:
    three("delete", "a")
    three("tag", "b", "+work")
    for verb, hits in {"delete": ["b", "c"], "rename": ["b", "c"], "restore": ["a"]}.items():
        assert completed(three, "bash", f"chatmgr {verb} ", 2) == hits
    assert completed(three, "bash", "chatmgr trash empty ", 3) == ["a"]
    assert completed(three, "bash", "chatmgr tag +w", 2) == ["+work"]


@pytest.mark.parametrize(
    "words",
    [
        ("archive", "a"),
        ("tag", "a", "+x"),
        ("rename", "a", "z"),
        ("delete", "a"),
        ("trash", "empty", "--yes"),
    ],
    ids=" ".join,
)
def test_no_sdk_is_loaded(three: Chatmgr, words: tuple[str, ...]) -> None:
    three("delete", "b")
    assert foreign(modules(three, *words)) & HEAVY == {"sqlalchemy"}


def test_reading_the_trash_loads_click_alone(three: Chatmgr) -> None:
    three("delete", "b")
    assert foreign(modules(three, "trash", "list")) == {"click"}
    assert foreign(modules(three, "tag", "--list")) == {"click"}
