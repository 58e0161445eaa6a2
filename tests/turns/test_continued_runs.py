"""An answer that goes on, and whose process dies meanwhile: what its server has follows what there was."""

import pytest

from tests.support.commands import AHEAD, TURN, Chatmgr
from tests.wire import Fault, Gate, WireServer


@pytest.fixture
def cut(chatmgr: Chatmgr, wire: WireServer, api: str) -> Chatmgr:
    """chatmgr with the conversation ``demo``, whose one answer was cut off, on each API."""
    chatmgr.provider(api, wire.base_url)
    wire.world.reply = lambda *_: "a b c d e f"
    wire.fault(Fault(kind="incomplete", match=TURN[api]))
    chatmgr("new", "demo", "-i", "Be brief.", "--provider", "wire", "count", code=8)
    wire.world.reply = lambda *_: " d e f"
    return chatmgr


def kill_in_the_middle(chatmgr: Chatmgr, wire: WireServer, api: str) -> Gate:
    """Kill a continue once its first word is kept; what its server goes on with waits for the gate."""
    gate = Gate()
    after = AHEAD[api] + 1
    wire.fault(Fault(kind="gate", match=TURN[api], after=after, gate=gate))
    running = chatmgr.start("continue", "demo")
    gate.wait_reached(60)
    running.kill()
    return gate


def test_a_killed_continue_is_settled_with_the_whole_text(cut: Chatmgr, wire: WireServer, api: str) -> None:
    kill_in_the_middle(cut, wire, api).open()
    wire.violations.clear()  # the prefill of Chat Completions, which OpenAI's document does not know
    wire.wait_idle()
    cut("history", "demo")
    turn = cut.turn("demo@1")
    if api == "completions":  # nobody else knows the rest
        assert turn["answer"] in {"a b c", "a b c d"}
        assert turn["state"] == ("incomplete" if turn["answer"] == "a b c" else "interrupted")
        cut("continue", "demo")
        wire.violations.clear()
        assert cut.turn("demo@1")["answer"].startswith("a b c")
    else:
        assert (turn["answer"], turn["state"]) == ("a b c d e f", "completed")
    assert cut("db", "check").code == 0


def test_the_next_turn_is_told_the_whole_answer(cut: Chatmgr, wire: WireServer, api: str) -> None:
    cut("continue", "demo")
    wire.violations.clear()
    heard: list[list[tuple[str, str]]] = []

    def reply(messages: list[tuple[str, str]], _: str | None) -> str:
        heard.append(list(messages))
        return "ok"

    wire.world.reply = reply
    done = cut("send", "demo", "next")
    assert heard == [[("user", "count"), ("assistant", "a b c d e f"), ("user", "next")]]
    notice = "is out of sync; rebuilding it from the transcript." if api != "completions" else ""
    assert notice in done.err


def test_a_continue_that_breaks_off_can_go_on_again(cut: Chatmgr, wire: WireServer, api: str) -> None:
    wire.fault(Fault(kind="incomplete", match=TURN[api]))
    cut("continue", "demo", code=8)
    wire.world.reply = lambda *_: " e f"
    cut("continue", "demo")
    wire.violations.clear()
    [document] = cut("history", "demo@1", "--runs", "--json").json()
    assert [run["answer"] for run in document["runs"]] == ["a b c", "a b c d", "a b c d e f"]
    assert document["answer"] == "a b c d e f"


def test_a_continue_that_gives_nothing_leaves_the_answer(cut: Chatmgr, wire: WireServer, api: str) -> None:
    wire.fault(Fault(kind="status", match=TURN[api], times=2, status=400))
    cut("continue", "demo", code=8)
    wire.violations.clear()
    turn = cut.turn("demo@1")
    assert (turn["answer"], turn["state"], turn["detail"]) == ("a b c", "incomplete", "length")


def test_an_answer_that_breaks_off_names_what_goes_on(chatmgr: Chatmgr, wire: WireServer) -> None:
    chatmgr.provider("completions", wire.base_url)
    chatmgr("new", "my plan", "-i", "Be brief.", "--provider", "wire")
    match = TURN["completions"]
    wire.world.reply = lambda *_: "a b c d e f"
    wire.fault(Fault(kind="cut", match=match, after=AHEAD["completions"] + 2))
    error = chatmgr("send", "my plan", "count", code=6).err
    assert error.splitlines()[-1].endswith(
        " What arrived is kept. Go on with it: chatmgr continue 'my plan' "
        "— or ask again: chatmgr retry 'my plan'"
    )
    wire.world.reply = lambda *_: " c d e f"
    wire.fault(Fault(kind="cut", match=match, after=0))
    error = chatmgr("send", "my plan", "again", code=6).err
    assert error.splitlines()[-1].endswith(" Ask again: chatmgr retry 'my plan'")


@pytest.mark.parametrize("verb", ["retry", "continue"])
def test_nothing_goes_on_in_an_empty_conversation(chatmgr: Chatmgr, wire: WireServer, verb: str) -> None:
    chatmgr.provider("completions", wire.base_url)
    chatmgr("new", "demo", "-i", "Be brief.", "--provider", "wire")
    what = {"retry": "turn to ask again", "continue": "answer to go on from"}[verb]
    line = f"chatmgr: “demo” has no {what}. Ask something: chatmgr send demo …"
    assert chatmgr.refused(2, verb, "demo") == line
    assert "“demo” has no turns yet." in chatmgr.refused(5, "edit", "demo@-1", "text")
