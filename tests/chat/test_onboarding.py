"""chatmgr alone at a terminal: two steps to the first answer, or the latest conversations."""

import json
import stat
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.chat.test_provider_setup import BARE, KEY, NO_PACKAGES, OLLAMA_IS_DOWN
from tests.support.screen import CTRL_C, CTRL_D, ENTER, Screen, environment
from tests.wire import Gate, WireServer
from tests.wire.faults import Fault

Start = Callable[..., Screen]
FIRST = "Which one (k, o, l; q leaves)"
FETCH = "Fetch the 127 MB now? [Y/n]"
AGAIN = "an empty line goes back."


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    """`chatmgr` alone, with settings and an environment; neither Ollama nor the embedded model are there."""
    with ExitStack() as open_ones:

        def run(settings: str = OLLAMA_IS_DOWN, **env: str) -> Screen:
            home.mkdir(exist_ok=True)
            (home / "config.toml").write_text(settings, encoding="utf-8")
            env = environment(home, **NO_PACKAGES, **env)
            return open_ones.enter_context(Screen(["-c", BARE], env, home.parent))

        yield run


def answer(screen: Screen, question: str, typed: str) -> None:
    """Answer a question that stands at the cursor."""
    screen.until(question)
    while not screen.prompt.startswith(question):
        screen.read()
    screen.type(typed + ENTER)


def finish(screen: Screen, message: str = "hello") -> None:
    """Say the first message, see it answered, and leave."""
    screen.until("2 of 2 · Say something.", "The assistant is told: “You are a helpful", at_prompt=True)
    screen.say(message)
    screen.until(f"1 user turns; you said: '{message}'", at_prompt=True)
    screen.type(CTRL_D)
    assert screen.end() == 0


def made(home: Path) -> bool:
    """Whether anything was kept but the settings that were there."""
    return {path.name for path in home.iterdir()} != {"config.toml"}


def test_a_typed_key_leads_to_the_first_answer(start: Start, wire: WireServer, home: Path) -> None:
    screen = start(OPENAI_BASE_URL=wire.base_url)
    screen.until("Welcome to chatmgr", "are kept on this machine", "[k] OpenAI", "with a key")
    screen.until("[o] Ollama: not found at http://127.0.0.1:9/v1", "[l] The embedded model", "127 MB")
    answer(screen, FIRST, "k")
    answer(screen, "Key for openai", KEY)
    screen.until("[1] gpt-4.1", "[2] gpt-4o-mini")
    answer(screen, "Which one [1]", "2")
    screen.until("Your key is kept in", "keys.json")
    finish(screen)
    assert KEY not in screen.raw
    assert str(home) in screen.raw
    kept = home / "keys.json"
    assert json.loads(kept.read_text(encoding="utf-8")) == {"openai": KEY}
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    posted = [request.body for request in wire.requests if request.path.endswith("/responses")]
    assert [(item["model"], item["instructions"]) for item in posted] == [
        ("gpt-4o-mini", "You are a helpful assistant.")
    ]
    assert "Resume with: chatmgr resume chat" in screen.text


def test_enter_alone_takes_what_is_found(start: Start, wire: WireServer) -> None:
    screen = start(OPENAI_BASE_URL=wire.base_url, OPENAI_API_KEY=KEY)
    screen.until("your key is found (OPENAI_API_KEY)")
    answer(screen, f"{FIRST} [k]", "")
    answer(screen, "Which one [1]", "")
    finish(screen)
    assert KEY not in screen.raw


def test_a_running_ollama_lists_its_models_and_is_remembered(
    start: Start, wire: WireServer, home: Path
) -> None:
    settings = f'# mine\n[providers.ollama]\nbase_url = "{wire.base_url}"  # here\n'
    screen = start(settings)
    screen.until(f"[o] Ollama: runs at {wire.base_url}")
    answer(screen, f"{FIRST} [o]", "")
    answer(screen, "Which one [1]", "nosuch")
    screen.until("“nosuch” is not one of them.")
    answer(screen, "Use it all the same? [y/N]", "")
    answer(screen, "Which one [1]", "gpt-5-mini")
    finish(screen)
    [asked] = [request.body for request in wire.requests if request.path.endswith("/chat/completions")]
    assert asked["model"] == "gpt-5-mini"
    text = (home / "config.toml").read_text(encoding="utf-8")
    ollama = {"base_url": wire.base_url, "default_model": "gpt-5-mini"}
    assert tomllib.loads(text) == {"providers": {"ollama": ollama}}  # it would be chosen next time anyway


def test_a_choice_off_the_usual_order_is_remembered(start: Start, wire: WireServer, home: Path) -> None:
    settings = f'# mine\n[providers.ollama]\nbase_url = "{wire.base_url}"  # here\n'
    screen = start(settings, OPENAI_API_KEY=KEY, OPENAI_BASE_URL=wire.base_url)
    answer(screen, f"{FIRST} [k]", "o")
    answer(screen, "Which one [1]", "")
    screen.until("New conversations begin at ollama from now on")
    finish(screen)
    text = (home / "config.toml").read_text(encoding="utf-8")
    ollama = {"base_url": wire.base_url, "default_model": "gpt-4.1"}
    assert tomllib.loads(text) == {"provider": "ollama", "providers": {"ollama": ollama}}
    assert "# mine\n" in text
    assert "# here\n" in text


def test_one_can_go_back_and_what_does_not_work_is_asked_again(
    start: Start, wire: WireServer, home: Path
) -> None:
    wire.wrong_keys.add("sk-wrong")
    screen = start(OPENAI_BASE_URL=wire.base_url)
    answer(screen, FIRST, "x")
    screen.until("“x” is none of k, o, l.")
    answer(screen, FIRST, "o")
    screen.until("Nothing answers at http://127.0.0.1:9/v1. Start it with: ollama serve")
    answer(screen, FIRST, "l")
    answer(screen, FETCH, "what")
    screen.until("Type y or n; “<” goes back.")
    answer(screen, FETCH, "<")
    answer(screen, FIRST, "l")
    answer(screen, FETCH, "y")
    screen.until("That did not work: No matching distribution found for chatmgr[local].", "chatmgr[local]'")
    assert "ERROR:" not in screen.text
    answer(screen, FIRST, "k")
    answer(screen, "Key for openai", "sk-wröng")
    screen.until("its character 6 is not ASCII", AGAIN)
    answer(screen, "Key for openai", "sk-wrong")
    screen.until("openai does not accept the key", AGAIN)
    answer(screen, "Key for openai", "")
    answer(screen, FIRST, "k")
    answer(screen, "Key for openai", KEY)
    answer(screen, "Which one [1]", "<")
    answer(screen, FIRST, "k")
    answer(screen, "Key for openai", KEY)
    assert not made(home)
    answer(screen, "Which one [1]", "")
    finish(screen)
    assert "sk-wrong" not in screen.raw
    assert json.loads((home / "keys.json").read_text(encoding="utf-8")) == {"openai": KEY}


@pytest.mark.parametrize("answers", [0, 1, 2])
def test_ctrl_c_leaves_and_nothing_is_made(start: Start, wire: WireServer, home: Path, answers: int) -> None:
    screen = start(OPENAI_BASE_URL=wire.base_url)
    way = [(FIRST, "k"), ("Key for openai", KEY), ("Which one [1]", "")]
    for question, typed in way[:answers]:
        answer(screen, question, typed)
    screen.until(way[answers][0])
    while not screen.prompt.startswith(way[answers][0]):
        screen.read()
    screen.type(CTRL_C)
    assert screen.end() == 130
    assert "Nothing was created. Begin again with: chatmgr" in screen.text
    assert not made(home)


def test_q_leaves(start: Start, home: Path) -> None:
    screen = start()
    answer(screen, FIRST, "q")
    assert screen.end() == 0
    assert "chatmgr --help" in screen.text
    assert not made(home)


@pytest.mark.parametrize("kind", ["status", "gate"])
def test_a_list_that_is_refused_or_late_decides_nothing(start: Start, wire: WireServer, kind: Any) -> None:
    gate = Gate()
    refusal = {"status": 403, "message": "Not from there."} if kind == "status" else {"gate": gate}
    wire.fault(Fault(kind=kind, match=("GET", "/models"), times=0, **refusal))
    screen = start(OPENAI_BASE_URL=wire.base_url, OPENAI_API_KEY=KEY)
    answer(screen, FIRST, "k")
    screen.until("Not from there." if kind == "status" else "openai has not listed its models in time.")
    answer(screen, "The model's name", "deployment-7")
    finish(screen)
    [posted] = [request.body for request in wire.requests if request.path.endswith("/responses")]
    assert posted["model"] == "deployment-7"
    gate.open()


def test_a_model_that_is_not_listed_is_taken_from_one_who_insists(start: Start, wire: WireServer) -> None:
    screen = start(OPENAI_BASE_URL=wire.base_url, OPENAI_API_KEY=KEY)
    answer(screen, FIRST, "k")
    answer(screen, "Which one [1]", "gpt-5-minny")
    screen.until("“gpt-5-minny” is not one of them; did you mean “gpt-5-mini”?")
    answer(screen, "Use it all the same? [y/N]", "y")
    finish(screen)
    assert [request.body["model"] for request in wire.requests if request.path.endswith("/responses")] == [
        "gpt-5-minny"
    ]


def test_with_conversations_the_latest_are_shown(start: Start, wire: WireServer, home: Path) -> None:
    env = environment(home, OPENAI_BASE_URL=wire.base_url, OPENAI_API_KEY=KEY)
    home.mkdir()
    for number in range(7):
        with Screen(["-m", "chatmgr", "new", f"talk {number}", "-i", "x"], env, home.parent) as chat:
            chat.until(at_prompt=True)
            chat.type(CTRL_D)
            assert chat.end() == 0
    screen = start()
    assert screen.end() == 0
    listed = [line.split("  ")[0] for line in screen.lines if line.startswith("talk ")]
    assert listed == [f"talk {number}" for number in (6, 5, 4, 3, 2)]
    for hint in ("chatmgr resume", "chatmgr new", "chatmgr history", "chatmgr --help", "“talk 6”"):
        assert hint in screen.text
    assert "Go on with another, such as “talk 5”: chatmgr resume 'talk 5'\n" in screen.text


def test_set_key_is_deaf_even_where_stderr_goes_elsewhere(home: Path) -> None:
    code = (
        "import os, sys; os.dup2(os.open('err', os.O_CREAT | os.O_WRONLY), 2); "
        "sys.argv = ['chatmgr', 'config', 'set-key', 'openai']; from chatmgr.cli.main import main; main()"
    )
    with Screen(["-c", code], environment(home), home.parent) as screen:
        answer(screen, "Key for openai", KEY)
        assert screen.end() == 0
    assert KEY not in screen.raw
    assert KEY not in (home.parent / "err").read_text(encoding="utf-8")
    assert json.loads((home / "keys.json").read_text(encoding="utf-8")) == {"openai": KEY}


def test_conversations_of_other_programs_are_mentioned_once(
    start: Start, wire: WireServer, tmp_path: Path
) -> None:
    (tmp_path / "codex" / "sessions").mkdir(parents=True)
    screen = start(
        OPENAI_API_KEY=KEY,
        OPENAI_BASE_URL=wire.base_url,
        CODEX_HOME=str(tmp_path / "codex"),
        HOME=str(tmp_path),
    )
    answer(screen, f"{FIRST} [k]", "")
    answer(screen, "Which one [1]", "")
    screen.until("What you said with Codex CLI can come along, later: chatmgr import --found")
    finish(screen)
