"""``history``: searching, filtering, and looking at runs, code and surroundings, as processes."""

import re
from collections.abc import Iterator

import pytest

from chatmgr.domain.states import RunState
from chatmgr.store.writer import RunOutcome
from tests.cli.test_startup_imports import foreign, modules
from tests.support.commands import Chatmgr
from tests.support.store import ENDPOINT, Store

HIT = re.findall(
    r"\w+",
    "address conversation turn title side snippet matches assistant model provider state at score "
    "also_in path",
)
CODE = "Look:\n\n```python\nprint('one')\n```\n\n- in a list:\n\n  ~~~sh\n  echo two\n  ~~~\n"


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    """The store that chatmgr will read: ``demo`` has one turn, ``trip`` four."""
    made = Store(sqlite_url)
    made.answer("hello", "An answer about nothing.", "demo")
    mini = made.assistant("mini", model="gpt-4o-mini")
    made.writer.conversations.create("trip", mini.id, "", "wire")
    for text in ("the budget for Zürich", "the hotel", "東京に行きたい", "\x1b]0;evil\x07 budget"):
        pk = made.now("trip").pk
        run = made.writer.turns.open(pk, mini, "gpt-4o-mini", "wire", ENDPOINT, text)
        made.writer.runs.close(run, RunOutcome(RunState.COMPLETED, f"About {text}, and cafés."))
    yield made
    made.close()


@pytest.fixture
def asked(store: Store, chatmgr: Chatmgr) -> Chatmgr:
    """chatmgr, to look at that store."""
    return chatmgr


def test_a_search_shows_addresses_and_pieces(asked: Chatmgr) -> None:
    done = asked("history", "-q", "zurich")
    head, piece = done.out.splitlines()
    assert re.fullmatch(r"trip@1 · \d{4}-\d\d-\d\d \d\d:\d\d · gpt-4o-mini", head)
    assert "Zürich" in piece
    assert (done.code, done.err) == (0, "")
    assert "trip@3" in asked("history", "-q", "東京").out
    assert "trip@2" in asked("history", "trip", "-q", "hotel").out
    assert asked("history", "demo", "-q", "hotel").out == ""


def test_a_search_as_json(asked: Chatmgr) -> None:
    [hit] = asked.json("history", "-q", "hotel")
    assert list(hit) == HIT
    assert (hit["address"], hit["conversation"], hit["turn"], hit["title"]) == ("trip@2", "trip", 2, None)
    assert [hit["snippet"][a:b] for a, b in hit["matches"]] == ["hotel"]
    [named] = asked.json("history", "-q", "demo")
    assert (named["address"], named["turn"], named["side"]) == ("demo", None, "title")


def test_newest_and_counts(asked: Chatmgr) -> None:
    newest = [hit["turn"] for hit in asked.json("history", "-q", "cafes", "--newest")]
    assert newest == [4, 3, 2, 1]
    assert len(asked.json("history", "-q", "cafes", "-n", "2")) == 2
    assert [hit["turn"] for hit in asked.json("history", "-q", "cafes", "-n", "0")] == newest


def test_nothing_found_is_said_and_no_error(asked: Chatmgr) -> None:
    done = asked("history", "-q", "quokka")
    assert (done.out, done.err) == ("", "Nothing found for “quokka”.\n")
    assert asked("history", "-q", '"?!').err == 'There is no word to search for in “"?!”.\n'


@pytest.mark.parametrize(
    "query", ['"', "NEAR(a b)", "a AND OR b*", "-", "(((", "col:x", "'; --", "^x", "a\tb", "🦊"]
)
def test_no_text_is_an_error(asked: Chatmgr, query: str) -> None:
    asked("history", "-q", query)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("--model", "gpt-4o-mini"), ["trip"]),
        (("--assistant", "tutor"), ["demo"]),
        (("--provider", "wire"), ["trip"]),
        (("--since", "1h"), ["trip", "demo"]),
        (("--since", "2020", "--until", "2021"), []),
        (("--until", "yesterday"), []),
        (("--state", "failed"), []),
        (("--file",), []),
        (("--min-cost", "1000"), []),
        (("--archived",), []),
    ],
)
def test_the_list_is_filtered(asked: Chatmgr, words: tuple[str, ...], names: list[str]) -> None:
    assert [conversation["name"] for conversation in asked.json("history", *words)] == names
    hits = {hit["conversation"] for hit in asked.json("history", "-q", "answer OR about", *words)}
    assert hits == set(names)


def test_bad_filters_are_told(asked: Chatmgr) -> None:
    assert "“someday” is not a date" in asked.refused(2, "history", "--since", "someday")
    assert "is later than" in asked.refused(2, "history", "--since", "2021", "--until", "2020")
    assert "no assistant “nobody”" in asked.refused(5, "history", "--assistant", "nobody")
    assert "goes with -q" in asked.refused(2, "history", "--newest")
    assert "NAME@TURN" in asked.refused(2, "history", "demo", "-C", "2")
    assert "Filters go with" in asked.refused(2, "history", "demo", "--file")
    assert "no tag “x”" in asked.refused(5, "history", "--tag", "x")
    assert "not an amount" in asked.refused(2, "history", "--min-cost", "nan")
    assert asked("history", "--model", "x").err.startswith("No conversation matches.")
    assert "no tag “x”. See them all: chatmgr tag --list" in asked.refused(5, "history", "--tag", "x")
    assert "no provider “wirre”. Did you mean “wire”?" in asked.refused(5, "stats", "--provider", "wirre")


def test_surroundings_of_a_turn(asked: Chatmgr) -> None:
    assert [turn["turn"] for turn in asked.json("history", "trip@2", "-C", "1")] == [1, 2, 3]
    assert [turn["turn"] for turn in asked.json("history", "trip@-1", "-C", "9")] == [1, 2, 3, 4]
    assert [turn["turn"] for turn in asked.json("history", "trip@1", "-C", "0")] == [1]


def test_code_alone(asked: Chatmgr, store: Store) -> None:
    store.answer("code please", CODE, "demo")
    assert asked("history", "demo", "--code").out == "print('one')\n\necho two\n"
    assert asked("history", "demo@-1", "--code", "2").out == "echo two\n"
    assert "The answers of “demo” contain 2 code blocks, not 3." in asked.refused(
        5, "history", "demo", "--code", "3"
    )
    assert "The answers of “trip” contain no code." in asked.refused(5, "history", "trip", "--code")


def test_runs_are_shown_with_what_became_of_them(asked: Chatmgr, store: Store) -> None:
    run = store.open("again", "demo")
    store.writer.runs.close(run, RunOutcome(RunState.FAILED, "", error="no such luck"))
    [turn] = asked.json("history", "demo@-1", "--runs")
    [run_shown] = turn["runs"]
    assert (run_shown["chosen"], run_shown["state"], run_shown["answer"]) == (True, "failed", None)
    assert run_shown["error"] == "no such luck"
    shown = asked("history", "demo", "--runs").out
    assert "[run 1 · " in shown
    assert "failed · no such luck]" in shown  # there is no text that would be the answer
    assert "· the answer]" in asked("history", "demo@1", "--runs").out


def test_hits_are_harmless(asked: Chatmgr) -> None:
    out = asked("history", "-q", "evil").out
    assert "\x1b" not in out
    assert "␛]0;evil" in out


def test_a_search_loads_click_alone(asked: Chatmgr) -> None:
    loaded = modules(asked, "history", "-q", "budget")
    assert foreign(loaded) == {"click"}


def test_the_index_is_checked_and_made_anew(asked: Chatmgr) -> None:
    assert asked("db", "check").out == "The database is intact.\n"
    assert asked("db", "reindex").err == "The search index is rebuilt.\n"
    assert asked("db", "check").out == "The database is intact.\n"
