"""Search on both databases: the same queries find the same turns."""

from collections.abc import Iterator

import pytest

from chatmgr.domain.filters import Filters
from chatmgr.domain.search import parse_query
from chatmgr.domain.states import RunState
from chatmgr.store.writer import RunOutcome
from tests.support.store import Store, execute

ANY = Filters(archived=None)
TURNS = [
    ("trip", "What about the budget for Zürich?", "The **budget** is fine. See foo_bar and C++17."),
    ("trip", "And the hotel", "Naïve question: any hotel near Bahnhofstraße 12, e-mail me@example.org"),
    ("reise", "東京に行きたい", "京都はどうですか。東京タワーもあります"),
    ("reise", "서울에서 만나요", "กรุงเทพมหานคร อากาศร้อน"),
    ("war", "Кто написал «Войну и мир»?", "Лев Толстой"),
    ("long", "start " + "filler words " * 12_000 + "needle at the end", "x" * 3_000),
    ("code", "red car", "blue house"),
    ("code", "red house", "green car"),
    ("code", "100% sure: it's a \"quoted\" thing's (end)", "1.5 and 2e10 and -7"),
]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with all of TURNS, made once."""
    if request.param == "sqlite":
        made = Store(f"sqlite:///{tmp_path_factory.mktemp('search') / 'chatmgr.db'}")
        _fill(made)
        yield made
        made.close()
        return
    server = request.getfixturevalue("server")
    with server.database(request.getfixturevalue("template")) as url:
        made = Store(url)
        _fill(made)
        yield made
        made.close()


def _fill(store: Store) -> None:
    for name, user, answer in TURNS:
        store.answer(user, answer, name)


def found(store: Store, query: str, filters: Filters = ANY, **how: bool | int) -> set[str]:
    """The addresses of all hits."""
    hits = store.reader.search.find(parse_query(query), filters, 50, **how).hits  # type: ignore[arg-type]
    return {hit.conversation + (f"@{hit.turn}" if hit.turn else "") for hit in hits}


@pytest.mark.parametrize(
    ("query", "addresses"),
    [
        ("budget", {"trip@1"}),
        ("BUDGET zurich", {"trip@1"}),
        ("zürich", {"trip@1"}),
        ("naive", {"trip@2"}),
        ("foo_bar", {"trip@1"}),
        ("foo bar", {"trip@1"}),
        ('"bar foo"', set()),
        ("c++17", {"trip@1"}),
        ("me@example.org", {"trip@2"}),
        ("12", {"trip@2"}),
        ("red", {"code@1", "code@2"}),
        ("red car", {"code@1", "code@2"}),
        ('"red car"', {"code@1"}),
        ('-"red car" red', {"code@2"}),
        ('house OR "green car"', {"code@1", "code@2"}),
        ("red -green", {"code@1"}),
        ("-green house", {"code@1"}),
        ("blue OR green", {"code@1", "code@2"}),
        ("blue OR green -red", set()),
        ("hot*", {"trip@2"}),
        ('"any hot"', set()),
        ("толстой", {"war@1"}),
        ("ВОЙНУ мир", {"war@1"}),
        ("東京", {"reise@1"}),
        ("東", {"reise@1"}),
        ("す", {"reise@1"}),
        ("ます", {"reise@1"}),
        ("タワーも", {"reise@1"}),
        ("東京 京都", {"reise@1"}),
        ("東京都", set()),
        ("서울", {"reise@2"}),
        ("만나", {"reise@2"}),
        ("มหานคร", {"reise@2"}),
        ("東京 OR budget", {"reise@1", "trip@1"}),
        ("東京 -京都", set()),
        ("京都 -東京都", {"reise@1"}),
        ("-東京 -red -budget -hotel -needle -толстой -quoted", {"reise@2"}),
        ("needle", {"long@1"}),
        ('"words needle"', {"long@1"}),
        ("1.5", {"code@3"}),
        ("it's", {"code@3"}),
        ("100%", {"code@3"}),
        ("war", {"war"}),
        ("reise 東京", set()),
        ("'; DROP TABLE turns; --", set()),
    ],
)
def test_what_is_found(told: Store, query: str, addresses: set[str]) -> None:
    assert found(told, query) == addresses
    assert found(told, query, newest=True) == addresses


def test_the_text_of_a_hit_and_its_place(told: Store) -> None:
    [hit] = told.reader.search.find(parse_query("hotel"), ANY, 5).hits
    assert (hit.conversation, hit.turn, hit.title, hit.assistant) == ("trip", 2, "Trip", "tutor")
    assert [hit.snippet.text[a:b] for a, b in hit.snippet.spans] == ["hotel"]
    assert hit.score is not None


def test_within_one_conversation(told: Store) -> None:
    assert found(told, "car OR budget", conversation=told.now("code").pk) == {"code@1", "code@2"}


def test_filters_narrow_a_search(told: Store) -> None:
    assert found(told, "red", Filters(archived=None, assistant="nobody")) == set()
    assert found(told, "red", Filters(archived=None, state="completed")) == {"code@1", "code@2"}
    assert found(told, "red", Filters(archived=None, model="gpt-x", provider="openai")) == {
        "code@1",
        "code@2",
    }
    assert found(told, "red", Filters(archived=True)) == set()
    assert found(told, "red", Filters(archived=None, file=True)) == set()
    assert found(told, "red", Filters(archived=None, min_cost=1)) == set()
    first = next(iter(told.reader.turns.list(told.now("trip")))).started_at
    assert first is not None
    assert found(told, "budget OR red", Filters(archived=None, until=first)) == {"trip@1"}


def test_the_best_come_first(store: Store) -> None:
    store.answer("one budget", "a long answer " * 60, "one")
    store.answer("budget and plan for the budget", "the budget plan", "two")
    store.answer("budget", "a long answer " * 90, "three")
    best = store.reader.search.find(parse_query("budget"), ANY, 3).hits
    assert next(best).conversation == "two"
    newest = store.reader.search.find(parse_query("budget"), ANY, 0).hits
    assert [item.conversation for item in newest] == ["three", "two", "one"]
    assert [hit.conversation for hit in store.reader.search.find(parse_query("two"), ANY, 3).hits] == ["two"]


def test_trash_and_empty_stores_have_no_hits(store: Store) -> None:
    assert found(store, "hello") == set()
    store.answer("hello", "hi")
    assert found(store, "hello") == {"plan@1"}
    assert found(store, "plan") == {"plan"}
    execute(store.url, "UPDATE conversations SET deleted_at = updated_at")
    assert found(store, "hello plan") == set()


def test_a_message_is_found_before_its_answer_is_there(store: Store) -> None:
    run = store.open("where is the needle")
    store.writer.runs.checkpoint(run, "half a haystack")
    assert found(store, "needle") == {"plan@1"}
    assert found(store, "haystack") == set()
    store.writer.runs.close(run, RunOutcome(RunState.INTERRUPTED, "half a haystack"))
    assert found(store, "needle haystack") == {"plan@1"}
