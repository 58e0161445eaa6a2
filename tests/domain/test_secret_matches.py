"""Finding, masking and replacing in one text."""

import json

import pytest

from chatmgr.domain.items import canonical_json
from chatmgr.domain.secret_matches import MARK, LiteralMatcher, Match, RegexMatcher, Scrubber

SECRET = "correct-horse-battery"


class Fixed:
    """A matcher of given places."""

    def __init__(self, *matches: Match) -> None:
        self._matches = matches

    def find(self, _text: str) -> list[Match]:
        """See ``Matcher``."""
        return [*self._matches]


def test_a_text_is_replaced_and_nothing_else() -> None:
    scrubber = Scrubber(LiteralMatcher([SECRET]))
    assert scrubber.replace(f"a {SECRET} b {SECRET}") == f"a {MARK} b {MARK}"
    assert scrubber.replace("nothing here") == "nothing here"


@pytest.mark.parametrize("secret", [SECRET, "x", "short", "ひみつのあいことば", 'with "quotes"\nand lines'])
def test_a_snippet_never_has_the_secret(secret: str) -> None:
    scrubber = Scrubber(LiteralMatcher([secret]))
    for found in scrubber.search(f"before {secret} {secret} after"):
        assert secret not in found.snippet.replace("before", "").replace("after", "")
        assert found.secret == secret
        assert "…" in found.snippet


def test_other_matches_in_a_snippet_are_masked_too() -> None:
    text = "one-secret-of-many two-secret-of-many"
    snippets = [found.snippet for found in Scrubber(LiteralMatcher(text.split())).search(text)]
    assert snippets == ["one-… …", "… two-…"]


def test_what_is_written_as_json_inside_a_text_is_found() -> None:
    secret = 'a "quoted" ключ'
    scrubber = Scrubber(LiteralMatcher([secret]))
    for ascii_only in (True, False):
        inner = json.dumps({"key": secret}, ensure_ascii=ascii_only)
        assert scrubber.replace(inner) == json.dumps({"key": MARK})
        raw = canonical_json({"arguments": inner})
        assert json.loads(scrubber.replace(raw, as_json=True)) == {"arguments": json.dumps({"key": MARK})}


def test_json_stays_json() -> None:
    scrubber = Scrubber(LiteralMatcher(["12345", "se\ncret"]))
    value = {"pin": 12345, "list": ["se\ncret", True, None, 1.5], "12345": 1, "123451": 2}
    replaced = json.loads(scrubber.replace(json.dumps(value), as_json=True))
    assert replaced == {"pin": MARK, "list": [MARK, True, None, 1.5], MARK: 1, f"{MARK}1": 2}
    untouched = '{"b":  1, "a": 2}'
    assert scrubber.replace(untouched, as_json=True) == untouched
    assert scrubber.replace("no JSON 12345", as_json=True) == f"no JSON {MARK}"


def test_names_that_become_the_same_are_all_kept() -> None:
    scrubber = Scrubber(RegexMatcher("x."))
    assert len(json.loads(scrubber.replace('{"x1": 1, "x2": 2}', as_json=True))) == 2


def test_overlapping_matches_are_one() -> None:
    text = "0123456789"
    scrubber = Scrubber(Fixed(Match("a", 4, 8), Match("b", 2, 5), Match("c", 3, 4, certain=False)))
    assert scrubber.replace(text) == f"01{MARK}89"
    assert [found.kind for found in scrubber.search(text)] == ["b"]


def test_a_mark_is_not_found_again() -> None:
    scrubber = Scrubber(LiteralMatcher(["removed", "r"]))
    assert scrubber.replace("r") == MARK
    assert scrubber.replace(MARK) == MARK
    assert scrubber.search(MARK) == []


def test_guesses_are_shown_and_stay() -> None:
    guess = Fixed(Match("guess", 0, 3, certain=False))
    assert Scrubber(guess).replace("abcdef") == "abcdef"
    assert [found.certain for found in Scrubber(guess).search("abcdef")] == [False]
    assert Scrubber(guess, guesses=True).replace("abcdef") == f"{MARK}def"
    assert Scrubber(guess).mask("abcdef") == "…def"


def test_an_expression_that_matches_nothing_removes_nothing() -> None:
    assert Scrubber(RegexMatcher("x*")).replace("abxxc") == f"ab{MARK}c"


def test_a_text_full_of_matches_shows_each_with_its_neighbours() -> None:
    snippets = [found.snippet for found in Scrubber(LiteralMatcher(["e"])).search("he sees me " * 5_000)]
    assert len(snippets) == 20_000
    assert {len(snippet) < 80 and "e" not in snippet for snippet in snippets} == {True}
