"""What the model says to itself: kept apart from the answer, shown when asked for, never on stdout."""

import pytest

from chatmgr.backends.params import params_for_api
from tests.support.commands import Chatmgr, last_body
from tests.support.pseudo_terminal import TerminalProcess
from tests.wire import Fault, WireServer

THOUGHTS = ("Let me see.", "Ah, so it is.")
ASKED = ("--param", "reasoning.effort=low", "--param", "reasoning.summary=auto")
KEPT = {"responses": "Let me see.\n\nAh, so it is.", "completions": "Let me see.Ah, so it is."}
ANSWER = "1 user turns; you said: 'hi'"


@pytest.fixture(params=["responses", "completions"])
def api(request: pytest.FixtureRequest) -> str:
    """The APIs that tell thoughts."""
    return str(request.param)


@pytest.fixture
def thinking(chatmgr: Chatmgr, wire: WireServer, api: str) -> Chatmgr:
    """chatmgr with the conversation ``demo`` at a server whose model thinks."""
    chatmgr.provider(api, wire.base_url)
    chatmgr("new", "demo", "-i", "x", "--provider", "wire", *ASKED)
    wire.world.thoughts = THOUGHTS
    return chatmgr


def test_thoughts_are_kept_apart(thinking: Chatmgr, wire: WireServer, api: str) -> None:
    done = thinking("send", "demo", "hi", "--reasoning")
    assert (done.out, done.err) == (ANSWER + "\n", "")  # no terminal: nobody to show them to
    turn = thinking.turn("demo@1")
    assert (turn["answer"], turn["reasoning"], turn["reasoning_tokens"]) == (ANSWER, KEPT[api], 2)
    assert "Let me see" not in thinking("history", "demo").out
    thinking("send", "demo", "and now?")
    assert "Let me see" not in str(last_body(wire))


def test_a_turn_without_thoughts_has_none(thinking: Chatmgr, wire: WireServer) -> None:
    wire.world.thoughts = ()
    thinking("send", "demo", "hi")
    assert thinking.turn("demo@1")["reasoning"] is None


@pytest.mark.parametrize("how", ["nothing", "option", "setting"])
def test_at_a_terminal_they_are_shown_dimmed_when_asked_for(thinking: Chatmgr, how: str) -> None:
    if how == "setting":
        settings = thinking.home / "config.toml"
        settings.write_text("show_reasoning = true\n" + settings.read_text("utf-8"), "utf-8")
    words = ["-m", "chatmgr", "send", "demo", "hi", *(["--reasoning"] if how == "option" else [])]
    env = thinking.environment(TERM="xterm")
    env.pop("NO_COLOR", None)
    with TerminalProcess(words, env, thinking.home.parent, size=(24, 80)) as terminal:
        shown = terminal.read_until(None).replace("\r\n", "\n")
        assert terminal.wait() == 0
    assert f"{ANSWER}\n" in shown
    assert ("\x1b[2mLet" in shown) == (how != "nothing")
    if how != "nothing":
        assert "thought for 1 s" in shown


@pytest.mark.parametrize("api", ["responses"])
def test_thoughts_of_a_run_that_was_polled_are_kept_too(thinking: Chatmgr, wire: WireServer) -> None:
    told = "Streaming is not supported for background responses."
    wire.fault(Fault(kind="status", match=("POST", "/responses"), status=400, code=None, message=told))
    thinking("send", "demo", "hi", "--background")
    turn = thinking.turn("demo@1")
    assert (turn["answer"], turn["reasoning"]) == (ANSWER, KEPT["responses"])


@pytest.mark.parametrize("api", ["responses"])
def test_thoughts_are_not_doubled_where_a_stream_is_continued(thinking: Chatmgr, wire: WireServer) -> None:
    wire.fault(Fault(kind="cut", match=("POST", "/responses"), after=24))
    done = thinking("send", "demo", "hi", "--background")
    assert "The connection broke; looking up the answer." in done.err
    turn = thinking.turn("demo@1")
    assert (turn["answer"], turn["reasoning"]) == (ANSWER, KEPT["responses"])


@pytest.mark.parametrize(
    ("api", "params", "sent"),
    [
        ("responses", {"reasoning_effort": "low"}, {"reasoning": {"effort": "low"}}),
        (
            "responses",
            {"reasoning_effort": "low", "reasoning": {"summary": "auto"}},
            {"reasoning": {"effort": "low", "summary": "auto"}},
        ),
        ("completions", {"reasoning": {"effort": "low", "summary": "auto"}}, {"reasoning_effort": "low"}),
        ("assistants", {"reasoning": {"effort": "high"}}, {"reasoning_effort": "high"}),
        ("completions", {"reasoning": {"max_tokens": 9}}, {"reasoning": {"max_tokens": 9}}),
        ("completions", {"reasoning_effort": "low"}, {"reasoning_effort": "low"}),
    ],
)
def test_effort_in_the_words_of_each_api(
    api: str, params: dict[str, object], sent: dict[str, object]
) -> None:
    assert params_for_api(api, params) == sent
