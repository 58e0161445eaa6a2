"""--here: a conversation belongs to the project it was used in last."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import CHATMGR, Chatmgr, CommandResult
from tests.support.screen import Screen, environment
from tests.wire import WireServer

In = Callable[..., CommandResult]


@pytest.fixture
def inside(chatmgr: Chatmgr, wire: WireServer) -> In:
    """`inside(folder, "send", …)` runs a command there, whose user has a home beside all projects."""
    chatmgr.provider("completions", wire.base_url)
    user = chatmgr.home.parent / "user"
    user.mkdir()

    def run(folder: str, *words: str, **how: Any) -> CommandResult:
        where = user / folder
        where.mkdir(parents=True, exist_ok=True)
        command = ["sh", "-c", 'cd "$1" && shift && exec "$@"', "-", str(where), *CHATMGR, *words]
        return chatmgr.program(command, **{"stdin": b"", "env": {"HOME": str(user)}, **how})

    return run


NEW = ("-i", "Be brief.", "--provider", "wire", "hi")


def folders(chatmgr: Chatmgr) -> dict[str, str]:
    """The folder of each conversation, below the user's home."""
    user = chatmgr.home.parent / "user"
    document = {conversation["name"]: conversation["folder"] for conversation in chatmgr.json("history")}
    return {name: str(Path(folder).relative_to(user)) if folder else "" for name, folder in document.items()}


def test_the_project_is_the_repository_around(inside: In, chatmgr: Chatmgr) -> None:
    inside("work/.git", "config", "path")
    inside("work/src/deep", "new", "a", *NEW)
    inside("notes/today", "new", "b", *NEW)  # no repository: the folder itself
    inside("", "new", "c", *NEW)  # the home folder is no project
    assert folders(chatmgr) == {"a": "work", "b": "notes/today", "c": ""}
    inside("", "send", "a", "two")  # used from nowhere, it stays where it belongs
    inside("notes/today", "send", "c", "two")
    assert folders(chatmgr) == {"a": "work", "b": "notes/today", "c": "notes/today"}
    inside("work", "resume", "b", stdin=b"")
    assert folders(chatmgr)["b"] == "work"


def test_a_home_that_is_a_repository_is_no_project(inside: In, chatmgr: Chatmgr) -> None:
    inside(".git", "config", "path")
    inside("", "new", "a", *NEW)
    inside("tries", "new", "b", *NEW)
    assert folders(chatmgr) == {"a": "", "b": "tries"}
    inside("worktree", "config", "path")
    (chatmgr.home.parent / "user/worktree/.git").write_text("gitdir: ../elsewhere\n", "utf-8")
    inside("worktree/src", "new", "c", *NEW)
    assert folders(chatmgr)["c"] == "worktree"


def test_without_a_verb_the_one_is_named_that_resume_takes(inside: In, chatmgr: Chatmgr) -> None:
    inside("one", "new", "a", *NEW)
    inside("two", "new", "b", *NEW)
    user = chatmgr.home.parent / "user"
    for folder, words in (("one", "“a”, the one used last here: "), ("two", "“b”, the one used last: ")):
        with Screen(["-m", "chatmgr"], environment(chatmgr.home, HOME=str(user)), user / folder) as screen:
            screen.until(f"Go on with {words}chatmgr resume", "Everything else")
            assert screen.end() == 0


def test_resume_takes_the_last_one_here(inside: In) -> None:
    inside("one", "new", "a", *NEW)
    inside("two", "new", "b", *NEW)
    error = inside("one", "resume").err
    assert "“a” was the last one here; “b” was used later, elsewhere: chatmgr resume b" in error
    assert "Going on with: chatmgr resume a" in error
    error = inside("one", "resume").err  # now it is the last one of all, and there is nothing to say
    assert "elsewhere" not in error
    assert "Going on with: chatmgr resume a" in inside("three", "resume").err
    assert "Going on with: chatmgr resume b" in inside("two", "resume", "--here").err


def test_here_demands_one_of_this_folder(inside: In, chatmgr: Chatmgr) -> None:
    inside("one", "new", "a", *NEW)
    three = chatmgr.home.parent / "user/three"
    error = inside("three", "resume", "--here", code=5).err
    assert error.startswith(f"chatmgr: There is no conversation of “{three}”. Begin one: chatmgr new")
    for verb in ("resume", "history"):
        assert "There is no project at" in inside("", verb, "--here", code=5).err
        assert inside("", verb, "--here", code=5).err.count("\n") == 1
    assert "goes without a name" in inside("one", "resume", "a", "--here", code=2).err


def test_history_here_lists_and_searches(inside: In) -> None:
    inside("one", "new", "a", *NEW)
    inside("two", "new", "b", *NEW)
    assert [record["name"] for record in inside("one", "history", "--here", "--json").json()] == ["a"]
    hits = inside("two", "history", "-q", "hi", "--here", "--json").json()
    assert [hit["conversation"] for hit in hits] == ["b"]
    nothing = inside("three", "history", "--here")
    assert (nothing.out, nothing.err) == ("", "No conversation matches. See them all: chatmgr history\n")
    assert "Filters go with the list" in inside("one", "history", "a", "--here", code=2).err


def test_folders_can_be_left_unknown(inside: In, chatmgr: Chatmgr) -> None:
    path = chatmgr.home / "config.toml"
    path.write_text(f"folders = false\n{path.read_text('utf-8')}", "utf-8")
    inside("one", "new", "a", *NEW)
    inside("one", "send", "a", "two")
    inside("one", "resume", "a")
    assert folders(chatmgr) == {"a": ""}
    assert "the setting folders is false" in inside("one", "resume", "--here", code=2).err


def test_a_turn_that_is_not_there(inside: In, chatmgr: Chatmgr) -> None:
    """As history has it; and where there is one, lines that are piped in go to the end."""
    inside("one", "new", "a", *NEW)
    for address in ("a@2", "a@-2", "a@0", "b@1"):
        assert "There is no" in inside("one", "resume", address, code=5).err
    inside("one", "resume", "a@1", stdin=b"two\n")
    assert chatmgr.turn("a@2")["user"] == "two"
