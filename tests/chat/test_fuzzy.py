"""Finding rows by a few letters: what matches, what comes first, and that it is done in bites."""

import pytest

from chatmgr.chat.input.fuzzy import FuzzySearch, fold_case, matched_positions, matcher, row_text
from chatmgr.chat.input.masking import mask_hostile
from chatmgr.chat.input.toolbar import fit_facts

NAMES = ["holiday-plans", "shopping-list", "old-list", "list", "l-i-s-t", "nothing"]


def found(query: str, names: list[str]) -> list[str]:
    search = FuzzySearch(query, names)
    while not search.done:
        search.step(2)
    return [names[number] for number in search.best()]


def test_best_first() -> None:
    """At the start, then within, then letter by letter, the closest together first."""
    assert found("list", NAMES) == ["list", "old-list", "shopping-list", "l-i-s-t"]
    assert found("", NAMES) == NAMES
    assert found("  ", NAMES) == NAMES
    assert found("li sho", NAMES) == ["shopping-list"]
    assert found("LIST", ["a list"]) == ["a list"]
    assert found("zz", NAMES) == []


@pytest.mark.parametrize("query", ["[", "a.b", "^", "\\", "]^-", "é", "ſ"])
def test_letters_that_mean_something_elsewhere(query: str) -> None:
    row = fold_case(f"x {query} y")
    assert found(query, [row, "nothing"]) == [row]
    assert matcher(query)("") is None


@pytest.mark.parametrize("query", ["zuri", "ZÜRI", "zu\u0308rich"])
def test_accents_and_case_are_no_obstacle(query: str) -> None:
    """As in the search: what is found there is found here."""
    assert found(query, [fold_case("Zürich in spring"), fold_case("Genève")]) == ["zurich in spring"]


def test_a_longer_query_looks_only_at_what_the_shorter_found() -> None:
    first = FuzzySearch("l", NAMES)
    first.step(len(NAMES))
    second = FuzzySearch("li", NAMES, first.matches)
    second.step(len(NAMES))
    assert second.done
    assert [NAMES[number] for number in second.best()[:1]] == ["list"]


def test_a_hostile_row_costs_no_more_than_any_other() -> None:
    """A pattern that went back and forth would not come to an end here."""
    rank = matcher("ab" * 12 + "c")
    assert all(rank(text) is None for text in ["ab" * 50_000, "a" * 100_000])


def test_rows_may_still_be_coming() -> None:
    texts: list[str] = []
    search = FuzzySearch("b", texts)
    states = [search.done]
    texts += ["a", "b"]
    states.append(search.done)
    assert states == [True, False]
    search.step(10)
    assert search.best() == [1]


def test_what_does_not_fit_gives_way() -> None:
    facts = [(0, "name"), (3, "assistant"), (1, "model"), (4, "9 tokens"), (2, "$0.01")]
    assert fit_facts(facts, 80) == "name · assistant · model · 9 tokens · $0.01"
    assert fit_facts(facts, 34) == "name · assistant · model · $0.01"
    assert fit_facts(facts, 22) == "name · model · $0.01"
    assert fit_facts(facts, 14) == "name · model"
    assert fit_facts(facts, 3) == "na…"
    assert fit_facts([(0, "a\x1b[2J\nb"), (1, "")], 80) == "a␛[2J b"
    assert fit_facts([], 80) == ""


def test_marks_keep_the_length() -> None:
    assert mask_hostile("a\x1bb\u202ec\td\U000e0041") == "a␛b\ufffdc\td\ufffd"


def test_only_the_best_are_kept_in_order() -> None:
    texts = [f"{'x' * (50 - number)}a" for number in range(50)]
    search = FuzzySearch("a", texts, limit=3)
    search.step(100)
    assert search.best() == [49, 48, 47]
    assert len(search.matches) == 50


def marked(query: str, label: str, about: str = "") -> str:
    """The characters of a row that a query matches, the others as dots."""
    text = row_text(label, about)
    positions = matched_positions(query, text)
    return "".join(char if at in positions else "." for at, char in enumerate(text))


def test_the_rest_of_a_row_matches_by_words_and_close_letters() -> None:
    pairs = (("trip", "Three programs"), ("prog-ram", ""), ("x", "p r g r m"))
    rows = [fold_case(row_text(*pair)) for pair in pairs]
    assert found("prgrm", rows) == ["prog-ram", "trip\nthree programs"]
    assert found("three trip", rows) == ["trip\nthree programs"]
    assert found("tprog", rows) == []  # not over the end of the label


@pytest.mark.parametrize(
    ("query", "label", "about", "shown"),
    [
        ("ist", "shopping-list", "", "..........ist"),
        ("spl", "shopping-list", "", "s...p....l..."),
        ("prgrm", "trip", "Three programs", "...........pr.gr.m."),
        ("zur is", "Zürich", "ist's", "Zür....is..."),
        ("strasse", "Straße 5", "", "Straße.."),
        ("zz", "abc", "", "..."),
    ],
)
def test_what_a_query_matches_is_marked(query: str, label: str, about: str, shown: str) -> None:
    assert marked(query, label, about) == shown
