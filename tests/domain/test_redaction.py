"""Credentials are cut out of what servers write, however they spell them; innocent text stays as it is."""

import html
import json
import random
from base64 import b64encode, urlsafe_b64encode
from itertools import accumulate
from urllib.parse import quote

import pytest

from chatmgr.domain.redaction import (
    Redactor,
    StreamRedactor,
    is_secret_name,
    masked_params,
    safe_url,
    secret_parameter,
    secrets_of_url,
    without_credentials,
)

KEY = 'sk-Zq8+mW2/vK5"tR7&xN4b?>'
REDACTOR = Redactor([KEY])
SPELLINGS = {
    "plain": KEY,
    "in a URL": quote(KEY, safe=""),
    "in a URL, lower case": quote(KEY, safe="")
    .replace("%2B", "%2b")
    .replace("%2F", "%2f")
    .replace("%3F", "%3f")
    .replace("%3E", "%3e"),
    "in JSON": json.dumps(KEY)[1:-1],
    "in HTML": html.escape(KEY),
    **{
        f"in base64 after {count} characters": b64encode(b"user:"[:count] + KEY.encode() + b"!").decode()
        for count in range(5)
    },
    "in base64 for URLs": urlsafe_b64encode(KEY.encode()).decode(),
}


def parts_of(secret: str) -> set[str]:
    """Every eight characters of a text in a row."""
    return {secret[at : at + 8] for at in range(len(secret) - 7)}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_a_key_is_cut_however_it_is_spelled(spelling: str) -> None:
    text = f"You sent {spelling}, twice: {spelling}"
    for cut in (REDACTOR.answer, REDACTOR.label, REDACTOR.words):
        assert "…" in cut(text)
        assert not parts_of(spelling[3:-3]) & parts_of(cut(text)), cut(text)
        assert cut(text).startswith("You sent ")


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_a_key_is_cut_wherever_a_stream_is_cut(spelling: str) -> None:
    randomness = random.Random(20260826)
    text = f"as sk-Zq {spelling} this{spelling} sk- done, sk-Zq8"
    for _ in range(300):
        ends = [*accumulate(randomness.randint(1, 9) for _ in text)]
        stream = StreamRedactor(REDACTOR)
        pieces = [stream.feed(text[start:end]) for start, end in zip([0, *ends], ends, strict=False)]
        written = "".join([*pieces, stream.rest()])
        assert not parts_of(spelling[3:-3]) & parts_of(written), written
        assert written.startswith("as sk-Zq ")
        assert " this" in written
        assert written.endswith(" sk- done, sk-Zq8")


def test_a_stream_waits_for_nothing_but_a_key() -> None:
    stream = StreamRedactor(REDACTOR)
    assert [stream.feed(piece) for piece in ("this", " is", " sk", "-", "y")] == [
        "this",
        " is",
        " sk",
        "-",
        "y",
    ]
    assert (stream.feed("sk-Zq8"), stream.held) == ("", "sk-Zq8")
    assert stream.feed("!") == "sk-Zq8!"
    assert StreamRedactor(Redactor([])).feed("sk-Zq8") == "sk-Zq8"


def test_most_of_a_key_at_the_end_is_cut_as_well() -> None:
    for length, rest in ((6, KEY[:6]), (12, "…"), (len(KEY) - 1, "…")):
        stream = StreamRedactor(REDACTOR)
        assert stream.feed(f"It is {KEY[:length]}") + stream.rest() == f"It is {rest}"


def test_what_waits_is_bounded() -> None:
    """A server that always ends a piece like the beginning of a key delays no more than a page of it."""
    stream, longest, text = StreamRedactor(REDACTOR), 0, "x" * 40 + KEY[:9]
    written = ""
    for _ in range(1_000):
        written += stream.feed(text)
        longest = max(longest, len(stream.held))
    assert written + stream.rest() == text * 1_000
    assert longest < 5_000


@pytest.mark.parametrize(
    ("reply", "kept"),
    [
        ("Incorrect API key provided: sk-abcd*****wxyz.", "Incorrect API key provided: sk-…"),
        ("Authorization: Bearer abcd1234efgh was refused", "Authorization: … was refused"),
        ("{'authorization': 'Bearer top-secret'}", "{'authorization': '…'}"),
        ('{"x-api-key": "hunter2"}', '{"x-api-key": "…"}'),
        ("POST /v1?api_key=hunter&x=1", "POST /v1?api_key=…&x=1"),
        ("Basic dXNlcjpwYXNzd29yZA== is wrong", "Basic … is wrong"),
        ("no route to https://me:pw@proxy:8080/v1", "no route to https://…@proxy:8080/v1"),
        ("hf_Abcdefghij1234567890abcdefghij is revoked", "hf_… is revoked"),
    ],
)
def test_a_servers_own_words_lose_what_looks_like_a_credential(reply: str, kept: str) -> None:
    assert without_credentials(reply) == kept


@pytest.mark.parametrize(
    "text",
    [
        "Bearer authentication is required.",
        "authorization: Bearer token is required",
        "Invalid API key: none was given.",
        "Your risk-assessment-team wants max_tokens: 4096 and temperature: 0.25",
        "There is no model “hf_my-instruct-model”; see https://example.com/keys?page=2",
        "the password is too short",
    ],
)
def test_innocent_words_stay(text: str) -> None:
    assert REDACTOR.words(text) == text


def test_an_answer_loses_the_key_in_use_alone() -> None:
    lesson = "Send `Authorization: Bearer sk-your-key-goes-here-1234`, or `curl https://user:pass@host`."
    assert REDACTOR.answer(lesson) == lesson
    for placeholder in ("EMPTY", "ollama", "lm-studio", "not-needed", ""):
        text = f"The {placeholder} key is EMPTY, not-needed for ollama or lm-studio."
        assert Redactor([placeholder]).answer(text) == text


@pytest.mark.parametrize(
    ("url", "safe", "secrets"),
    [
        ("http://user:pass@host:80/v1", "http://host:80/v1", ["pass"]),
        ("http://user:p%40ss@host/v1", "http://host/v1", ["p%40ss", "p@ss"]),
        ("http://user:pa/ss@host/v1", "http://host/v1", []),
        ("https://t0ken@host/", "https://host/", ["t0ken"]),
        ("user:pass@host/v1", "host/v1", []),
        ("https://h/v1?api-version=1&api-key=xyz", "https://h/v1?api-version=1&api-key=…", ["xyz"]),
        ("https://h/v1?a=sk-0123456789abc#key=x", "https://h/v1?a=…#key=…", ["sk-0123456789abc"]),
        ("http://[::1]:8080/v1/@me?model=x", "http://[::1]:8080/v1/@me?model=x", []),
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1", []),
    ],
)
def test_addresses(url: str, safe: str, secrets: list[str]) -> None:
    assert safe_url(url) == safe
    assert list(dict.fromkeys(secrets_of_url(url))) == secrets


def test_names_of_parameters() -> None:
    secret = "api_key API-KEY apiKey OPENAI_API_KEY x-api-key Authorization client_secret token password"
    innocent = (
        "max_tokens max_completion_tokens prompt_cache_key safety_identifier stop logit_bias top_p tokens"
    )
    assert [name for name in secret.split() if not is_secret_name(name)] == []
    assert [name for name in innocent.split() if is_secret_name(name)] == []


def test_parameters() -> None:
    schema = {"type": "object", "properties": {"password": {"type": "string"}, "token": {"type": "string"}}}
    innocent = {"temperature": 0.2, "response_format": schema, "logit_bias": {"1": 2}, "stop": ["a", None]}
    assert (secret_parameter(innocent), masked_params(innocent)) == ("", innocent)
    hidden = {"a": [{"headers": {"Authorization": "x"}}], "b": "sk-0123456789abc", "c": 1}
    assert secret_parameter(hidden) == "Authorization"
    assert secret_parameter({"b": hidden["b"]}) == "b"
    assert masked_params(hidden) == {"a": [{"headers": {"Authorization": "…"}}], "b": "sk-…", "c": 1}
