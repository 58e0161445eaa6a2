"""A provider's base URL: checked when it is typed, and taken apart when it is used.

A base URL is ``http://`` or ``https://``, a host, and perhaps a port, a path and a query, which goes along
with every request (``?api-version=…``). It never holds a user, a password or a key: it is stored, listed and
exported. So the messages about it never repeat what may be one.
"""

import re
from urllib.parse import parse_qsl, urlsplit

_PRIVATE_NAMES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
_HOST = re.compile(r"(?:\[[0-9a-f:.]+(?:%25[\w.~-]+)?\]|[^\s\[\]:@/?#\\<>\"^`{|}%]+)(?::\d+)?", re.IGNORECASE)


def base_url_problem(text: str) -> str:
    """Why a text cannot be a base URL, as the end of a sentence about it; empty if it can."""
    if not re.match(r"https?://", text, re.IGNORECASE):
        return "must begin with http:// or https://"
    if not text.isprintable() or re.search(r"\s", text):
        return "contains spaces or control characters"
    authority = re.split(r"[/?#]", text.partition("://")[2], maxsplit=1)[0]
    if "@" in authority:
        return "contains a user or a password"
    if "#" in text:
        return "contains a fragment (#…)"
    if authority == "" or authority.startswith(":"):
        return "names no host"
    if authority.count("[") != authority.count("]"):
        return "has a bracket without its partner"
    if not _HOST.fullmatch(authority):
        return "does not name a valid host"
    return _port_problem(text) or _query_problem(text)


def _port_problem(text: str) -> str:
    try:
        urlsplit(text).port  # noqa: B018 - reading it checks it
    except ValueError:
        return "does not name a valid host and port"
    return ""


def _query_problem(text: str) -> str:
    query = parse_qsl(urlsplit(text).query, keep_blank_values=True)
    if not query:
        return ""
    from chatmgr.domain.redaction import is_secret_query

    secret = next((name for name, value in query if is_secret_query(name, value)), "")
    return f"contains a key (?{secret}=…)" if secret else ""


def without_trailing_slash(base_url: str) -> str:
    """A base URL whose path has no slash at its end, with its query."""
    address, mark, query = base_url.partition("?")
    return f"{address.rstrip('/')}{mark}{query}" if query else address.rstrip("/")


def split_query(base_url: str) -> tuple[str, dict[str, str]]:
    """The address that paths are added to, and the query that goes along with every request."""
    address, _, query = base_url.partition("?")
    return address, dict(parse_qsl(query, keep_blank_values=True))


def is_private_host(base_url: str) -> bool:
    """Whether an address is of this machine or one of the user's own, not of a public service.

    The address as it is written decides; no name is resolved. An empty one is this process.
    """
    from ipaddress import ip_address

    host = urlsplit(base_url).hostname or ""
    if not host:
        return True
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(_PRIVATE_NAMES)
