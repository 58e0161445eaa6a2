"""Well-known kinds of keys, tokens and passwords, by the patterns of detect-secrets.

The library says where a kind begins. Here a match is made whole, so that nothing of a secret stays behind: a
private key up to its last line, a token up to the end of its word, the password of an address up to the last
“@”. What only stands where a password would stand (``password = "…"``) is a guess, and a text of any entropy
or an address on the Internet is no secret.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from chatmgr.domain.errors import ConfigurationFault
from chatmgr.domain.secret_matches import Match

_LEFT_OUT = {"Base64 High Entropy String", "Hex High Entropy String", "Public IP (ipv4)"}
# Patterns that words match, too, for instance “APERTURESCIENCE”: without a digit, it is a guess.
_LIKE_WORDS = {
    *("Artifactory Credentials", "Cloudant Credentials", "SoftLayer Credentials"),
    *("IBM Cloud IAM Key", "IBM COS HMAC Credentials"),
}
_OWN = {"Private Key", "Basic Auth Credentials", "Secret Keyword"}
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?:(?!-----BEGIN).){0,100000}?-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"|[\sA-Za-z0-9+/=\\:,]*)"
    r"|PuTTY-User-Key-File-\d[\s\S]{0,20000}?Private-MAC: [0-9a-f]+",
    re.DOTALL,
)
_URL_PASSWORD = re.compile(r"://[^\s/:@\[\]\"'<>]*:([^\s/\"'<>]+)@(?=[\w\[])")
# Keys that the library does not know, or not in today's form.
_MORE = (
    ("OpenAI Token", re.compile(r"\bsk-(?:proj|svcacct|admin|None)-[\w-]{20,}")),
    ("OpenAI Token", re.compile(r"\bsk-(?=[A-Za-z]*\d)[A-Za-z0-9]{32,}")),
    ("Anthropic Key", re.compile(r"\bsk-ant-[\w-]{20,}")),
    ("GitHub Token", re.compile(r"\bgithub_pat_[A-Za-z0-9_]{22,}")),
    ("Google API Key", re.compile(r"\bAIza[\w-]{35}")),
    ("API Key", re.compile(r"\b(?:gsk_|xai-|hf_|nvapi-|pplx-)(?=[A-Za-z]*\d)[A-Za-z0-9_-]{20,}")),
)
_WORD = re.compile(r"[A-Za-z0-9_-]*")
_KEYWORD = "Secret Keyword"


class SecretPatterns:
    """Finds secrets by their form. Raises ConfigurationFault where the library is not installed."""

    def __init__(self) -> None:
        plugins = {name: plugin for name, plugin in _plugins().items() if name not in _LEFT_OUT}
        self._rules = [*_library_rules(plugins), *_MORE]
        is_token: Callable[[str], bool] = plugins["JSON Web Token"].is_formally_valid
        self._is_token = is_token
        self._keyword = plugins[_KEYWORD]()
        self._has_keyword = re.compile("|".join(_keywords()), re.IGNORECASE).search

    def find(self, text: str) -> list[Match]:
        """All secrets in a text, and what may be one."""
        return [*self._certain(text), *self._guesses(text)]

    def _certain(self, text: str) -> Iterator[Match]:
        for match in _PRIVATE_KEY.finditer(text):
            yield Match("Private Key", *match.span())
        for match in _URL_PASSWORD.finditer(text):
            yield Match("Basic Auth Credentials", *match.span(1))
        for kind, pattern in self._rules:
            for match in pattern.finditer(text):
                if kind != "JSON Web Token" or self._is_token(match.group()):
                    start, end = _whole(text, match)
                    is_word = kind in _LIKE_WORDS and not any(map(str.isdigit, text[start:end]))
                    yield Match(kind, start, end, certain=not is_word)

    def _guesses(self, text: str) -> Iterator[Match]:
        if not self._has_keyword(text):
            return
        start = 0
        for line in text.splitlines(keepends=True):
            for secret in self._keyword.analyze_string(line):
                at = line.find(secret) if secret else -1
                if at >= 0:
                    yield Match(_KEYWORD, start + at, start + at + len(secret), certain=False)
            start += len(line)


def _plugins() -> dict[str, Any]:
    try:
        from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    except ImportError:
        raise ConfigurationFault(
            "--secrets needs the patterns of detect-secrets, which is not installed.",
            "Type: pip install 'chatmgr[scrub]'",
        ) from None
    plugins: dict[str, Any] = get_mapping_from_secret_type_to_class()
    return plugins


def _keywords() -> tuple[str, ...]:
    """Patterns of the words that a guess needs: most texts have none, and looking closer takes long."""
    from detect_secrets.plugins.keyword import DENYLIST

    return tuple(DENYLIST)


def _library_rules(plugins: dict[str, Any]) -> Iterator[tuple[str, re.Pattern[str]]]:
    for kind, plugin in plugins.items():
        if kind not in _OWN:
            for pattern in plugin.denylist:
                yield kind, pattern


def _whole(text: str, match: re.Match[str]) -> tuple[int, int]:
    """Where a secret begins and ends: what a group at the end holds, and the rest of its word."""
    start, end = match.span()
    group = match.span(1) if match.re.groups == 1 else (-1, -1)
    if group[0] > start and group[1] >= end - 1:
        start, end = group
    else:
        start += len(match.group()) - len(match.group().lstrip("=:\"' \t\n"))
        end -= len(match.group()) - len(match.group().rstrip("\"' \t\n"))
    if text[end - 1 : end].isalnum() and (rest := _WORD.match(text, end)):
        end = rest.end()
    return start, end
