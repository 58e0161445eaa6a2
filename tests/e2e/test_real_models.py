"""A conversation held, left, resumed in another process and reviewed, on a real model by every way to it."""

import itertools
from typing import Any

import pytest

from tests.support.commands import CommandResult
from tests.support.processes import Home

BRIEF = ("-i", "You are brief.", "--param", "max_tokens=24", "--param", "temperature=0")
SAID = ["My name is Ada, and I like green tea.", "What did I say?", "Tell me more.", "Thank you."]


@pytest.fixture(params=["completions", "responses", "local"])
def provider(request: pytest.FixtureRequest, embedded: Home) -> str:
    """A provider with a real model behind it: llama.cpp by either API, or in the process itself."""
    if request.param != "local":
        embedded.provider(request.param, request.getfixturevalue("llama"))
    return str(request.param)


def _answered(done: CommandResult) -> str:
    """The answer that a command printed; one that was cut off at its limit is an answer too."""
    assert done.code in {0, 8}, done
    assert done.code == 0 or "the limit of its length was reached" in done.err, done
    assert done.out.strip()
    return done.out.removesuffix("\n")


def _check_memory(turns: list[dict[str, Any]]) -> None:
    """By the model's own count, each turn was given all that was said before it."""
    for before, after in itertools.pairwise(turns):
        assert after["input_tokens"] > before["input_tokens"] + before["output_tokens"], turns


def test_new_send_resume_history(embedded: Home, provider: str) -> None:
    place = embedded
    first = _answered(place.start("new", "demo", SAID[0], "--provider", provider, *BRIEF).wait())
    second = _answered(place.start("send", "demo", SAID[1]).wait())
    resumed = place.start("resume", "demo", text=f"{SAID[2]}\n{SAID[3]}\n").wait()
    turns = place.run("history", "demo", "--json").json()
    assert [turn["user"] for turn in turns] == SAID
    assert [turn["answer"] for turn in turns[:2]] == [first, second]
    assert resumed.out.split() == f"{turns[2]['answer']} {turns[3]['answer']}".split()
    assert "Resume with" not in resumed.err  # said to a person alone
    assert {turn["provider"] for turn in turns} == {provider}
    for turn in turns:
        assert turn["state"] in {"completed", "incomplete"}
        assert (turn["detail"] == "length") == (turn["state"] == "incomplete")
        assert 0 < turn["output_tokens"] <= 24
        assert "smollm2" in turn["model"]
        assert turn["run_id"]
        assert turn["thread_id"] is None  # llama.cpp keeps none
    _check_memory(turns)
    [listed] = place.run("history", "--json").json()
    assert (listed["name"], listed["turns"], listed["state"]) == ("demo", 4, turns[-1]["state"])
    shown = place.run("history", "demo@1")
    assert f"> {SAID[0]}" in shown.out
    assert first in shown.out


def test_models(embedded: Home, provider: str) -> None:
    listed = embedded.run("models", "--provider", provider)
    assert (listed.code, "smollm2-135m-instruct" in listed.out) == (0, True)
    wrong = ("--provider", provider, "-m", "smollm2-135m-instrukt")
    tried = embedded.run("new", "demo", "Hello", *wrong, *BRIEF)  # llama.cpp takes any name
    assert tried.code in ({5} if provider == "local" else {0, 8})
    assert "“smollm2-135m-instrukt”" in tried.err
    assert "smollm2-135m-instruct" in tried.err.split("instrukt", 1)[1]
    assert '"user": "Hello"' in embedded.run("history", "demo", "--json").out
