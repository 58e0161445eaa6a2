"""Cuts credentials out of text that others wrote: servers echo keys in errors, answers and headers.

A ``Redactor`` knows the secrets in use at one provider, and cuts as much as the kind of text allows. From an
*answer* it cuts those secrets and nothing else: a lesson about bearer tokens stays whole. A *label* (a title,
an id, a model's name) also loses whatever has the shape of a known kind of key. A server's own *words* (an
error, a notice) also lose what stands where a credential stands: ``Authorization: …``, ``api_key=…``,
``//…@``. What is cut becomes ``…``.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from functools import cache
from typing import Any

_CUT = "…"
_LEAST = 8  # characters of a secret: to cut what is shorter would cut words out of sentences
_LONGEST_WORD = 16  # characters; a key of letters alone that is longer is no word
_PLACEHOLDERS = frozenset({"lm-studio", "not-needed", "no-key-required", "sk-no-key-required", "dummy-key"})

_CREDENTIAL_NAME = (
    r"(^|[-_.])((api|access|auth|secret|private|subscription|client|bearer|session|security)[-_]?(key|token)s?"
    r"|authorization|passw(or)?d|passphrase|pwd|secret|credentials?|(set-?)?cookie)$"
    r"|^(x[-_])?(auth|token|signature)$"
)
_CREDENTIAL_WORD = r"key|token|secret|sig(nature)?|auth(orization)?|passw(or)?d|pwd|credentials?"
_CREDENTIAL = r"(?:(?=[^\s\"',;&<>]*[\d*])[^\s\"',;&<>]{6,}|[^\s\"',;&<>]{20,})"  # a word that is no word
_KEY_SHAPES = (
    (r"\bsk-[\w*.-]{8,}", "sk-…"),
    (
        r"\b(gsk_|xai-|hf_|nvapi-|pplx-|gh[pousr]_|github_pat_|glpat-|AIza|AKIA)(?=[\w-]*\d)[A-Za-z0-9]{16,}",
        r"\1…",
    ),
    (r"\beyJ[\w-]{8,}\.[\w-]{8,}(\.[\w-]*)?", _CUT),
)
_NAMES = (
    r"(?:proxy-)?authorization|(?:set-)?cookie|(?:x[-_])?(?:goog[-_])?api[-_ ]?key|password|passwd|secret"
    r"|(?:access|auth|bearer|session|security)[-_ ]?token|client[-_]secret"
)
_PLACES = (
    (r"(?<=://)[^\s/@]+@", f"{_CUT}@"),
    (rf"(?i)\b((?:{_NAMES})[\"']?\s*[:=]\s*[\"']?)((?:bearer|basic|token)\s+)?{_CREDENTIAL}", r"\1…"),
    (rf"(?i)\b((?:{_NAMES})(?:=|[\"']\s*:\s*[\"']))(?:(?:bearer|basic|token)\s+)?[^\s\"'&,;…]+", r"\1…"),
    (rf"(?i)\b(bearer|basic)\s+{_CREDENTIAL}", r"\1 …"),
)


@cache
def _compiled(patterns: tuple[tuple[str, str], ...]) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Patterns with what they are replaced by, compiled on first use: that takes milliseconds."""
    return tuple((re.compile(pattern), replacement) for pattern, replacement in patterns)


def _without(patterns: tuple[tuple[str, str], ...], text: str) -> str:
    for pattern, replacement in _compiled(patterns):
        text = pattern.sub(replacement, text)
    return text


def is_secret_name(name: str) -> bool:
    """Whether a parameter of this name holds a credential: ``api_key`` does, ``max_tokens`` does not."""
    return bool(re.search(_CREDENTIAL_NAME, name, re.IGNORECASE))


def secret_parameter(params: Mapping[str, Any]) -> str:
    """The name of the first parameter that holds a credential, however deep; empty if there is none."""
    return next((name for name, text in _texts(params) if _is_secret(name, text)), "")


def _texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Each text in a parameter's value, with the name that it stands under."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, str(key))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner, name)
    elif isinstance(value, str) and value:
        yield name, value


def _is_secret(name: str, text: str) -> bool:
    return is_secret_name(name) or without_key_shapes(text) != text


def masked_params(value: Any, name: str = "") -> Any:
    """Parameters to be shown or exported: every credential in them is cut."""
    if isinstance(value, Mapping):
        return {key: masked_params(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [masked_params(inner, name) for inner in value]
    if isinstance(value, str) and value:
        return _CUT if is_secret_name(name) else without_key_shapes(value)
    return value


def without_key_shapes(text: str) -> str:
    """A text without anything that has the shape of a known kind of key."""
    return _without(_KEY_SHAPES, text)


def without_credentials(text: str) -> str:
    """Somebody's own words without keys, and without what stands where a credential stands."""
    return without_key_shapes(_without(_PLACES, text))


def safe_url(url: str) -> str:
    """An address as it is stored and shown: without user and password, and without secrets in its query."""
    if "@" in url:
        scheme, mark, rest = url.rpartition("://")
        authority = re.split("[/?#]", rest, maxsplit=1)[0]
        if "@" not in authority and re.match(r"[^\[]+:\d*[^\d]", authority):  # no port: “/” in the password
            authority = rest
        url = f"{scheme}{mark}{rest[authority.rfind('@') + 1 :]}"
    return re.sub(r"([?&#;])([^=&#;]*)=([^&#;]+)", _masked_query, url) if "=" in url else url


def _masked_query(match: re.Match[str]) -> str:
    mark, name, value = match.groups()
    return f"{mark}{name}={_CUT}" if _is_cut_from_query(name, value) else match.group()


def _is_cut_from_query(name: str, value: str) -> bool:
    return name.lower() == "code" or is_secret_query(name, value)  # a code is a key at some servers


def is_secret_query(name: str, value: str) -> bool:
    """Whether this part of an address holds a credential: more names do there than among parameters."""
    last_word = re.split(r"[-_.]|(?<=[a-z\d])(?=[A-Z])", name)[-1]
    is_secret_word = re.fullmatch(_CREDENTIAL_WORD, last_word, re.IGNORECASE)
    return is_secret_word is not None or _is_secret(name, value)


def secrets_of_url(url: str) -> list[str]:
    """The credentials in an address: its password (a user alone is one, too), and those in its query."""
    if not ("@" in url or "=" in url):
        return []
    from urllib.parse import parse_qsl, unquote, urlsplit

    try:
        parts = urlsplit(url)
    except ValueError:
        return []
    secret = parts.password or parts.username or ""
    in_query = [value for name, value in parse_qsl(parts.query) if _is_cut_from_query(name, value)]
    return [text for text in (secret, unquote(secret), *in_query) if text]


class Redactor:
    """Cuts the secrets of one provider; see the module."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = [secret for secret in dict.fromkeys(secrets) if secret and secret not in _PLACEHOLDERS]
        spellings = {spelling for secret in known for spelling in _spellings(secret)}
        self._everything = tuple(sorted(spellings, key=len, reverse=True))
        self.spellings = tuple(spelling for spelling in self._everything if not _is_word(spelling))
        self.shortest = min(map(len, self.spellings), default=0)

    def answer(self, text: str) -> str:
        """An answer, a reasoning or a message without the secrets in use."""
        return _cut(text, self.spellings)

    def label(self, text: str) -> str:
        """A title, a model's name or an id: also without anything that looks like a key."""
        return without_key_shapes(_cut(text, self._everything)) if text else text

    def words(self, text: str) -> str:
        """An error or a notice: also without what stands where a credential stands."""
        return without_credentials(_cut(text, self._everything)) if text else text


def _cut(text: str, spellings: Iterable[str]) -> str:
    for spelling in spellings:
        if spelling in text:
            text = text.replace(spelling, _CUT)
    return text


def _is_word(secret: str) -> bool:
    """Whether a secret may be a word, as the keys of servers at home are: answers may use it."""
    return secret.isalpha() and len(secret) < _LONGEST_WORD


_HTML = {
    38: "&amp;",
    60: "&lt;",
    62: "&gt;",
    34: "&quot;",
    39: "&#x27;",
}  # the module html takes milliseconds to import


def _spellings(secret: str) -> Iterator[str]:
    """A secret as it may be echoed: as it is, in URLs, JSON and HTML, and inside a longer base64."""
    if len(secret) < _LEAST:
        return
    import json
    from urllib.parse import quote, quote_plus

    escaped = json.dumps(secret)[1:-1]
    yield from (secret, escaped, escaped.replace("/", r"\/"), secret.translate(_HTML))
    for quoted in (quote(secret, safe=""), quote_plus(secret)):
        yield from (quoted, re.sub("%..", lambda match: match.group().lower(), quoted))
    yield from _base64_spellings(secret.encode())


def _base64_spellings(secret: bytes) -> Iterator[str]:
    """The characters that the base64 of any text around a secret must contain, at each of three positions."""
    from binascii import b2a_base64

    for offset, unknown_start in enumerate((0, 2, 3)):
        padded = b2a_base64(bytes(offset) + secret, newline=False).decode()
        unknown_end = (0, 3, 2)[(offset + len(secret)) % 3]
        core = padded[unknown_start : len(padded) - unknown_end]
        whole = padded.rstrip("=") if offset == 0 else core
        for spelling in (whole, core):
            if len(spelling) >= _LEAST:
                yield from (spelling, spelling.translate({43: 45, 47: 95}))


@cache
def _beginnings(spellings: tuple[str, ...]) -> Set[str]:
    return {spelling[:end] for spelling in spellings for end in range(1, len(spelling))}


class StreamRedactor:
    """Cuts secrets from a text that arrives in pieces, wherever it was cut.

    A piece that ends with the first characters of a secret waits for the next one. A few characters, with
    which many words end, are let through: the rest is cut when it comes. Costs one look-up a character, for
    the last characters of each piece. ``before`` is a text that was let through earlier, and goes on here.
    """

    _LET_THROUGH = 3  # characters
    _TELLING = 10  # characters: so much of a secret is one
    _MOST_HELD = 4096  # characters, however a server cuts its answer

    def __init__(self, redactor: Redactor, before: str = "") -> None:
        self._redactor = redactor
        self._beginnings = _beginnings(redactor.spellings)
        self._first = frozenset(spelling[0] for spelling in redactor.spellings)
        self._longest = max(map(len, redactor.spellings), default=0)
        self.held = ""
        length = self._begun(before)
        self._written = before[-length:] if length else ""  # the last let through that may begin a secret

    def feed(self, piece: str) -> str:
        """What can be written now; empty while the piece waits in ``held``."""
        if self._first.isdisjoint(piece) and not (self.held or self._written):
            return piece  # as most pieces do, it has nothing with which a secret begins
        text = self.held + piece
        window = self._written + text
        if len(window) >= self._redactor.shortest:
            redacted = self._redactor.answer(window)
            if redacted != window:
                window, text = redacted, redacted.removeprefix(self._written)
        length = self._begun(window)
        if length <= self._LET_THROUGH:
            self.held, self._written = "", window[-length:] if length else ""
            return text
        if len(text) <= self._MOST_HELD:
            self.held = text
            return ""
        self.held, self._written = text[-length:], ""
        return text[:-length]

    def _begun(self, window: str) -> int:
        """How many characters at the end may be the beginning of a secret."""
        tail = window[1 - self._longest :]
        if not self._first.isdisjoint(tail):
            for start in range(len(tail)):
                if tail[start:] in self._beginnings:
                    return len(tail) - start
        return 0

    def rest(self) -> str:
        """What still waits, at the end; the greater part of a secret is cut as well."""
        text, self.held = self.held, ""
        length = self._begun(self._written + text)
        return text[: -min(length, len(text))] + _CUT if text and length >= self._TELLING else text
