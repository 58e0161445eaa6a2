"""The same with a real llama.cpp server: a context that is too small, and a model that cannot see."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import CHATMGR, ROOT, TIMEOUT, Chatmgr
from tests.support.small_context_server import CONTEXT

pytestmark = pytest.mark.usefixtures("files")  # they lie where the commands run

LIMITED = ("--param", "max_tokens=12")  # else there is no end of its answers
FACTS = "The harbour of Kiel is blue and has many ships, cranes and gulls that never sleep at night. " * 5


@pytest.fixture(scope="session")
def llama(models_dir: Path) -> Iterator[str]:
    """The base URL of a llama.cpp server with SmolLM2 and 512 tokens of context."""
    [weights] = models_dir.glob("smollm2*.gguf")
    command = [sys.executable, "-m", "tests.support.small_context_server", str(weights)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.communicate(timeout=30)


@pytest.fixture(params=["completions", "responses"])
def talking(request: pytest.FixtureRequest, chatmgr: Chatmgr, llama: str) -> Chatmgr:
    """chatmgr with the conversation ``demo``, which has one turn, at llama.cpp by two of its APIs."""
    chatmgr.provider(request.param, llama)
    run(chatmgr, "new", "demo", "-i", "Be brief.", "--provider", "wire", *LIMITED, "Hello.")
    return chatmgr


def run(chatmgr: Chatmgr, *words: str) -> str:
    """Run a turn, whether or not its answer is cut off by its length; return what was noted."""
    done = subprocess.run(
        [*CHATMGR, *words],
        cwd=chatmgr.home.parent,
        env=chatmgr.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=TIMEOUT,
        text=True,
        check=False,
    )
    cut = "The answer is incomplete: the limit of its length was reached."
    assert done.returncode == (8 if cut in done.stderr else 0), done.stderr
    return done.stderr


def said(chatmgr: Chatmgr, text: str, *more: str) -> str:
    """As ``run``, in the conversation; earlier turns stay as they are."""
    before = chatmgr.json("history", "demo")
    noted = run(chatmgr, "send", "demo", text, *more)
    assert chatmgr.json("history", "demo")[:-1] == before
    return noted


def test_a_long_conversation_goes_on(talking: Chatmgr) -> None:
    notices = [said(talking, f"{number}. {FACTS}") for number in range(5)]
    match = re.search(
        rf"(\d) earlier turns? did not fit the model's context of {CONTEXT} tokens", notices[-1]
    )
    assert match is not None, notices
    assert 1 <= int(match[1]) <= 5
    assert "did not fit" not in notices[0]
    turns = talking.json("history", "demo")
    assert len(turns) == 6
    assert all(turn["answer"] for turn in turns)
    assert turns[-1]["input_tokens"] < CONTEXT
    assert turns[-1]["cost"] is None  # nobody knows what this machine costs


def test_a_message_that_never_fits(talking: Chatmgr) -> None:
    line = talking.refused(8, "send", "demo", FACTS * 8)
    assert re.search(
        rf"has {CONTEXT} tokens, and the message with the instructions needs [\d,]+ tokens\.", line
    )


@pytest.mark.parametrize(
    ("name", "reason"), [("dot.png", "image input is not supported"), ("plan.pdf", "support")]
)
def test_a_file_that_it_cannot_read_is_one_clear_line(talking: Chatmgr, name: str, reason: str) -> None:
    line = talking.refused(8, "send", "demo", "-f", name, "What is this?")
    assert line.startswith(f"chatmgr: The model cannot read {name}: wire refused (")
    assert reason in line
    assert line.endswith("Choose one that can, with -m or --provider, or send text.")
    said(talking, "Go on without it.")


def test_text_files_are_read(talking: Chatmgr) -> None:
    assert "cannot read" not in said(talking, "What does it say?", "-f", "notes.txt")
    assert talking.turn("demo@-1")["input_tokens"] > 20
