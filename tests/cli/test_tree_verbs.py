"""The verbs that change a conversation's course: what they do, what they say, and how it is taken back."""

import itertools
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.commands import TURN, Chatmgr
from tests.wire import Fault, Gate, WireServer

Messages = list[tuple[str, str]]


@pytest.fixture
def memories(wire: WireServer) -> list[Messages]:
    """What the model had before it, each time that it answered; its answers are numbered."""
    heard: list[Messages] = []
    numbers = itertools.count(1)

    def reply(messages: Messages, _: str | None) -> str:
        heard.append(list(messages))
        return f"answer {next(numbers)}"

    wire.world.reply = reply
    return heard


@pytest.fixture
def demo(chatmgr: Chatmgr, wire: WireServer, api: str, memories: list[Messages]) -> Chatmgr:
    """chatmgr with the conversation ``demo``, of three turns, on each API."""
    chatmgr.provider(api, wire.base_url)
    chatmgr("new", "demo", "-i", "Be brief.", "--provider", "wire", "one")
    for text in ("two", "three"):
        chatmgr("send", "demo", text)
    memories.clear()
    return chatmgr


def path(chatmgr: Chatmgr, name: str = "demo") -> Messages:
    """The messages of a conversation's path."""
    turns = chatmgr.json("history", name)
    return [message for turn in turns for message in (("user", turn["user"]), ("assistant", turn["answer"]))]


def forgive_prefill(wire: WireServer) -> None:
    """Take note of what continues a last message at vLLM and SGLang: OpenAI's document has no word for it."""
    for violation in wire.violations:
        assert "'continue_final_message'" in violation or "'add_generation_prompt'" in violation
    wire.violations.clear()


def questions(chatmgr: Chatmgr, name: str = "demo") -> list[str]:
    """The questions on a conversation's path."""
    return [turn["user"] for turn in chatmgr.json("history", name)]


def test_a_fork_shares_the_turns_before_and_nothing_after(demo: Chatmgr, memories: list[Messages]) -> None:
    done = demo("fork", "demo@2", "plan-b")
    assert (done.out, done.err) == (
        "",
        "Forked demo@2 as “plan-b”.\nGo on: chatmgr resume plan-b\nTake it back: chatmgr delete plan-b\n",
    )
    shared = path(demo, "plan-b")
    assert shared == path(demo)[:4]
    demo("send", "plan-b", "drei")
    assert memories == [[*shared, ("user", "drei")]]
    assert questions(demo) == ["one", "two", "three"]
    demo("send", "demo", "four")
    assert memories[-1] == path(demo)[:-1]
    assert len(memories[-1]) == 7


def test_a_fork_without_a_name_or_a_turn(demo: Chatmgr) -> None:
    assert demo("fork", "demo").err.startswith("Forked demo@3 as “demo-2”.\nGo on: chatmgr resume demo-2\n")
    [fork] = demo.json("fork", "demo@-2")
    assert (fork["name"], fork["turns"], fork["thread_id"]) == ("demo-3", 2, None)
    line = demo.refused(2, "fork", "demo", "demo-2")
    assert line.startswith("chatmgr: There is a conversation “demo-2” already.")
    assert "There is no turn “demo@4”" in demo.refused(5, "fork", "demo@4")


def test_a_fork_outlives_its_source(demo: Chatmgr, memories: list[Messages]) -> None:
    demo("fork", "demo@2", "plan-b")
    demo("delete", "demo", "-y")
    demo("trash", "empty", "-y")
    assert questions(demo, "plan-b") == ["one", "two"]
    demo("send", "plan-b", "drei")
    assert memories[-1] == path(demo, "plan-b")[:-1]
    assert demo("db", "check").code == 0


def test_undo_and_redo(demo: Chatmgr, memories: list[Messages]) -> None:
    done = demo("undo", "demo")
    assert done.err == "“demo” ends at @2 now. Take it back: chatmgr redo demo\n"
    assert questions(demo) == ["one", "two"]
    assert demo("redo", "demo").err == "“demo” ends at @3 now. Take it back: chatmgr undo demo\n"
    assert demo("undo", "demo", "-n", "9").err == (
        "“demo” is at its beginning now. Take it back: chatmgr redo demo -n 3\n"
    )
    assert demo.refused(2, "undo", "demo") == "chatmgr: “demo” has no turn to undo."
    [document] = demo.json("redo", "demo", "-n", "2")
    assert (document["name"], document["turns"]) == ("demo", 2)
    demo("send", "demo", "drei")
    assert memories == [path(demo)[:-1]]
    assert questions(demo) == ["one", "two", "drei"]
    assert demo.refused(2, "redo", "demo") == "chatmgr: “demo” has no turn to redo."
    assert questions(demo, "demo~1") == ["one", "two", "three"]


@pytest.mark.parametrize("api", ["responses", "assistants"])
def test_a_thread_that_holds_what_was_undone_is_not_fetched_from(demo: Chatmgr) -> None:
    demo("undo", "demo", "-n", "2")
    [thread] = demo.json("thread", "show", "demo")
    assert (thread["synced"], thread["turns"], thread["ahead"], thread["state"]) == (1, 1, 2, "ahead")
    assert "2 ahead" in demo("thread", "show", "demo").out
    assert "holds turns that are no longer on the path of “demo”." in demo.refused(
        2, "thread", "sync", "demo"
    )
    demo("redo", "demo", "-n", "2")
    assert demo("thread", "sync", "demo").err == "“demo” has 0 new turns.\n"


def test_a_turn_said_differently(demo: Chatmgr, memories: list[Messages]) -> None:
    before = path(demo)
    done = demo("edit", "demo@2", "zwei")
    assert done.out == "answer 4\n"
    assert done.err.startswith(
        "demo@2 is said differently, on a path of its own.\nThe path before: chatmgr switch demo~1@3\n"
    )
    assert memories == [[*before[:2], ("user", "zwei")]]
    assert path(demo) == [*memories[0], ("assistant", "answer 4")]
    assert path(demo, "demo~1") == before
    assert demo.turn("demo~1@3")["conversation"] == "demo~1"
    demo("send", "demo", "on")
    assert memories[-1] == path(demo)[:-1]
    done = demo("switch", "demo~1@3")
    assert done.err == (
        "“demo” is on its path ~1 now, and ends at @3. Take it back: chatmgr switch demo~2@3\n"
    )
    log = demo("history", "demo", "--log").out
    assert demo("switch", "demo~1").err == "“demo” is already on its path ~1, and ends at @3.\n"
    assert demo("history", "demo", "--log").out == log
    demo("send", "demo", "four")
    assert memories[-1] == [*before, ("user", "four")]
    demo("switch", "demo~2@2")
    demo("send", "demo", "five")
    assert [text for role, text in memories[-1] if role == "user"] == ["one", "zwei", "five"]


def test_what_an_edit_says_comes_from_the_pipe_too(demo: Chatmgr) -> None:
    [turn] = demo("edit", "demo@-1", "Why?", "--json", stdin=b"a diff\n").json()
    assert (turn["turn"], turn["user"], turn["answer"]) == (3, "a diff\n\nWhy?", "answer 4")
    assert demo.refused(2, "edit", "demo@1") == (
        "chatmgr: What is to be said instead? Add it, or edit what was said with -e."
    )
    assert demo.refused(2, "edit", "demo", "x").startswith("chatmgr: Which turn? For instance the last:")
    assert demo.refused(2, "edit", "demo@1", "-e") == (
        "chatmgr: There is no terminal for an editor. Type the message instead."
    )
    assert demo.refused(2, "edit", "demo~1@1", "x") == (
        "chatmgr: demo~1@1 is not on the path that the conversation is on. "
        "Go there first: chatmgr switch demo~1"
    )


@pytest.mark.parametrize("api", ["completions"])
def test_another_path_can_be_exported(demo: Chatmgr) -> None:
    demo("edit", "demo@2", "zwei")
    for form in ("md", "text", "html"):
        own, other = (demo("export", name, "--format", form).out for name in ("demo", "demo~1"))
        assert "zwei" in own
        assert "zwei" not in other
        assert "three" not in own
        assert "three" in other
    lossless = [demo("export", *names, "--format", "jsonl").out for names in (["demo"], ["demo~1", "demo"])]
    assert [text.splitlines()[1:] for text in lossless[:1]] == [lossless[1].splitlines()[1:]]
    demo("export", "demo", "demo~1", "-o", "pages/", "--format", "html")
    assert {file.name for file in (demo.home.parent / "pages").iterdir()} == {
        "demo.html",
        "demo-1.html",
        "index.html",
    }


def test_an_edit_whose_server_is_gone_keeps_both(demo: Chatmgr, wire: WireServer, api: str) -> None:
    before = path(demo)
    wire.fault(Fault(kind="status", match=TURN[api], status=400))
    assert demo("edit", "demo@2", "zwei", code=8).out == ""
    assert demo.turn("demo@-1")["user"] == "zwei"
    assert path(demo, "demo~1") == before


def test_what_is_refused_before_it_is_stored_changes_nothing(demo: Chatmgr, wire: WireServer) -> None:
    before = path(demo)
    with closing(sqlite3.connect(demo.home / "chatmgr.db")) as db, db:
        db.execute("UPDATE conversations SET max_cost = 1")
        db.execute("UPDATE runs SET cost = 2")
    for words in (("edit", "demo@2", "zwei"), ("retry", "demo@1"), ("retry", "demo")):
        assert "its limit is" in demo.refused(8, *words)
    assert "can be sent" in demo.refused(2, "edit", "demo@2", "zwei", "-f", "-", stdin=b"\0\1")
    assert path(demo) == before
    assert demo.rows("SELECT count(*) FROM branches") == [(1,)]


def test_retry_of_the_last_turn_is_another_run_of_it(demo: Chatmgr, memories: list[Messages]) -> None:
    before = path(demo)
    done = demo("retry", "demo")
    assert done.out == "answer 4\n"
    assert done.err.splitlines()[0] == (
        "The answer before is kept. Take it back: chatmgr retry demo@3 --pick 1"
    )
    assert memories == [before[:-1]]
    [turn] = demo("history", "demo@3", "--runs", "--json").json()
    assert [(run["answer"], run["chosen"]) for run in turn["runs"]] == [
        ("answer 3", False),
        ("answer 4", True),
    ]
    demo("send", "demo", "four")
    assert memories[-1] == path(demo)[:-1]
    assert ("assistant", "answer 4") in memories[-1]


def test_picking_an_answer(demo: Chatmgr, memories: list[Messages]) -> None:
    demo("retry", "demo")
    done = demo("retry", "demo", "--pick", "1")
    assert done.err == "Run 1 answers demo@3 now. Take it back: chatmgr retry demo@3 --pick 2\n"
    assert demo.turn("demo@3")["answer"] == "answer 3"
    demo("send", "demo", "four")
    assert memories[-1] == path(demo)[:-1]
    assert demo.refused(2, "retry", "demo@3", "--pick", "1") == "chatmgr: Run 1 answers demo@3 already."
    assert demo.refused(5, "retry", "demo@3", "--pick", "3") == ("chatmgr: demo@3 has 2 runs, and no run 3.")
    spent = demo.json("stats")
    [turn] = demo.json("retry", "demo@3", "--pick", "2")
    assert (turn["turn"], turn["answer"], turn["cost"], turn["input_tokens"]) == (3, "answer 4", 0, 0)
    assert questions(demo) == ["one", "two", "three"]
    assert questions(demo, "demo~1") == ["one", "two", "three", "four"]
    assert [row["input_tokens"] for row in demo.json("stats")] == [row["input_tokens"] for row in spent]
    demo("send", "demo", "vier")
    assert memories[-1] == path(demo)[:-1]
    assert ("assistant", "answer 4") in memories[-1]
    assert demo("db", "check").code == 0


def test_retry_of_an_earlier_turn_is_a_path_of_its_own(demo: Chatmgr, memories: list[Messages]) -> None:
    before = path(demo)
    done = demo("retry", "demo@2")
    assert done.err.startswith(
        "demo@2 is answered anew, on a path of its own.\nThe path before: chatmgr switch demo~1@3\n"
    )
    assert memories == [before[:3]]
    assert path(demo) == [*before[:3], ("assistant", "answer 4")]
    assert path(demo, "demo~1") == before


def test_a_shared_turn_is_never_changed(demo: Chatmgr, memories: list[Messages]) -> None:
    before = path(demo)
    demo("fork", "demo", "plan-b")
    demo("retry", "plan-b")
    assert path(demo) == before
    assert path(demo, "plan-b") == [*before[:-1], ("assistant", "answer 4")]
    demo("retry", "demo")
    assert path(demo, "plan-b") == [*before[:-1], ("assistant", "answer 4")]
    assert path(demo)[-1] == ("assistant", "answer 5")
    demo("send", "plan-b", "on")
    assert memories[-1] == path(demo, "plan-b")[:-1]


def test_a_retry_after_an_undo_leaves_what_can_be_redone(demo: Chatmgr) -> None:
    before = path(demo)
    demo("undo", "demo")
    demo("retry", "demo")
    assert path(demo)[-1] == ("assistant", "answer 4")
    assert path(demo, "demo~1") == before


def test_a_retry_without_an_answer_keeps_the_one_before(
    demo: Chatmgr, wire: WireServer, api: str, memories: list[Messages]
) -> None:
    before = path(demo)
    wire.fault(Fault(kind="status", match=TURN[api], status=400))
    assert demo("retry", "demo", code=8).err.rstrip().endswith("The answer before stays.")
    assert path(demo) == before
    assert demo.json("history")[0]["state"] == "completed"
    [turn] = demo("history", "demo@3", "--runs", "--json").json()
    assert [run["state"] for run in turn["runs"]] == ["completed", "failed"]
    demo("send", "demo", "four")
    assert memories[-1] == [*before, ("user", "four")]


def test_a_retry_elsewhere_is_for_this_answer_alone(
    demo: Chatmgr, other: WireServer, memories: list[Messages]
) -> None:
    demo.provider("completions", other.base_url, "other")
    before = path(demo)
    assert demo("retry", "demo", "--provider", "other").out == "3 user turns; you said: 'three'\n"
    turn = demo.turn("demo@3")
    assert (turn["provider"], turn["model"]) == ("other", "tiny-llm")
    assert demo.json("history")[0]["provider"] == "wire"
    demo("send", "demo", "four")
    assert memories[-1] == [*before[:-1], ("assistant", turn["answer"]), ("user", "four")]


def test_files_go_along_again_unless_others_are_named(
    demo: Chatmgr, files: Path, memories: list[Messages]
) -> None:
    demo("send", "demo", "what is it", "-f", "notes.txt")
    assert [file["name"] for file in demo.turn("demo@4")["attachments"]] == ["notes.txt"]
    demo("edit", "demo@4", "what is this")
    assert [file["name"] for file in demo.turn("demo@4")["attachments"]] == ["notes.txt"]
    demo("retry", "demo@4")
    assert [text for _, text in memories[-1]] == [text for _, text in memories[-2]]


@pytest.mark.parametrize("api", ["assistants"])
def test_files_of_a_path_that_was_left_are_deleted_at_the_server_too(
    demo: Chatmgr, wire: WireServer, files: Path
) -> None:
    demo("send", "demo", "what is it", "-f", "dot.png")
    demo("edit", "demo@4", "never mind", "-f", "notes.txt")
    demo("fork", "demo~1", "plan-b")
    [name] = wire.world.files
    assert "“plan-b” has it too" in demo("delete", "demo", "--remote", "-y").err
    assert list(wire.world.files) == [name]
    demo("delete", "plan-b")
    demo("trash", "empty", "--remote", "-y")
    assert not wire.world.files


def test_an_answer_cut_off_goes_on(
    demo: Chatmgr, wire: WireServer, api: str, memories: list[Messages]
) -> None:
    wire.world.reply = lambda *_: "a b c d e f"
    wire.fault(Fault(kind="incomplete", match=TURN[api]))
    assert demo("send", "demo", "count", code=8).out == "a b c\n"
    heard: list[Messages] = []

    def go_on(messages: Messages, _: str | None) -> str:
        heard.append(list(messages))
        return " d e f"

    wire.world.reply = go_on
    done = demo("continue", "demo")
    forgive_prefill(wire)
    assert done.out == " d e f\n"
    turn = demo.turn("demo@4")
    assert (turn["answer"], turn["state"], turn["detail"]) == ("a b c d e f", "completed", None)
    [turn] = demo("history", "demo@4", "--runs", "--json").json()
    assert [(run["answer"], run["chosen"]) for run in turn["runs"]] == [
        ("a b c", False),
        ("a b c d e f", True),
    ]
    assert turn["output_tokens"] == turn["runs"][1]["output_tokens"] == 3
    asked = [*path(demo)[:7], ("assistant", "a b c")]
    assert heard[0][:8] == asked
    assert [role for role, _ in heard[0][8:]] == ([] if api == "completions" else ["user"])
    assert demo.refused(2, "continue", "demo") == (
        "chatmgr: The answer of demo@4 is complete. Ask for more: chatmgr send demo …"
    )
    demo("send", "demo", "five")
    assert heard[-1] == path(demo)[:-1]
    assert demo("db", "check").code == 0


def test_a_server_that_takes_no_half_answer_is_asked_in_words(
    demo: Chatmgr, wire: WireServer, api: str
) -> None:
    wire.world.reply = lambda *_: "a b c d e f"
    wire.fault(Fault(kind="incomplete", match=TURN[api]))
    demo("send", "demo", "count", code=8)
    wire.world.reply = lambda messages, _: f" [{messages[-1][0]}]"
    if api == "completions":
        wire.fault(Fault(kind="status", match=TURN[api], status=400))
    demo("continue", "demo")
    assert demo.turn("demo@4")["answer"] == "a b c [user]"


def test_going_on_with_a_shared_answer_leaves_it_as_it_is(demo: Chatmgr, wire: WireServer, api: str) -> None:
    wire.world.reply = lambda *_: "a b c d e f"
    wire.fault(Fault(kind="incomplete", match=TURN[api]))
    demo("send", "demo", "count", code=8)
    demo("fork", "demo", "plan-b")
    wire.world.reply = lambda *_: " d e f"
    demo("continue", "plan-b")
    forgive_prefill(wire)
    assert demo.turn("demo@4")["answer"] == "a b c"
    [turn] = demo("history", "plan-b@4", "--runs", "--json").json()
    [copied, whole] = turn["runs"]
    assert (copied["answer"], copied["cost"], copied["output_tokens"]) == ("a b c", 0, 0)
    assert (whole["answer"], whole["output_tokens"], whole["chosen"]) == ("a b c d e f", 3, True)
    assert turn["answer"] == "a b c d e f"


def test_a_name_that_looks_like_a_path(demo: Chatmgr) -> None:
    assert demo.refused(2, "rename", "demo", "demo~2") == (
        "chatmgr: The conversation name “demo~2” may not end like a path. “~2” addresses a path (name~2)."
    )
    assert demo.refused(5, "switch", "demo~2") == "chatmgr: There is no path “demo~2”. “demo” has one path."
    assert demo.refused(5, "send", "demo~1", "x") == (
        "chatmgr: There is no conversation “demo~1”. Go to that path first: chatmgr switch demo~1"
    )
    assert demo.refused(5, "undo", "demo@2") == (
        "chatmgr: There is no conversation “demo@2”. The name is meant here, without a turn: demo"
    )


@pytest.mark.parametrize("api", ["completions"])
def test_what_is_being_answered_is_not_changed(demo: Chatmgr, wire: WireServer, api: str) -> None:
    gate = Gate()
    wire.fault(Fault(kind="gate", match=TURN[api], after=2, gate=gate))
    running = demo.start("send", "demo", "four")
    gate.wait_reached(60)
    for words in (
        ("fork", "demo@1"),
        ("undo", "demo"),
        ("retry", "demo@1", "--pick", "1"),
        ("retry", "demo"),
    ):
        assert "“demo” is busy: process" in demo.refused(8, *words)
    running.kill()
    gate.open()
    done = demo("undo", "demo")
    assert done.err.splitlines()[0].startswith("demo@4 was interrupted: process")
    assert done.err.splitlines()[1] == "“demo” ends at @3 now. Take it back: chatmgr redo demo"
