"""Which texts are taken for secrets, and which are not."""

import pytest

from chatmgr.domain.errors import UsageFault
from chatmgr.domain.secret_matches import MARK, RegexMatcher, Scrubber
from chatmgr.services.secret_patterns import SecretPatterns
from chatmgr.services.time_limit import TimeLimited, refuse_nested_repeats
from tests.support.secrets import KINDS, in_a_sentence

PROSE = (
    "The password: is required. Choose a secret of at least 12 characters, and keep the API key private.",
    "Use scikit-learn; sk-learn-based-approaches, task-force-members-of-the-day and desk-side help exist.",
    "See https://user.example:8080/path@2x.png and mail me@example.org at 10:30, or ftp://host/a:b@c.",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8, uuid 6b3f1a52-0f43-4a4e-9a4f-1f7c0a4b7f9d",
    "AKIA is a prefix, ghp_ too, and eyJ.a.b is no token. 秘密 ひみつ пароль",
    "iam key management and the secret access key of the ibm cloud are explained below",
)


@pytest.fixture(scope="module")
def patterns() -> SecretPatterns:
    """The library's, compiled once."""
    return SecretPatterns()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", ["{}", "“{}”,", "key={};", "秘密は{}です", "({})", "`{}`"])
def test_a_secret_is_found_and_goes_as_a_whole(patterns: SecretPatterns, kind: str, place: str) -> None:
    secret = KINDS[kind]()
    text = in_a_sentence(kind, place.format(secret) if kind != "Basic Auth Credentials" else secret)
    scrubber = Scrubber(patterns)
    assert scrubber.replace(text) == text.replace(secret, MARK)
    assert {found.kind for found in scrubber.search(text) if found.certain} == {kind}


@pytest.mark.parametrize("text", PROSE)
def test_prose_stays(patterns: SecretPatterns, text: str) -> None:
    assert Scrubber(patterns).replace(text) == text
    assert Scrubber(patterns, guesses=True).search(text) == []


def test_what_stands_for_a_password_is_a_guess(patterns: SecretPatterns) -> None:
    text = 'password = "the answer" # api_key: "see the manual"'
    assert Scrubber(patterns).replace(text) == text
    found = Scrubber(patterns).search(text)
    assert [match.certain for match in found] == [False] * len(found)
    assert found
    assert MARK in Scrubber(patterns, guesses=True).replace(text)


def test_a_word_that_looks_like_a_key_is_a_guess(patterns: SecretPatterns) -> None:
    text = "the APERTURESCIENCE project"
    assert Scrubber(patterns).replace(text) == text
    assert [found.certain for found in Scrubber(patterns).search(text)] == [False]
    assert Scrubber(patterns).replace("its AP6Ertur3Sci3nce key") == f"its {MARK} key"


def test_a_key_without_an_end_goes_as_far_as_it_looks_like_one(patterns: SecretPatterns) -> None:
    cut = "-----BEGIN PRIVATE KEY-----\nMIIEvQ\nabc+/="
    assert Scrubber(patterns).replace(f"{cut}\n\nТекст") == f"{MARK}Текст"


def test_an_expression_that_never_ends_is_given_up() -> None:
    endless = TimeLimited(RegexMatcher(r"(a|aa)+$"), seconds=0.05)
    with pytest.raises(UsageFault, match="too long"):
        endless.find("a" * 5000 + "b")
    assert endless.find("aaa") != []


@pytest.mark.parametrize("pattern", [r"(a+)+", r"(?:\w*)*x", r"(a+b?)+", r"(x+){2,}"])
def test_a_repeat_in_a_repeat_is_refused(pattern: str) -> None:
    with pytest.raises(UsageFault, match="repeats a repeat"):
        refuse_nested_repeats(pattern)


@pytest.mark.parametrize("pattern", [r"(ab)+", r"a+b+", r"(a\+)+", r"[a-z]+@x\.y", r"(\d{4} ?)+", r"\(a+\)+"])
def test_other_expressions_are_not(pattern: str) -> None:
    refuse_nested_repeats(pattern)
