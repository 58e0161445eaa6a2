"""A first start with neither key nor server nor embedded model: three ways, one keystroke each."""

import json
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.screen import CTRL_C, CTRL_D, ENTER, Screen, environment
from tests.wire import WireServer

KEY = "sk-proj-Zq8wXc2Vb7nM4kL0"
# As where the `local` extra is not installed: the import system does not find what is None.
BARE = "import sys; sys.modules['xllamacpp'] = None; from chatmgr.cli.main import main; main()"
NO_PACKAGES = {"PIP_NO_INDEX": "1", "PIP_IGNORE_INSTALLED": "1"}  # for pip, whatever is installed here
OLLAMA_IS_DOWN = '[providers.ollama]\nbase_url = "http://127.0.0.1:9/v1"\n'


@pytest.fixture
def wire() -> Iterator[WireServer]:
    """What stands in for OpenAI."""
    with WireServer() as running:
        yield running
    assert running.violations == []


@pytest.fixture
def start(home: Path, wire: WireServer) -> Iterator[Callable[[], Screen]]:
    """`chatmgr new demo` where there is no provider at all."""
    home.mkdir()
    (home / "config.toml").write_text(OLLAMA_IS_DOWN, encoding="utf-8")
    env = environment(home, OPENAI_BASE_URL=wire.base_url, **NO_PACKAGES)
    command = ["-c", BARE, "new", "demo", "-i", "Be brief."]
    with ExitStack() as open_ones:
        yield lambda: open_ones.enter_context(Screen(command, env, home.parent))


def test_a_key_is_typed_unseen_and_used(start: Callable[[], Screen], home: Path, wire: WireServer) -> None:
    screen = start()
    screen.until("There is no provider to talk to yet.", "[k] OpenAI", "[o] Ollama", "[l] The embedded model")
    screen.until("Which one")
    screen.type("k")
    screen.until("OpenAI key (not shown):")
    screen.type(KEY + ENTER)
    screen.until("The key is kept in", "keys.json", at_prompt=True)
    screen.say("hello")
    screen.until("1 user turns; you said: 'hello'", at_prompt=True)
    screen.type(CTRL_D)
    assert screen.end() == 0
    assert KEY not in screen.raw
    kept = home / "keys.json"
    assert json.loads(kept.read_text(encoding="utf-8")) == {"openai": KEY}
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    database = b"".join(file.read_bytes() for file in home.glob("chatmgr.db*"))
    assert KEY.encode() not in database


def test_what_does_not_work_is_said_and_asked_again(start: Callable[[], Screen], home: Path) -> None:
    screen = start()
    screen.until("Which one")
    screen.type("o")
    screen.until("Nothing answers at http://127.0.0.1:9/v1. Start it with: ollama serve")
    screen.type("x")
    screen.until("? x")
    screen.type("l")
    screen.until("That did not work: No matching distribution found for chatmgr[local].", "chatmgr[local]'")
    assert "ERROR:" not in screen.text
    screen.type("q")
    assert screen.end() == 7
    assert "Three ways to set one up" in screen.text
    assert not (home / "chatmgr.db").exists()  # nothing was made


def test_ctrl_c_leaves(start: Callable[[], Screen]) -> None:
    screen = start()
    screen.until("Which one")
    screen.type(CTRL_C)
    assert screen.end() in {7, 130}
