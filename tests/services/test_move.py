"""From one provider to another and back: the memory comes along, the old thread is kept."""

import os
import signal
from typing import Any

import pytest

from chatmgr.services.app import App
from tests.support.commands import Chatmgr
from tests.support.remote_threads import (
    TURN,
    adopt_thread,
    at_terminal,
    echo_of,
    end_by_signal,
    last_turn,
    past_turns,
    thread_messages,
    thread_of,
    until,
)
from tests.wire import Fault, Gate, WireServer


@pytest.fixture
def two(chatmgr: Chatmgr, wire: WireServer, other: WireServer) -> Chatmgr:
    """The conversation ``demo`` at ``wire`` (Responses), and ``small``, which remembers nothing."""
    adopt_thread(chatmgr, wire, "responses", 2)
    chatmgr.provider("completions", other.base_url, "small")
    return chatmgr


def models(wire: WireServer) -> list[str]:
    """The models that were asked for, in turn."""
    return [request.body["model"] for request in wire.requests if "model" in (request.body or {})]


class TestThereAndBack:
    def test_send(self, two: Chatmgr, wire: WireServer, other: WireServer) -> None:
        two("send", "demo", "three", "-m", "gpt-5-mini")
        old = thread_of(two)["thread_id"]
        assert two("send", "demo", "four", "--provider", "small").out == echo_of(4, "four")
        assert two("send", "demo", "five").out == echo_of(5, "five")
        assert thread_of(two)["state"] == "behind"
        assert thread_of(two)["behind"] == 2
        before = len(wire.requests)
        back = two("send", "demo", "six", "--provider", "wire")
        assert back.out == echo_of(6, "six")
        assert back.err == "The provider's thread is 2 turns behind; adding what is missing.\n"
        assert thread_of(two)["thread_id"] == old
        sent = [request.path for request in wire.requests[before:] if request.method == "POST"]
        assert sent == [f"/conversations/{old}/items", "/responses"]
        assert [text for role, text in thread_messages(wire, "responses", old) if role == "user"] == [
            "question 1",
            "question 2",
            *("three", "four", "five", "six"),
        ]
        # Each provider is asked for the model that was chosen for it, also the second time.
        assert models(wire) == ["gpt-5-mini", "gpt-5-mini"]
        assert models(other) == ["tiny-llm", "tiny-llm"]
        assert two("send", "demo", "seven", "--provider", "small").err == ""
        assert models(other)[-1] == "tiny-llm"

    def test_between_two_that_keep_threads(
        self, chatmgr: Chatmgr, wire: WireServer, other: WireServer
    ) -> None:
        there = adopt_thread(chatmgr, wire, "assistants", 25)
        chatmgr.provider("responses", other.base_url, "second")
        done = chatmgr("send", "demo", "over here", "--provider", "second")
        assert (done.out, done.err) == (echo_of(26, "over here"), "")
        calls = [len(request.body["items"]) for request in other.requests if "items" in (request.body or {})]
        assert calls == [20, 20, 10]
        assert thread_messages(other, "responses", thread_of(chatmgr, "second")["thread_id"])[
            :50
        ] == past_turns(25)
        back = chatmgr("send", "demo", "back", "--provider", "wire")
        assert back.out == echo_of(27, "back")
        assert "The provider's thread is 1 turn behind; adding what is missing." in back.err
        assert thread_messages(wire, "assistants", there)[50] == ("user", "over here")
        both = chatmgr.json("thread", "show", "demo")
        assert [(item["provider"], item["current"], item["state"]) for item in both] == [
            ("second", False, "behind"),
            ("wire", True, "in step"),
        ]

    def test_resume(self, two: Chatmgr, other: WireServer) -> None:
        done = two("resume", "demo", "--provider", "small", stdin=b"three\nfour\n")
        assert done.out.replace("\n\n", "\n").startswith(echo_of(3, "three") + echo_of(4, "four"))
        assert other.turns_heard == ["three", "four"]
        assert last_turn(two)["provider"] == "small"

    def test_in_the_chat(self, two: Chatmgr, wire: WireServer, other: WireServer) -> None:
        lines = [
            *("/model gpt-5-mini", "three", "/provider small", "four"),
            *("/provider wire", "five", "/model", "/provider nowhere", "/model gpt-5-minny", "six"),
        ]
        done = two("resume", "demo", stdin="\n".join(lines).encode())
        for at, word in enumerate(("three", "four", "five", "six"), 3):
            assert echo_of(at, word) in done.out
        for message in (
            "“demo” goes on at wire, with gpt-5-mini.",
            "“demo” goes on at small, with tiny-llm.",
            "There is no provider “nowhere”.",
            "wire does not list the model “gpt-5-minny”; it lists “gpt-5-mini”",
            "“demo” goes on at wire, with gpt-5-minny.",
        ):
            assert message in done.err
        assert other.turns_heard == ["four"]
        assert models(wire) == ["gpt-5-mini", "gpt-5-mini", "gpt-5-minny"]

    def test_in_the_chat_at_a_terminal(self, two: Chatmgr, other: WireServer) -> None:
        code, seen = at_terminal(
            two,
            ["resume", "demo"],
            ("❯", "/provider small\r"),
            ("goes on at small, with tiny-llm", "three\r"),
            ("3 user turns", "exit()\r"),
        )
        assert code == 0, seen
        assert other.turns_heard == ["three"]

    def test_naming_the_provider_where_it_is_changes_nothing(self, two: Chatmgr) -> None:
        two("send", "demo", "three", "--provider", "wire")
        assert two.rows("SELECT model FROM conversations") == [("",)]


class TestTheModelOfAnotherProvider:
    def test_an_assistants_model_belongs_to_its_provider(
        self, two: Chatmgr, wire: WireServer, other: WireServer
    ) -> None:
        two("assistant", "new", "wise", "-i", "x", "--provider", "wire", "-m", "gpt-5-mini")
        two("new", "elsewhere", "-a", "wise", "--provider", "small", "hi")
        assert models(other) == ["tiny-llm"]
        assert {conversation["name"]: conversation["model"] for conversation in two.json("history")}[
            "elsewhere"
        ] == "tiny-llm"
        two("send", "elsewhere", "home", "--provider", "wire")
        assert models(wire) == ["gpt-5-mini"]

    def test_a_model_that_is_not_there_is_for_the_turn_to_refuse(
        self, two: Chatmgr, other: WireServer
    ) -> None:
        gone = "The model 'gpt-5-mini' does not exist"
        other.fault(Fault(kind="status", match=("POST", "/chat/completions"), status=404, message=gone))
        error = two.refused(5, "send", "demo", "x", "--provider", "small", "-m", "gpt-5-mini")
        assert "small has no model “gpt-5-mini”. It has “tiny-llm”." in error
        assert two.said()[-1] == "x"


class TestMove:
    def test_by_name(self, two: Chatmgr, wire: WireServer, other: WireServer) -> None:
        asked = len(wire.requests)
        assert two("move", "demo", "--to", "small").err == "1 conversation moved to small.\n"
        assert two("send", "demo", "three").out == echo_of(3, "three")
        assert len(wire.requests) == asked
        assert models(other) == ["tiny-llm"]

    def test_wrong_usage(self, two: Chatmgr) -> None:
        for args in (
            (),
            ("demo", "--all", "--from", "wire"),
            ("--all",),
            ("demo", "--from", "wire"),
            ("--all", "--from", "small"),
        ):
            two.refused(2, "move", *args, "--to", "small")
        two.refused(2, "move", "demo")
        assert "Did you mean" in two.refused(5, "move", "demo", "--to", "smal")
        two.refused(5, "move", "nobody", "--to", "small")
        two.refused(5, "move", "--all", "--from", "nowhere", "--to", "small")
        assert two.json("history")[0]["provider"] == "wire"

    def test_from_a_provider_that_is_dead_with_a_run_left_there(
        self, chatmgr: Chatmgr, other: WireServer
    ) -> None:
        gate = Gate()
        with WireServer() as dying:
            adopt_thread(chatmgr, dying, "assistants", 2)
            dying.fault(Fault(kind="gate", match=TURN["assistants"], after=9, gate=gate))
            process = chatmgr.start("send", "demo", "three")
            gate.wait_reached()
            end_by_signal(process)
        chatmgr.provider("responses", other.base_url, "second")
        left = chatmgr("send", "demo", "four", code=6).err
        assert "stays open" in left
        assert "chatmgr runs cancel demo" in left
        done = chatmgr("move", "--all", "--from", "wire", "--to", "second")
        assert "The open run of “demo” was given up: wire" in done.err
        assert "1 conversation moved to second." in done.err
        assert chatmgr.json("runs") == []
        assert chatmgr.turn("demo@3")["state"] == "interrupted"
        assert chatmgr("send", "demo", "four").out in {echo_of(3, "four"), echo_of(4, "four")}

    def test_from_a_provider_that_is_configured_no_longer(self, two: Chatmgr) -> None:
        two("provider", "remove", "wire", "--yes", code=0)
        assert "no provider “wire”" in two.refused(5, "send", "demo", "x")
        two("move", "--all", "--from", "wire", "--to", "small")
        assert two("send", "demo", "three").out == echo_of(3, "three")

    def test_while_a_run_waits_for_a_function(
        self, chatmgr: Chatmgr, wire: WireServer, other: WireServer
    ) -> None:
        adopt_thread(chatmgr, wire, "assistants", 1)
        chatmgr.provider("completions", other.base_url, "small")
        wire.script_run("queued", "requires_action")
        chatmgr("send", "demo", "look it up", code=8)
        done = chatmgr("move", "demo", "--to", "small")
        assert "The open run of “demo” was given up" in done.err
        assert wire.requests[-1].path.endswith("/cancel")
        assert chatmgr("send", "demo", "never mind").out == echo_of(3, "never mind")


class TestMoveOfMany:
    COUNT = 300

    @pytest.fixture
    def many(self, two: Chatmgr, monkeypatch: pytest.MonkeyPatch) -> Chatmgr:
        """Three hundred conversations at ``wire``."""
        for key, value in two.env.items():
            monkeypatch.setenv(key, value)
        app = App()
        persona = app.reader.assistants.get("demo")
        for number in range(self.COUNT - 1):
            app.writer.conversations.create(f"c{number}", persona.id, "", "wire")
        app.close()
        return two

    @staticmethod
    def left(chatmgr: Chatmgr) -> int:
        """How many are at ``wire`` still."""
        [(count,)] = chatmgr.rows("SELECT count(*) FROM conversations WHERE provider = 'wire'")
        return int(count)

    def test_killed_half_way_and_run_again(self, many: Chatmgr, other: WireServer) -> None:
        args = ("move", "--all", "--from", "wire", "--to", "small")
        process = many.start(*args)
        until(lambda: self.left(many) < self.COUNT)
        end_by_signal(process, signal.SIGKILL)
        left = self.left(many)
        assert 0 < left < self.COUNT
        assert many(*args).err == f"{left} conversations moved to small.\n"
        assert self.left(many) == 0
        # The list of models is asked for once a command, not once a conversation.
        assert len(other.requests) == 2

    def test_a_bar_shows_how_far_it_is(self, many: Chatmgr) -> None:
        args = ["move", "--all", "--from", "wire", "--to", "small"]
        code, seen = at_terminal(many, args)
        assert code == 0
        assert f"/{self.COUNT}" in seen
        assert "━" in seen
        assert f"{self.COUNT} conversations moved to small." in seen


def test_a_live_run_elsewhere_does_not_hinder_the_move_by_hand(
    two: Chatmgr, wire: WireServer, tmp_path: Any
) -> None:
    """Somebody is at work on it: said, moved all the same, and the turn that runs is kept."""
    gate = Gate()
    wire.fault(Fault(kind="gate", match=TURN["responses"], after=6, gate=gate))
    process = two.start("send", "demo", "three")
    gate.wait_reached()
    moved = two("move", "demo", "--to", "small")
    assert f"“demo” is busy: process {process.pid} on {os.uname().nodename}" in moved.err
    gate.open()
    assert process.wait().out == echo_of(3, "three")
    assert two("send", "demo", "four").out == echo_of(4, "four")
    assert [last_turn(two)["provider"], two.turn("demo@3")["provider"]] == ["small", "wire"]
