"""Commands without a name offer what there is; a few letters are enough where they mean one thing alone."""

from pathlib import Path

import pytest

from tests.support.commands import Chatmgr
from tests.support.screen import CTRL_D, DOWN, ENTER, ESC, Open, Screen
from tests.wire import Fault, WireServer

MODELS = ("GET", "/models")


@pytest.fixture
def chat(open_chat: Open) -> Screen:
    """A chat in ``demo``, at gpt-4.1."""
    assert open_chat("new", "demo", "-i", "Be brief.", "-m", "gpt-4.1", "one").end() == 0
    screen = open_chat("resume", "demo")
    screen.until(at_prompt=True)
    return screen


def test_models_are_picked(chat: Screen) -> None:
    chat.say("/model")
    chat.until("of 3 · models", "▌ gpt-4.1", "in use", "gpt-4o-mini", "gpt-5-mini")
    chat.type("5mn")
    chat.until("1 of 3", "▌ gpt-5-mini")
    chat.type(ENTER)
    chat.until("“demo” goes on at wire, with gpt-5-mini.", at_prompt=True)
    chat.say("/models")
    chat.until("3 of 3 · models", "▌ gpt-5-mini")
    chat.type(ESC)
    chat.until("❯ /models\n“demo” goes on at wire, with gpt-5-mini.", at_prompt=True)


def test_letters_that_mean_one_model_or_several(chat: Screen, wire: WireServer) -> None:
    chat.say("/model 5-mi")
    chat.until("“demo” goes on at wire, with gpt-5-mini.", at_prompt=True)
    chat.say("/model mini")
    chat.until("3 of 3 · models", "▌ mini", "as it is typed; not listed", "gpt-5-mini", "gpt-4o-mini")
    chat.type(DOWN + DOWN + ENTER)
    chat.until("“demo” goes on at wire, with gpt-4o-mini.", at_prompt=True)
    chat.say("/model mini")
    chat.until("▌ mini")
    chat.type(ENTER)
    chat.until("does not list the model “mini”", "“demo” goes on at wire, with mini.", at_prompt=True)
    chat.say("/model quite-another")
    chat.until("“demo” goes on at wire, with quite-another.", at_prompt=True)


def test_a_server_without_a_list_leaves_the_name_to_be_typed(chat: Screen, wire: WireServer) -> None:
    wire.fault(Fault(kind="status", match=MODELS, status=403, times=0))
    chat.say("/model")
    chat.until("wire", "“demo” goes on at wire, with gpt-4.1.", "❯ /model")
    chat.type(f"gpt-5-mini{ENTER}")
    chat.until("“demo” goes on at wire, with gpt-5-mini.", at_prompt=True)


def test_providers_are_picked(chat: Screen, home: Path, wire: WireServer) -> None:
    chat.say("/provider")
    chat.until("providers", "▌ wire", "in use", wire.base_url, "local", "in this process")
    chat.type(ESC)
    chat.until("“demo” goes on at wire, with gpt-4.1.", at_prompt=True)
    chat.say("/provider process")
    chat.until("“demo” goes on at local, with smollm2-135m-instruct.", at_prompt=True)
    chat.say("/provider o")
    chat.until("providers", "❯ o", "openai", "ollama")
    chat.type(ESC)
    chat.until(at_prompt=True)
    chat.say("/provider nowhere")
    chat.until("There is no provider “nowhere”.", at_prompt=True)


def test_assistants_are_picked(open_chat: Open, chat: Screen) -> None:
    assert open_chat("assistant", "new", "poet", "-i", "You rhyme\x1b[2J always.").end() == 0
    chat.say("/assistant")
    chat.until("assistants", "▌ demo", "in use · Be brief.", "version 1", "poet", "You rhyme␛[2J always.")
    chat.type("poet" + ENTER)
    chat.until("“demo” goes on with poet, version 1, at wire", at_prompt=True)
    chat.say("/assistant rhyme")
    chat.until("“demo” is with poet already.", at_prompt=True)
    chat.say("/assistant nobody")
    chat.until("There is no assistant “nobody”.", at_prompt=True)


def test_switching_by_what_was_said(open_chat: Open, chat: Screen) -> None:
    for name, words in (("alps", "Plan a hike in Uri"), ("lakes", "Plan a swim in Uri")):
        assert open_chat("new", name, "-a", "demo", words).end() == 0
    chat.say("/switch hike")
    chat.until("Now at “alps”.", at_prompt=True)
    chat.say("/switch plan uri")
    chat.until("2 of 3 · conversations", "❯ plan uri", "▌ lakes", "alps   in use · Plan a hike")
    chat.type(ENTER)
    chat.until("Now at “lakes”.", at_prompt=True)
    chat.type(CTRL_D)
    assert chat.end() == 0


def test_where_nothing_can_be_picked_the_list_is_printed(talking: Chatmgr) -> None:
    lines = talking("resume", "demo", stdin=b"/model\n/provider\n/assistant\n/switch\n").out.splitlines()
    assert "*  gpt-4.1" in lines
    assert "   gpt-5-mini" in lines
    assert any(line.startswith("*  wire   ") for line in lines)
    assert "*  demo       Be brief." in lines
    assert "*  demo          one" in lines
