"""The check of a model: the message is stored before it, it is a note at most, and the turn decides."""

import pytest

from tests.support.commands import TURN, Chatmgr
from tests.support.plain_server import ANSWER, PlainServer, Scripted
from tests.wire import Fault, Gate, WireServer

LIST = ("GET", "/models")
TYPO = "gpt-4o-miny"
NOTE = f"wire does not list the model “{TYPO}”; it lists “gpt-4o-mini”"


@pytest.fixture
def plain(chatmgr: Chatmgr) -> Chatmgr:
    """chatmgr whose provider is told in the test."""
    return chatmgr


def first_turn(chatmgr: Chatmgr, *more: str) -> list[str]:
    return ["new", "demo", "--provider", "wire", *more, "one"]


class TestStoredFirst:
    @pytest.mark.parametrize("words", [("send", "demo"), ("new", "other", "-a", "demo")], ids=" ".join)
    def test_the_message_is_stored_when_the_list_is_asked_for(
        self, talking: Chatmgr, wire: WireServer, words: tuple[str, ...]
    ) -> None:
        gate = Gate()
        wire.fault(Fault(kind="gate", match=LIST, gate=gate, times=0))
        running = talking.start(*words, "-m", TYPO, "two")
        gate.wait_reached()
        assert talking.said() == ["one", "two"]
        done = running.wait()  # although the list never comes
        assert (done.code, done.err) == (0, "")
        assert done.out.endswith("you said: 'two'\n")
        assert wire.turns_heard == ["one", "two"]
        gate.open()

    @pytest.mark.parametrize("status", [400, 403, 429, 500, 503])
    def test_a_list_that_is_refused_decides_nothing(
        self, talking: Chatmgr, wire: WireServer, status: int
    ) -> None:
        wire.fault(Fault(kind="status", match=LIST, times=0, status=status, message="Not for you."))
        done = talking("send", "demo", "two", "-m", "deployment-7")
        assert (done.out, done.err) == ("2 user turns; you said: 'two'\n", "")
        assert talking.turn("demo@2")["model"] == "deployment-7"

    def test_moved_to_a_server_that_does_not_list(
        self, talking: Chatmgr, wire: WireServer, other: WireServer
    ) -> None:
        """Which model is the first one is found out by the turn, and kept for the next ones."""
        talking("assistant", "edit", "demo", "-m", "gpt-4.1")
        talking.provider("completions", other.base_url, "small")
        gate = Gate()
        other.fault(Fault(kind="gate", match=LIST, gate=gate))
        running = talking.start("send", "demo", "two", "--provider", "small")
        gate.wait_reached()
        assert talking.said() == ["one", "two"]
        gate.open()
        assert running.wait().code == 0
        assert talking.turn("demo@2")["model"] == "tiny-llm"
        assert talking("send", "demo", "three").out == "3 user turns; you said: 'three'\n"
        assert talking.turn("demo@3")["model"] == "tiny-llm"


class TestNote:
    def test_it_names_the_nearest_once(self, talking: Chatmgr, wire: WireServer) -> None:
        done = talking("send", "demo", "two", "-m", TYPO)
        assert done.out == "2 user turns; you said: 'two'\n"
        assert done.err.count(NOTE) == done.err.count("\n") == 1
        assert talking("send", "demo", "three").err == ""

    @pytest.mark.parametrize(
        "model",
        ["gpt-5-mini", "gpt-5-mini:online", "models/gpt-5-mini"],
        ids=["as listed", "suffix", "prefix"],
    )
    def test_none_for_another_spelling(self, talking: Chatmgr, model: str) -> None:
        assert talking("send", "demo", "two", "-m", model).err == ""

    def test_every_place_where_a_model_is_chosen(self, talking: Chatmgr, wire: WireServer, api: str) -> None:
        assert NOTE in talking("assistant", "new", "x", "-i", "y", "--provider", "wire", "-m", TYPO).err
        assert NOTE in talking("assistant", "edit", "demo", "--provider", "wire", "-m", TYPO).err
        assert NOTE in talking("new", "quiet", "-i", "y", "--provider", "wire", "-m", TYPO).err
        assert NOTE in talking("move", "quiet", "--to", "wire", "-m", TYPO).err
        typed = f"/model {TYPO}\n".encode()
        assert NOTE in talking("resume", "demo", stdin=typed).err
        added = (
            "provider",
            "add",
            "wire",
            "--api",
            api,
            "--base-url",
            wire.base_url,
            "--key-env",
            "WIRE_KEY",
        )
        assert NOTE in talking(*added, "-m", TYPO).err
        assert len(talking.json("history")) == 2

    def test_a_provider_that_is_down_is_added_all_the_same(self, chatmgr: Chatmgr) -> None:
        added = ("provider", "add", "down", "--api", "completions", "--base-url", "http://127.0.0.1:9/v1")
        assert chatmgr(*added, "-m", "x").err.count("\n") == 1


class TestTheTurnDecides:
    WORDINGS = (
        (404, "model_not_found", "The model `{}` does not exist or you do not have access to it."),
        (400, "model_not_found", "The requested model '{}' does not exist."),
        (400, "", "Invalid model name passed in model={}."),
        (404, "", "model '{}' not found"),
        (400, "", "{} is not a valid model ID"),
        (400, "invalid_request_error", "Model Not Exist"),
        (404, "DeploymentNotFound", "The API deployment for this resource does not exist."),
    )

    @pytest.mark.parametrize(("status", "code", "text"), WORDINGS)
    def test_an_unknown_model(
        self, talking: Chatmgr, wire: WireServer, api: str, status: int, code: str, text: str
    ) -> None:
        refusal = Fault(
            kind="status",
            match=TURN[api],
            status=status,
            code=code,
            message=text.format(TYPO),
        )
        wire.fault(refusal)
        error = talking.refused(5, "send", "demo", "two", "-m", TYPO)
        assert f"wire has no model “{TYPO}”. It has “gpt-4o-mini”" in error
        assert talking.said() == ["one", "two"]
        assert talking.turn("demo@2")["state"] == "failed"
        assert talking("send", "demo", "three", "-m", "gpt-4.1").out.endswith("you said: 'three'\n")

    def test_other_refusals_stay_what_they_are(self, talking: Chatmgr, wire: WireServer, api: str) -> None:
        text = "Unsupported parameter: 'temperature' is not supported with this model."
        wire.fault(Fault(kind="status", match=TURN[api], status=400, message=text))
        assert text.rstrip(".") in talking("send", "demo", "two", code=8).err


class TestShapes:
    SHAPES = (
        b'[{"id": "tiny-llm"}]',
        b'["tiny-llm"]',
        b'{"models": [{"name": "tiny-llm", "model": "tiny-llm"}]}',
        b'{"object": "list", "data": [null, 3, {"id": null}, {"id": "tiny-llm"}]}',
    )

    @pytest.mark.parametrize("shape", SHAPES)
    def test_a_list_in_another_shape(self, plain: Chatmgr, shape: bytes) -> None:
        with PlainServer(Scripted(shape)) as server:
            plain.provider("completions", server.base_url)
            assert [model["id"] for model in plain.json("models", "--provider", "wire")] == ["tiny-llm"]
            assert plain(*first_turn(plain)).out == f"{ANSWER}\n"
            assert plain.turn("demo@1")["model"] == "tiny-llm"
            done = plain("send", "demo", "two", "-m", "tiny-lm")
            assert "it lists “tiny-llm”" in done.err

    ODD = (
        Scripted(b"<html><body>Sign in</body></html>", content_type="text/html"),
        Scripted(b'{"data": 5}'),
        Scripted(b'"no"'),
        Scripted(b""),
    )

    @pytest.mark.parametrize("odd", ODD, ids=["html", "number", "string", "empty"])
    def test_what_is_no_list_decides_nothing(self, plain: Chatmgr, odd: Scripted) -> None:
        with PlainServer(odd) as server:
            plain.provider("completions", server.base_url)
            done = plain(*first_turn(plain, "-m", "tiny-llm"))
            assert (done.out, done.err) == (f"{ANSWER}\n", "")

    def test_no_model_and_no_list(self, plain: Chatmgr) -> None:
        """Then the person is told to name one; the message is kept."""
        with PlainServer(Scripted(b'{"error": "no"}', 403)) as server:
            plain.provider("completions", server.base_url)
            error = plain.refused(8, *first_turn(plain))
            assert "No model is chosen for wire. Name one with -m MODEL." in error
            assert plain.said() == ["one"]
