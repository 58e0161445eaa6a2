"""Addresses of providers: kept as they were typed or refused, and what is wrong can be repaired."""

import pytest

from tests.support.commands import APIS, KEY, Chatmgr
from tests.wire import WireServer

ADD = ("provider", "add", "mine", "--api", "completions", "--base-url")
WRONG = [
    "https://me:hunter2@example.org/v1",
    "https://example.org/v1#top",
    "https:///v1",
    "http://[::1/v1",
    "http://a:b/v1",
    "https://example.org/v1?api-key=hunter2",
    "example.org",
]


@pytest.mark.parametrize("base_url", WRONG)
class TestRefused:
    def test_when_it_is_typed(self, chatmgr: Chatmgr, base_url: str) -> None:
        line = chatmgr.refused(2, *ADD, base_url)
        assert " address" in line
        assert "hunter2" not in line
        assert not (chatmgr.home / "config.toml").exists()

    def test_in_the_environment(self, chatmgr: Chatmgr, base_url: str) -> None:
        env = {"OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": KEY}
        for command in (("new", "demo", "hi", "-i", "x"), ("provider", "show", "openai"), ("models",)):
            line = chatmgr.refused(7, *command, env=env)
            assert "The address in OPENAI_BASE_URL " in line
            assert "hunter2" not in line
        listed = chatmgr("provider", "list", env=env)  # what is wrong is listed with the rest
        assert "The address in OPENAI_BASE_URL " in listed.err
        assert "hunter2" not in listed.out + listed.err
        chatmgr("history", env=env)

    def test_in_the_settings_and_mended(self, chatmgr: Chatmgr, base_url: str) -> None:
        chatmgr.provider("completions", base_url, "mine")
        line = chatmgr.refused(7, "provider", "list")
        assert "“providers.mine.base_url” " in line
        assert line.endswith("Fix that line, or type: chatmgr provider remove mine")
        assert "hunter2" not in line
        assert chatmgr("config", "path").out
        chatmgr(*ADD, "https://example.org/v1")
        assert chatmgr.json("provider", "show", "mine")[0]["base_url"] == "https://example.org/v1"
        chatmgr.provider("completions", base_url, "mine")
        chatmgr("provider", "remove", "mine", "--yes")
        assert len(chatmgr.json("provider", "list")) == 3


@pytest.mark.parametrize(
    ("option", "value"), [("--key-env", "A=B"), ("--key-env", "sk-secret"), ("-m", "a\x1bb"), ("-m", "a\nb")]
)
def test_other_fields_that_could_not_be_used_are_refused(chatmgr: Chatmgr, option: str, value: str) -> None:
    line = chatmgr.refused(2, *ADD, "http://127.0.0.1:9/v1", option, value)
    assert value not in line
    assert not (chatmgr.home / "config.toml").exists()


def test_what_is_written_can_be_read(chatmgr: Chatmgr) -> None:
    names = ["a.b", 'with "quotes"', "über", "#1", "[x]"]
    for name in names:
        command = ("provider", "add", name, "--api", "responses", "--base-url", "http://[::1]:9/v1?a=b")
        chatmgr(*command, "-m", 'models/"odd"\\one', "--key-env", "MY_KEY")
        assert chatmgr.json("provider", "show", name)[0]["default_model"] == 'models/"odd"\\one'
    for name in names:
        chatmgr("provider", "remove", name, "--yes")
    assert len(chatmgr.json("provider", "list")) == 3


@pytest.mark.parametrize("api", APIS)
def test_a_query_goes_along_with_every_request(chatmgr: Chatmgr, api: str) -> None:
    with WireServer(check=False) as wire:
        base_url = f"{wire.base_url}/?api-version=2024-10-21"
        chatmgr("provider", "add", "wire", "--api", api, "--base-url", base_url, "--key-env", "WIRE_KEY")
        assert chatmgr.json("provider", "show", "wire")[0]["base_url"] == (
            f"{wire.base_url}?api-version=2024-10-21"
        )
        chatmgr("new", "demo", "-i", "x", "--provider", "wire", "-m", "gpt-4.1", "one")
        chatmgr("send", "demo", "two")
        chatmgr("provider", "test", "wire")
        assert wire.turns_heard == ["one", "two"]
        assert {request.query.get("api-version") for request in wire.requests} == {"2024-10-21"}
        assert {request.headers.get("api-key") for request in wire.requests} == {KEY}


def test_a_query_in_the_environment(chatmgr: Chatmgr) -> None:
    with WireServer(check=False) as wire:
        env = {"OPENAI_BASE_URL": f"{wire.base_url}?api-version=1", "OPENAI_API_KEY": KEY}
        chatmgr("new", "demo", "-i", "x", "-m", "gpt-4.1", "one", env=env)
        assert wire.turns_heard == ["one"]
        assert {request.query.get("api-version") for request in wire.requests} == {"1"}
