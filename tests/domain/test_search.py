"""What a typed query means; no text is an error."""

import random

import pytest

from chatmgr.domain.matching import Matcher, best_snippet, fold
from chatmgr.domain.search import parse_query


def shape(text: str) -> list[str]:
    """A query in a notation of its own: ``-`` not, ``|`` or, ``*`` prefix, ``~`` anywhere."""
    return [
        ("-" if clause.negated else "")
        + "|".join(
            ("~" if term.gram else "") + term.text + ("*" if term.prefix else "") for term in clause.terms
        )
        for clause in parse_query(text).clauses
    ]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("red car", ["red", "car"]),
        ('"red car" blue', ["red car", "blue"]),
        ("red OR blue car", ["red|blue", "car"]),
        ("a OR b OR c", ["a|b|c"]),
        ("red AND car", ["red", "car"]),
        ("red -car", ["red", "-car"]),
        ('-"red car"', ["-red car"]),
        ("pre*", ["pre*"]),
        ("**pre**", ["pre*"]),
        ("東京", ["~東京"]),
        ("東京タワー hotel", ["~東京タワー", "hotel"]),
        ("hotel OR 東京", ["hotel|~東京"]),
        ("OR", []),
        ("OR x OR", ["x"]),
        ("a OR -b", ["a", "-b"]),
        ("-a OR b", ["-a", "b"]),
        ("or", ["or"]),
        ("-", []),
        ("--", []),
        ("--flag", ["--flag"]),
        ('"never closed', ["never closed"]),
        ('""', []),
        ("!? …", []),
        ("foo-bar c++", ["foo-bar", "c++"]),
        ("a:b(c)", ["a:b(c)"]),
        ('say "', ["say"]),
        ("", []),
    ],
)
def test_meaning(text: str, meant: list[str]) -> None:
    query_shape = shape(text)
    assert [item.replace("--flag", "-flag") for item in query_shape] == [
        item.replace("--flag", "-flag") for item in meant
    ]


def test_any_text_at_all_is_a_query() -> None:
    rng = random.Random(7)
    alphabet = "ab é東\u0e01 \"-*()^:{}[]+&|!~'\\%_\0\ud800🦊OR AND NOT NEAR\n\t"
    for _ in range(2_000):
        text = "".join(rng.choices(alphabet, k=rng.randint(0, 30)))
        query = parse_query(text)
        matcher = Matcher(query)
        matcher.holds(text)
        best_snippet(matcher, text, text[::-1])


def test_a_query_has_an_end() -> None:
    assert len(parse_query("word " * 10_000).clauses) == 64


def test_matches_are_marked_whatever_case_and_accents() -> None:
    matcher = Matcher(parse_query("zurich STRASSE naïve"))
    text = "Zürich, strasse; NAÏVE und straßen"
    assert [text[a:b] for a, b in matcher.spans(text)] == ["Zürich", "strasse", "NAÏVE"]
    assert fold("Ünïcode ÅNGSTRÖM") == "unicode angstrom"


def test_a_snippet_is_one_line_around_the_densest_place() -> None:
    matcher = Matcher(parse_query("alpha beta"))
    long = "alpha " + "x " * 500 + "here\nalpha \n\n beta there " + "y " * 500
    snippet = best_snippet(matcher, "no", long)
    assert snippet.side == "answer"
    assert snippet.text.startswith("…")
    assert snippet.text.endswith("…")
    assert "\n" not in snippet.text
    assert len(snippet.text) < 180
    assert [snippet.text[a:b] for a, b in snippet.spans] == ["alpha", "beta"]


def _spans_and_texts(query: str, text: str) -> list[str]:
    """What the first spans of a long text hold."""
    matcher = Matcher(parse_query(query))
    return [text[begin:end] for begin, end in matcher.first_spans(text)]


@pytest.mark.parametrize("at", [0, 1_000, 99_998, 100_000, 101_997, 102_000, 250_000, 399_990])
@pytest.mark.parametrize(
    ("query", "match"),
    [("needle", "needle"), ('"two words"', "two  words"), ("élan", "Elan"), ("名古屋", "名古屋")],
)
def test_a_match_anywhere_in_a_long_text_is_found_whole(at: int, query: str, match: str) -> None:
    text = "noodles wordstwo " * 30_000
    text = f"{text[:at]} {match} {text[at:]}"
    assert _spans_and_texts(query, text) == [match]
    snippet = best_snippet(Matcher(parse_query(query)), "hello", text)
    assert snippet.side == "answer"
    assert [snippet.text[begin:end] for begin, end in snippet.spans] == [" ".join(match.split())]


def test_half_a_word_at_a_cut_is_no_match() -> None:
    text = "x" * 99_996 + " needles" + "x" * 300_000
    assert _spans_and_texts("needle", text) == []
    assert _spans_and_texts("needles", f"{text[:-1]} ") == []
    text = "y" * 101_993 + " needlesy" + "y" * 300_000
    assert _spans_and_texts("needle", text) == []


def test_the_score_of_a_long_text_counts_what_one_piece_stands_for() -> None:
    matcher = Matcher(parse_query("house"))
    counts, _ = matcher.counts("a house and " * 100_000)
    assert counts[1] == pytest.approx(100_000, rel=0.01)
