"""After ``-m``, the shell offers what the provider's server lists: from a file, or asked for a moment."""

import json
import socket

import pytest

from tests.completion.test_click_protocol import completed
from tests.support.commands import Chatmgr
from tests.wire import WireServer


@pytest.fixture
def api() -> str:
    return "completions"


def offered(chatmgr: Chatmgr, line: str) -> list[str]:
    return completed(chatmgr, "bash", line, len(line.split(" ")) - 1)


def lists_asked_for(wire: WireServer) -> int:
    return sum(request.path == "/models" for request in wire.requests)


def test_the_models_of_the_provider_that_is_named(chatmgr: Chatmgr, wire: WireServer) -> None:
    chatmgr.provider("completions", wire.base_url)
    listed = [model["id"] for model in chatmgr.json("models", "--provider", "wire")]
    asked = lists_asked_for(wire)
    for line in ("new x --provider wire -m ", "move x --to wire -m ", "assistant new x --provider wire -m "):
        assert offered(chatmgr, f"chatmgr {line}") == listed
    [first, *_] = listed
    assert first in offered(chatmgr, f"chatmgr new x --provider wire -m {first[:5]}")
    assert lists_asked_for(wire) == asked  # the list is kept
    assert (chatmgr.home / "model-lists.json").stat().st_mode & 0o777 == 0o600


def test_the_models_of_the_conversation(talking: Chatmgr) -> None:
    listed = [model["id"] for model in talking.json("models", "--provider", "wire")]
    for line in ("send demo -m ", "resume demo -m ", "retry demo -m "):
        assert set(listed) <= set(offered(talking, f"chatmgr {line}")), line
    assert "gpt-6-luna" in offered(talking, "chatmgr send demo --provider openai -m ")
    assert not set(listed) & set(offered(talking, "chatmgr send demo --provider local -m "))


def test_a_list_of_another_day_or_address_is_asked_for_again(talking: Chatmgr, wire: WireServer) -> None:
    listed = [model["id"] for model in talking.json("models", "--provider", "wire")]
    path = talking.home / "model-lists.json"
    for entry, kept in (
        ({"address": wire.base_url, "at": 1.0, "models": ["old"]}, ["old"]),
        ({"address": "http://127.0.0.1:9/v1", "at": 4e9, "models": ["elsewhere"]}, []),
        ({"address": wire.base_url, "at": "x", "models": 7}, []),
        ([], []),
    ):
        path.write_text(json.dumps({"wire": entry}), "utf-8")
        models = offered(talking, "chatmgr send demo -m ")
        # A machine that is too busy to ask in time shows what it had.
        assert set(models) - {"gpt-4.1"} in (set(listed) - {"gpt-4.1"}, set(kept))
    path.write_text("no json", "utf-8")
    assert "old" not in offered(talking, "chatmgr send demo -m ")


def test_a_server_that_is_down_or_silent_costs_a_moment(chatmgr: Chatmgr) -> None:
    chatmgr.provider("completions", "http://127.0.0.1:9/v1")
    assert offered(chatmgr, "chatmgr new x --provider wire -m ") == []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        chatmgr.provider("completions", f"http://127.0.0.1:{silent.getsockname()[1]}/v1")
        assert offered(chatmgr, "chatmgr new x --provider wire -m ") == []


def test_hostile_names_are_not_offered(chatmgr: Chatmgr) -> None:
    with WireServer(models=("good", "evil\x1b[2J")) as wire:
        chatmgr.provider("completions", wire.base_url)
        chatmgr("models", "--provider", "wire")
        assert offered(chatmgr, "chatmgr new x --provider wire -m ") == ["good"]
