"""What a server may do to a turn: said in one line, with the right code, and kept as what it was."""

import sys
from typing import Any

import pytest

from tests.support.commands import AHEAD, KEY, TURN, Chatmgr
from tests.support.remote_threads import end_by_signal, until
from tests.wire import Fault, Gate, Wild, WireServer

DOWN = "http://127.0.0.1:9/v1"
# A run that the server drops: nothing more is heard of it, but an assistant's is known to have expired.
BROKEN = {"responses": (6, "interrupted"), "assistants": (8, "failed"), "completions": (6, "interrupted")}


def last(chatmgr: Chatmgr) -> dict[str, Any]:
    """The newest turn of ``demo``, whose message must be there whatever happened."""
    turn = chatmgr.turn("demo@-1")
    assert turn["user"] == "two"
    return turn


@pytest.mark.parametrize("kind", ["cut", "end_early"])
def test_a_stream_that_breaks_off(talking: Chatmgr, wire: WireServer, api: str, kind: Any) -> None:
    wire.world.abandoned = "drop"
    wire.fault(Fault(kind=kind, match=TURN[api], after=AHEAD[api] + 2))
    done = talking("send", "demo", "two", code=BROKEN[api][0])
    assert done.out == "2 user\n"
    assert ("broke" if api != "assistants" else "expired") in done.err.splitlines()[-1]
    assert "chatmgr: " in done.err.splitlines()[-1]
    turn = last(talking)
    assert (turn["state"], turn["answer"]) == (BROKEN[api][1], "2 user")
    assert turn["error"] or turn["detail"]
    assert f"[{BROKEN[api][1]} — " in talking("history", "demo@2").out
    # It is not taken for an answer by anyone: the next turn is heard once and answered whole.
    assert talking("send", "demo", "three").out.endswith("you said: 'three'\n")
    assert wire.turns_heard == ["one", "two", "three"]


@pytest.mark.parametrize("kind", ["cut", "end_early"])
@pytest.mark.parametrize("api", ["responses", "assistants"], indirect=True)
def test_a_stream_that_breaks_off_where_the_server_goes_on(
    talking: Chatmgr, wire: WireServer, api: str, kind: Any
) -> None:
    wire.fault(Fault(kind=kind, match=TURN[api], after=AHEAD[api] + 2))
    done = talking("send", "demo", "two")
    assert done.out == "2 user turns; you said: 'two'\n"
    assert last(talking)["state"] == "completed"
    assert wire.turns_heard == ["one", "two"]


LOOK_UP = {"responses": "/responses/[^/]+", "assistants": "/threads/[^/]+/runs/[^/]+"}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 501])
@pytest.mark.parametrize("api", ["responses", "assistants"], indirect=True)
def test_a_look_up_that_fails_is_not_the_reason(
    talking: Chatmgr, wire: WireServer, api: str, status: int
) -> None:
    """Many servers show no response or run: the answer broke off, and is kept as far as it came."""
    wire.world.abandoned = "drop"
    wire.fault(Fault(kind="cut", match=TURN[api], after=AHEAD[api] + 2))
    wire.fault(Fault(kind="status", match=("GET", LOOK_UP[api]), status=status, times=0, message="No look."))
    done = talking("send", "demo", "two", code=6 if api == "responses" else 8)
    assert done.out == "2 user\n"
    assert "broke" in done.err
    assert "No look." not in done.err
    turn = last(talking)
    assert (turn["state"], turn["answer"]) == ("interrupted", "2 user")
    assert "broke" in turn["error"]
    assert turn["cost"] != 0
    assert talking("send", "demo", "three").out.endswith("you said: 'three'\n")
    assert wire.turns_heard == ["one", "two", "three"]


@pytest.mark.parametrize("api", ["responses", "assistants"])
def test_tokens_that_were_counted_before_the_line_broke(chatmgr: Chatmgr, api: str) -> None:
    with WireServer(wild=Wild(early_usage=True), abandoned="drop") as wire:
        chatmgr.provider(api, wire.base_url)
        chatmgr("new", "demo", "one", "-i", "Be brief.", "--provider", "wire", "-m", "gpt-4.1")
        last_event = {"responses": AHEAD[api] + 7, "assistants": AHEAD[api] + 8}[api]
        wire.fault(Fault(kind="cut", match=TURN[api], after=last_event))
        wire.fault(Fault(kind="status", match=("GET", LOOK_UP[api]), status=403, times=0))
        chatmgr("send", "demo", "two", code=6 if api == "responses" else 8)
        turn = last(chatmgr)
        assert (turn["state"], turn["answer"]) == ("interrupted", "2 user turns; you said: 'two'")
        assert (turn["input_tokens"], turn["output_tokens"]) == (10, 6)


@pytest.mark.parametrize("status", [400, 403, 501])
@pytest.mark.parametrize("api", ["responses", "assistants"], indirect=True)
def test_a_look_up_that_fails_after_the_process_died(
    talking: Chatmgr, wire: WireServer, api: str, status: int
) -> None:
    gate = Gate()
    wire.world.abandoned = "drop"
    wire.fault(Fault(kind="gate", match=TURN[api], after=AHEAD[api] + 2, gate=gate))
    process = talking.start("send", "demo", "two")
    gate.wait_reached()
    saved = "SELECT 1 FROM messages WHERE role = 'assistant' AND run_id = (SELECT max(id) FROM runs)"
    until(lambda: talking.rows(saved))
    end_by_signal(process)
    gate.open()
    wire.fault(Fault(kind="status", match=("GET", LOOK_UP[api]), status=status, times=0))
    talking("runs", "wait", "demo", code=8)
    turn = last(talking)
    assert (turn["state"], turn["error"]) == ("interrupted", "the process ended before the answer did")
    assert talking("send", "demo", "three").out.endswith("you said: 'three'\n")


@pytest.mark.parametrize("status", [400, 404, 429, 500])
def test_a_refusal(talking: Chatmgr, wire: WireServer, api: str, status: int) -> None:
    after = "7" if status == 429 else None
    # A thread that is gone is rebuilt once: 404 has to come again to be a refusal.
    wire.fault(
        Fault(kind="status", match=TURN[api], times=0, status=status, retry_after=after, message="No luck")
    )
    done = talking("send", "demo", "two", code=8)
    assert f"chatmgr: wire refused ({status}): No luck." in done.err.splitlines()[-1]
    assert done.err.count("\n") == (
        2 if (status, api) in {(404, "responses"), (500, "responses"), (500, "assistants")} else 1
    )
    assert ("in 7 s" in done.err) == (status == 429)
    assert done.out == ""
    assert (last(talking)["state"], last(talking)["answer"]) == ("failed", None)
    wire.clear_faults()
    assert talking("send", "demo", "two").out == "2 user turns; you said: 'two'\n"
    assert wire.turns_heard == ["one", "two"]


@pytest.mark.parametrize("shape", ["detail", "text", "empty"])
def test_error_bodies_of_other_servers(talking: Chatmgr, wire: WireServer, api: str, shape: Any) -> None:
    text = "Not \x1b[31mtoday\nor ever"
    wire.fault(Fault(kind="status", match=TURN[api], status=402, shape=shape, message=text))
    error = talking.refused(8, "send", "demo", "two")
    told = "Payment Required" if shape == "empty" else "Not ␛[31mtoday or ever"
    assert error.startswith(f"chatmgr: wire refused (402): {told}.")


@pytest.mark.parametrize("kind", ["failed", "error", "incomplete"])
def test_a_run_that_does_not_complete(talking: Chatmgr, wire: WireServer, api: str, kind: Any) -> None:
    wire.fault(Fault(kind=kind, match=TURN[api], message="Out of tape"))
    done = talking("send", "demo", "two", code=8)
    assert done.out == "2 user turns;\n"
    assert done.err.count("\n") == 1
    turn = last(talking)
    state = "incomplete" if kind == "incomplete" else "failed"
    assert (turn["state"], turn["answer"]) == (state, "2 user turns;")
    assert (turn["error"] or turn["detail"]) == ("length" if kind == "incomplete" else "Out of tape")


@pytest.mark.parametrize("streams", [True, False])
def test_a_refusal_of_the_model(chatmgr: Chatmgr, api: str, streams: bool) -> None:
    with WireServer(wild=Wild(no_streaming=not streams)) as wire:
        chatmgr.provider(api, wire.base_url)
        wire.fault(Fault(kind="refusal", match=TURN[api]))
        done = chatmgr("new", "demo", "two", "-i", "x", "--provider", "wire")
        assert done.out.startswith("1 user turns;")
        assert done.err.startswith("[the model refused]\n")
        assert (last(chatmgr)["state"], last(chatmgr)["detail"]) == ("completed", "refusal")
        assert wire.violations == []


def test_json_even_when_it_fails(talking: Chatmgr, wire: WireServer, api: str) -> None:
    wire.world.abandoned = "drop"
    wire.fault(Fault(kind="cut", match=TURN[api], after=AHEAD[api] + 2))
    done = talking("send", "demo", "two", "--json", code=BROKEN[api][0])
    assert done.json() == [last(talking)]


@pytest.mark.parametrize("kind", ["empty_blocks", "huge_delta"])
def test_what_is_odd_but_legal(talking: Chatmgr, wire: WireServer, api: str, kind: Any) -> None:
    wire.fault(Fault(kind=kind, match=TURN[api]))
    assert talking("send", "demo", "two").out.startswith("2 user turns; you said: 'two'")
    assert last(talking)["state"] == "completed"


class TestModels:
    def test_withdrawn_since(self, talking: Chatmgr, wire: WireServer, api: str) -> None:
        gone = "The model 'gpt-4.1' does not exist"
        code = "model_not_found"
        wire.fault(Fault(kind="status", match=TURN[api], status=404, message=gone, code=code))
        assert "wire has no model “gpt-4.1”" in talking.refused(5, "send", "demo", "two")

    def test_list(self, talking: Chatmgr) -> None:
        listed = talking.json("models", "--provider", "wire")
        assert [record["id"] for record in listed] == ["gpt-4.1", "gpt-4o-mini", "gpt-5-mini"]
        assert "lists 3 models" in talking("provider", "test", "wire").out


class TestKeys:
    WRONG = "sk-proj-0123456789abcdefghij"

    def test_wrong(self, talking: Chatmgr, wire: WireServer) -> None:
        wire.wrong_keys.add(self.WRONG)
        for command in (
            ("send", "demo", "two"),
            ("provider", "test", "wire"),
            ("models", "--provider", "wire"),
        ):
            error = talking.refused(7, *command, env={"WIRE_KEY": self.WRONG})
            assert "wire does not accept the key" in error
            assert "chatmgr config set-key wire" in error
            assert not any(self.WRONG[at : at + 4] in error for at in range(8, len(self.WRONG) - 3))
        assert last(talking)["state"] == "failed"
        assert self.WRONG[8:].encode() not in (talking.home / "chatmgr.db").read_bytes()
        assert talking("send", "demo", "three").out == "2 user turns; you said: 'three'\n"

    def test_missing(self, talking: Chatmgr, wire: WireServer) -> None:
        for command in (("send", "demo", "two"), ("new", "x", "hi", "-a", "demo"), ("resume", "demo")):
            error = talking.refused(7, *command, env={"WIRE_KEY": ""})
            assert "no key for wire. Set WIRE_KEY, or type: chatmgr config set-key wire" in error
        assert len(talking.json("history")) == 1
        assert talking.said() == wire.turns_heard == ["one"]

    @pytest.mark.parametrize("api", ["responses", "assistants"], indirect=True)
    def test_wrong_before_the_first_turn(self, talking: Chatmgr, wire: WireServer, api: str) -> None:
        wire.wrong_keys.add(self.WRONG)
        error = talking.refused(7, "new", "my talk", "-a", "demo", env={"WIRE_KEY": self.WRONG})
        assert "“my talk” is kept; go on with it later: chatmgr resume 'my talk'" in error


def test_a_server_that_is_down(talking: Chatmgr, wire: WireServer, api: str) -> None:
    address = wire.base_url
    talking.provider(api, DOWN)
    error = talking.refused(6, "send", "demo", "two")
    assert f"wire ({DOWN}) cannot be reached: " in error
    assert last(talking)["state"] == "failed"
    talking.refused(6, "provider", "test", "wire")
    talking.provider(api, address)
    assert talking("send", "demo", "three").out == "2 user turns; you said: 'three'\n"
    assert wire.turns_heard == ["one", "three"]


def test_an_address_that_is_no_api(chatmgr: Chatmgr, wire: WireServer) -> None:
    chatmgr.provider("completions", wire.base_url.removesuffix("/v1") + "/wrong")
    error = chatmgr.refused(8, "new", "x", "hi", "-i", "y", "--provider", "wire", "-m", "gpt-4.1")
    assert "refused (404)" in error
    wire.violations.clear()  # an unknown path is the point


def test_no_provider_at_all_names_three_ways(chatmgr: Chatmgr) -> None:
    """Port 11434, Ollama's, is taken to be closed; the embedded engine is hidden from the start."""
    hidden = chatmgr.home.parent / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys\nsys.modules['xllamacpp'] = None\n", "utf-8")
    env = {"PYTHONPATH": f"{hidden}:{chatmgr.environment()['PYTHONPATH']}"}
    command = [sys.executable, "-m", "chatmgr", "new", "demo", "hi", "-i", "x"]
    result = chatmgr.program(command, env=env, code=7)
    assert result.err.startswith("chatmgr: There is no provider")
    for way in (
        "OPENAI_API_KEY",
        "chatmgr config set-key openai",
        "ollama serve",
        "pip install 'chatmgr[local]'",
    ):
        assert way in result.err
    assert KEY not in result.err
    assert not chatmgr.home.exists()
