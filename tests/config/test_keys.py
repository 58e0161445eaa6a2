"""Keys that no request can carry, and keys that travel where others can read them."""

import pytest

from tests.support.commands import KEY, Chatmgr
from tests.support.plain_server import ANSWER, PlainServer

ODD = (
    ("sk-naïve-0123456789", "its character 6 is not ASCII"),
    ("sk-0123\n456789", "it contains a line break"),
    ("sk-0123\r\nX-Evil: 1", "it contains a line break"),
    ("sk-0123\x1b[31m", "it contains unprintable characters"),
    ("\ufeffsk-0123", "its character 1 is not ASCII"),
)


@pytest.mark.parametrize(("key", "problem"), ODD)
def test_a_key_that_is_none(chatmgr: Chatmgr, key: str, problem: str) -> None:
    with PlainServer() as server:
        chatmgr.provider("completions", server.base_url)
        for words in (
            ("new", "demo", "-i", "x", "--provider", "wire", "-m", "m", "hi"),
            ("models", "--provider", "wire"),
            ("provider", "test", "wire"),
        ):
            error = chatmgr.refused(7, *words, env={"WIRE_KEY": key})
            assert f"The key for wire in WIRE_KEY is not a key: {problem}. Set WIRE_KEY again." in error
            assert "0123" not in error
        assert server.heard == []
    assert chatmgr.said() == ["hi"]


@pytest.mark.parametrize(("key", "problem"), ODD[:1])
def test_it_is_not_stored_either(chatmgr: Chatmgr, key: str, problem: str) -> None:
    error = chatmgr.refused(7, "config", "set-key", "openai", stdin=key.encode())
    assert problem in error


def test_a_variable_that_becomes_a_header(chatmgr: Chatmgr) -> None:
    env = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "OPENAI_ORG_ID": "größe"}
    assert "OPENAI_ORG_ID" in chatmgr.refused(7, "models", "--provider", "openai", env=env)


class TestPlainHttp:
    """The host is not this machine; a proxy on this machine answers for it."""

    NOTE = "The key for wire travels unencrypted to gateway.example"

    def test_a_note_once(self, chatmgr: Chatmgr) -> None:
        with PlainServer() as proxy:
            chatmgr.provider("completions", "http://gateway.example/v1")
            env = {"http_proxy": f"http://{proxy.address}"}
            new = ("new", "demo", "-i", "x", "--provider", "wire", "-m", "m", "hi")
            done = chatmgr(*new, env=env)
            assert done.out == f"{ANSWER}\n"
            assert done.err.count(self.NOTE) == 1
            assert KEY not in done.err
            assert self.NOTE in chatmgr("models", "--provider", "wire", env=env).err
            assert self.NOTE not in chatmgr("send", "demo", "two", env=env | {"WIRE_KEY": ""}, code=7).err

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "box.localhost", "127.9.9.9"])
    def test_none_for_this_machine(self, chatmgr: Chatmgr, host: str) -> None:
        chatmgr.provider("completions", f"http://{host}:9/v1")
        assert "unencrypted" not in chatmgr("models", "--provider", "wire", code=6).err

    def test_when_it_is_set_up(self, chatmgr: Chatmgr) -> None:
        added = ("provider", "add", "wire", "--api", "completions", "--key-env", "WIRE_KEY")
        assert self.NOTE in chatmgr(*added, "--base-url", "http://gateway.example/v1").err
        assert self.NOTE in chatmgr("config", "set-key", "wire", stdin=KEY.encode()).err
        assert "unencrypted" not in chatmgr(*added, "--base-url", "https://gateway.example/v1").err
