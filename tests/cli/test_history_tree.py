"""``history --tree`` and ``--log``, and searching all paths, as processes."""

import re
from collections.abc import Iterator

import pytest

from tests.support.commands import Chatmgr
from tests.support.store import Store


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    """``demo`` was undone and said differently, and ``other`` goes on from its second turn."""
    made = Store(sqlite_url)
    for text in ("one", "two", "three", "four"):
        made.answer(text, "An answer.", "demo")
    pk = made.now("demo").pk
    made.writer.tree.fork(pk, 2, "other")
    made.writer.tree.move_tip(pk, 2, "undo")
    made.answer("drei", "Eine Antwort.", "demo")
    made.answer("a \x1b]0;pwned\x07 question " + "very " * 40 + "long", "An answer.", "demo")
    made.writer.tree.move_tip(pk, 3, "undo")
    yield made
    made.close()


@pytest.fixture
def asked(store: Store, chatmgr: Chatmgr) -> Chatmgr:
    """chatmgr, to look at that store."""
    return chatmgr


def test_the_tree_shows_every_path(asked: Chatmgr) -> None:
    done = asked("history", "demo", "--tree")
    lines = done.out.splitlines()
    assert lines[:-1] == [
        "demo · path ~2 · 2 paths · ends at @3",
        "  @1  one",
        "  @2  two",
        "  ├─ demo~1 · 2 turns",
        "  │  ~1@3  three",
        "  │  ~1@4  four",
        "  ├─ other goes on from here",
        "* @3  drei",
    ]
    assert lines[-1].startswith("  @4  a ␛]0;pwned␇ question very")
    assert lines[-1].endswith("…  (undone)")
    assert done.err == "Go to another path: chatmgr switch demo~N\n"
    assert asked("history", "demo~1", "--tree").out == done.out
    assert asked("history", "other", "--tree").out.splitlines() == [
        "other · path ~1 · ends at @2",
        "  @1  one",
        "* @2  two",
        "  ├─ demo goes on from here",
    ]


def test_a_path_from_the_start_comes_before_the_first_turn(asked: Chatmgr, store: Store) -> None:
    store.writer.tree.move_tip(store.now("other").pk, 0, "undo")
    store.answer("anew", "An answer.", "other")
    assert asked("history", "other", "--tree").out.splitlines() == [
        "other · path ~2 · 2 paths · ends at @1",
        "  ├─ other~1 · 2 turns",
        "  │  ~1@1  one",
        "  │  ~1@2  two",
        "  │  ├─ demo goes on from here",
        "* @1  anew",
    ]
    store.writer.tree.move_tip(store.now("other").pk, 0, "undo")
    heading, *_ = asked("history", "other", "--tree").out.splitlines()
    assert heading == "other · path ~2 · 2 paths · has no turns"


def test_the_tree_as_json(asked: Chatmgr) -> None:
    current, left = asked.json("history", "demo", "--tree")
    assert (current["path"], current["current"], current["parts_from"]) == ("demo~2", True, None)
    assert (current["tip"], current["end"], current["parts_after"]) == (3, 4, None)
    assert [(turn["address"], turn["undone"]) for turn in current["turns"]] == [
        ("demo@1", False),
        ("demo@2", False),
        ("demo@3", False),
        ("demo~2@4", True),
    ]
    assert current["shared_with"] == [{"conversation": "other", "up_to": 2}]
    assert (left["path"], left["parts_from"], left["parts_after"]) == ("demo~1", "demo~2", 2)
    assert left["turns"][0] == {"address": "demo~1@3", "turn": 3, "user": "three", "undone": False}


def test_the_log_tells_what_was_done(asked: Chatmgr, store: Store) -> None:
    tree, demo = store.writer.tree, store.now("demo")
    left, right = (store.reader.tree.along(demo, number).branch for number in (1, 2))
    tree.switch(demo.pk, left, 4)
    tree.fork(demo.pk, 3, "left", branch=right)
    store.writer.conversations.rename({demo.pk: "better"})
    lines = asked("history", "better", "--log").out.splitlines()
    deeds = [re.sub(r"^\S+ \S+( · process \d+)?  ", "", line) for line in lines]
    assert deeds == [
        "created",
        "title: Demo",
        "forked at @2 as other",
        "undone: from @4 to @2",
        "undone: from @4 to @3",
        "switched to another path: from @3 to ~1@4",
        "forked at ~2@3 as left",
        "renamed from demo to better",
    ]
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d · process \d+  ", line) for line in lines[1:])
    [last] = asked.json("history", "better", "--log", "-n", "1")
    assert (last["action"], last["detail"]) == ("rename", {"before": "demo", "name": "better"})
    assert list(last) == ["at", "action", "pid", "host", "detail"]
    [switch] = asked.json("history", "better", "--log", "-n", "3")[:1]
    assert switch["detail"] == {"before": 3, "after": 4, "path": 1}
    [first] = asked.json("history", "other", "--log", "-n", "2")[:1]
    assert (first["action"], first["pid"]) == ("create", None)


def test_the_log_tells_what_a_scrub_removed(asked: Chatmgr) -> None:
    asked("scrub", "three", "demo", "--yes")
    assert asked("history", "demo", "--log").out.endswith("  scrubbed: the text (1)\n")


def test_a_search_of_all_paths(asked: Chatmgr) -> None:
    assert asked("history", "-q", "three").out == ""
    head, piece = asked("history", "-q", "three", "--all-paths").out.splitlines()
    assert head.startswith("demo~1@3 · ")
    assert head.endswith("on a path that was left")
    assert piece == "> three"
    [hit] = asked.json("history", "-q", "two", "--all-paths")
    assert (hit["address"], hit["path"], hit["also_in"]) == ("demo@2", None, ["other"])
    assert "demo@2 · " in asked("history", "-q", "two").out
    assert "also in other" in asked("history", "-q", "two").out


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--tree",), "--tree goes with NAME."),
        (("demo@2", "--log"), "--log goes with NAME."),
        (("demo", "-q", "x", "--tree"), "--tree goes with NAME."),
        (("demo", "--tree", "--log"), "--tree and --log exclude each other."),
        (("demo", "--items", "--save", "x"), "--items and --save exclude each other."),
        (("demo", "--all-paths"), "--all-paths goes with -q."),
    ],
)
def test_options_that_do_not_go_together(asked: Chatmgr, args: tuple[str, ...], message: str) -> None:
    assert message in asked.refused(2, "history", *args)
