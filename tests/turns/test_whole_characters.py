"""A character that a server cuts in two is one character, on the screen and in the store."""

import pytest

from tests.support.commands import APIS, Chatmgr
from tests.wire import WireServer

ANSWER = "a \U0001f600 b \U0001f469\u200d\U0001f467 e\u0301 \U0001f44d\U0001f3fd end"


def halves(text: str) -> list[str]:
    """Each code unit of UTF-16 in a piece of its own."""
    units = text.encode("utf-16-be", "surrogatepass")
    return [chr(int.from_bytes(units[at : at + 2], "big")) for at in range(0, len(units), 2)]


@pytest.mark.parametrize("api", APIS)
def test_halves_are_joined(chatmgr: Chatmgr, api: str) -> None:
    with WireServer(split=halves, reply=lambda messages, instructions: ANSWER, check=False) as wire:
        chatmgr.provider(api, wire.base_url)
        sent = chatmgr("new", "demo", "-i", "Be brief.", "--provider", "wire", "hello")
        assert sent.out == f"{ANSWER}\n"
        assert chatmgr.turn("demo@1")["answer"] == ANSWER


def test_a_half_that_stays_alone_is_replaced(chatmgr: Chatmgr) -> None:
    with WireServer(
        split=lambda text: [text, "\ud83d"], reply=lambda messages, instructions: "end", check=False
    ) as wire:
        chatmgr.provider("completions", wire.base_url)
        sent = chatmgr("new", "demo", "-i", "Be brief.", "--provider", "wire", "hello")
        assert sent.out == "end\ufffd\n"
