"""Base URLs: which are taken, and why the others are not."""

import pytest

from chatmgr.domain.base_url import base_url_problem, split_query, without_trailing_slash
from chatmgr.domain.redaction import safe_url, secrets_of_url


@pytest.mark.parametrize(
    "base_url",
    [
        "http://127.0.0.1:8080/v1",
        "https://api.example.org",
        "HTTPS://API.example.org/v1",
        "http://[::1]:8080/v1",
        "http://[fe80::1%25eth0]/v1",
        "http://my_host:1/v1",
        "https://bücher.example/v1",
        "https://x.openai.azure.com/openai/deployments/four?api-version=2024-10-21",
        "https://gateway.example.org/@cf/v1",
        "https://example.org/v1?author=me&keyspace=a&max_tokens=1",
    ],
)
def test_valid(base_url: str) -> None:
    assert base_url_problem(base_url) == ""


@pytest.mark.parametrize(
    ("base_url", "problem"),
    [
        ("", "must begin with http:// or https://"),
        ("api.example.org/v1", "must begin with http:// or https://"),
        ("ftp://example.org", "must begin with http:// or https://"),
        ("http:/example.org", "must begin with http:// or https://"),
        ("https://me:secret@example.org/v1", "contains a user or a password"),
        ("https://me@example.org/v1", "contains a user or a password"),
        ("https://example.org/v1#top", "contains a fragment (#…)"),
        ("https://example.org/v1#", "contains a fragment (#…)"),
        ("https://", "names no host"),
        ("https:///v1", "names no host"),
        ("https://:8080/v1", "names no host"),
        ("https://?x=1", "names no host"),
        ("http://[::1/v1", "has a bracket without its partner"),
        ("http://::1]/v1", "names no host"),
        ("http://a]:80/v1", "has a bracket without its partner"),
        ("http://[::1]x/v1", "does not name a valid host"),
        ("http://a:b/v1", "does not name a valid host"),
        ("http://a:99999/v1", "does not name a valid host and port"),
        ("http://a b/v1", "contains spaces or control characters"),
        ("http://a/v1\n", "contains spaces or control characters"),
        ("http://a\u200b/v1", "contains spaces or control characters"),
        ("https://example.org/v1?api-key=abc", "contains a key (?api-key=…)"),
        ("https://example.org/v1?a=1&access_token=abc", "contains a key (?access_token=…)"),
        ("https://example.org/v1?userToken=abc", "contains a key (?userToken=…)"),
        ("https://example.org/v1?X-Amz-Signature=abc", "contains a key (?X-Amz-Signature=…)"),
        ("https://example.org/v1?a=sk-0123456789abc", "contains a key (?a=…)"),
    ],
)
def test_refused(base_url: str, problem: str) -> None:
    assert base_url_problem(base_url) == problem


@pytest.mark.parametrize(
    "name",
    ["key", "sig", "code", "auth", "api-key", "apikey", "userToken", "client_secret", "X-Amz-Signature"],
)
def test_what_is_refused_is_cut_as_well(name: str) -> None:
    url = f"https://example.org/v1?a=1&{name}=abc12345"
    assert safe_url(url) == f"https://example.org/v1?a=1&{name}=…"
    assert secrets_of_url(url) == ["abc12345"]
    assert base_url_problem(url) == ("" if name == "code" else f"contains a key (?{name}=…)")


def test_taken_apart() -> None:
    assert without_trailing_slash("http://a/v1/") == "http://a/v1"
    assert without_trailing_slash("http://a/v1/?x=1/") == "http://a/v1?x=1/"
    assert without_trailing_slash("http://a/v1/?") == "http://a/v1"
    assert split_query("http://a/v1?x=1&y=") == ("http://a/v1", {"x": "1", "y": ""})
    assert split_query("http://a/v1") == ("http://a/v1", {})
