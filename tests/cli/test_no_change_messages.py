"""What changes nothing is said to change nothing, and what is elsewhere is said to be there."""

import pytest

from tests.support.commands import Chatmgr
from tests.wire import WireServer


@pytest.fixture
def api() -> str:
    return "completions"


@pytest.fixture
def plan(chatmgr: Chatmgr) -> Chatmgr:
    """The empty conversations plan and diary."""
    for name in ("plan", "diary"):
        chatmgr("new", name, "-i", "x", "--provider", "ollama")
    return chatmgr


def test_what_is_so_already(plan: Chatmgr) -> None:
    assert plan("unarchive", "plan").err == "“plan” is already in the lists.\n"
    assert plan("archive", "plan").err == "“plan” is archived.\n"
    assert plan("archive", "plan").err == "“plan” is already archived.\n"
    plan("archive", "diary")
    assert plan("archive", "--all").err == "2 conversations are already archived.\n"
    assert plan("unarchive", "plan").err == "“plan” is back in the lists.\n"
    assert plan("rename", "plan", "plan").err == "“plan” is already called “plan”.\n"


def test_tags(plan: Chatmgr) -> None:
    assert plan("tag", "plan", "-notthere").err == "“plan” is already tagged -notthere.\n"
    assert plan("tag", "plan", "+work", "-notthere").err == "“plan” is tagged +work.\n"
    assert plan("tag", "plan", "+work").err == "“plan” is already tagged +work.\n"
    assert "no tag “wrok”. Did you mean “work”?" in plan.refused(5, "history", "--tag", "wrok")
    plan("delete", "plan")
    assert plan("restore", "--tag", "work").err == "“plan” is back.\n"  # a tag of what is in the trash


def test_titles(plan: Chatmgr) -> None:
    assert plan("rename", "plan", "--title", "Spring").err == "“plan” now has the title “Spring”.\n"
    assert plan("rename", "plan", "--title", "").err == "“plan” now has no title.\n"
    assert plan("rename", "plan", "trip", "--title", "A").err == "“plan” is now called “trip”.\n"


@pytest.mark.parametrize("verb", ["delete", "history", "resume", "send"])
def test_in_the_trash(plan: Chatmgr, verb: str) -> None:
    plan("delete", "plan")
    error = plan.refused(5, verb, "plan", stdin=b"hi")
    assert error == "chatmgr: There is no conversation “plan”. It is in the trash: chatmgr restore plan"


def test_several_come_back_as_they_went(plan: Chatmgr) -> None:
    assert plan("delete", "plan", "diary").err.endswith(
        "in the trash. To undo: chatmgr restore plan diary.\n"
    )
    plan("restore", "plan", "diary")
    for name in "abcd":
        plan("new", name, "-a", "plan")
    needed = "Moving 6 conversations to the trash needs confirmation. Add --yes."
    assert needed in plan.refused(2, "delete", "--all")
    assert plan("delete", "--all", "--yes").err.endswith("in the trash. To undo: chatmgr restore --all.\n")
    assert len(plan("restore", "--all", "--json").json()) == 6
    assert "with the same names or filters" in plan("delete", "--provider", "ollama", "-y").err
    assert len(plan("restore", "--provider", "ollama", "--json").json()) == 6


def test_no_turn_is_the_zeroth(talking: Chatmgr) -> None:
    for verb in ("history", "resume"):
        error = talking.refused(5, verb, "demo@0", stdin=b"")
        assert "no turn “demo@0”. “demo” has one turn. Turns begin at 1; -1 is the last." in error


def test_a_provider_that_is_configured_no_longer_is_still_one(talking: Chatmgr, wire: WireServer) -> None:
    (talking.home / "config.toml").unlink()
    assert [conversation["name"] for conversation in talking.json("history", "--provider", "wire")] == [
        "demo"
    ]
    assert talking.json("history", "--provider", "local") == []
    error = talking.refused(5, "history", "--provider", "wirre")
    assert "no provider “wirre”. Did you mean “wire”?" in error
    assert wire.turns_heard == ["one"]


def test_short_names_are_not_near_by_chance(chatmgr: Chatmgr) -> None:
    error = chatmgr.refused(5, "new", "x", "hi", "-i", "y", env={"CHATMGR_PROVIDER": "nope"})
    assert "no provider “nope”. See them all" in error
