"""Downloads a file from an address: to attach it to a message, or because an answer names it."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from chatmgr.domain.errors import NetworkDown, UsageFault

_TIMEOUT = 30.0  # seconds


def fetch(url: str, limit: int) -> tuple[str, bytes]:
    """A file's name and bytes; stops reading once there are more than ``limit``.

    No key goes along. A user and a password in the address go to its own host alone, not to one that it
    redirects to.
    """
    content, _ = _read(url, limit)
    return unquote(Path(urlsplit(url).path).name) or "download", content


def fetch_public(url: str, own_url: str, limit: int) -> tuple[bytes, str]:
    """A file's bytes and content type, from the public internet or from the server at ``own_url``.

    Raises UsageFault for an address in a private network, also for one that a redirect leads to.
    """
    own_host = urlsplit(own_url).hostname

    def refuse_private(request: Any) -> None:
        if request.url.host != own_host and not _is_public(request.url.host):
            raise UsageFault(f"{request.url.host} is not on the public internet.")

    return _read(url, limit, refuse_private)


def _is_public(host: str) -> bool:
    """Whether all addresses of a host are public; one that has none cannot be reached anyway."""
    import socket
    from ipaddress import ip_address

    try:
        addresses = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    except OSError:
        return "." in host
    return all(ip_address(address.partition("%")[0]).is_global for address in addresses)


def _read(url: str, limit: int, check: Callable[[Any], None] | None = None) -> tuple[bytes, str]:
    """What an address holds, and its content type; ``check`` is called with each request."""
    import httpx2

    from chatmgr.backends.http.certificates import LazyContext, trust_hint
    from chatmgr.backends.http.errors import without_error_number
    from chatmgr.backends.http.proxies import proxy_mounts
    from chatmgr.domain.redaction import safe_url

    content, shown = bytearray(), safe_url(url)
    context = LazyContext(ssl.PROTOCOL_TLS_CLIENT)
    client = httpx2.Client(
        verify=context,
        mounts=proxy_mounts(url, context),
        trust_env=False,
        follow_redirects=True,
        timeout=_TIMEOUT,
        event_hooks={"request": [check] if check else []},
    )
    try:
        with client, client.stream("GET", url) as response:
            response.raise_for_status()
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > limit:
                    break
            return bytes(content), response.headers.get("content-type", "")
    except httpx2.HTTPStatusError as error:
        raise UsageFault(f"{shown} cannot be fetched: it answers {error.response.status_code}.") from None
    except httpx2.InvalidURL as error:
        raise UsageFault(f"{shown} is no address: {error}.") from None
    except httpx2.RequestError as error:
        reason = without_error_number(str(error)) or "it fell silent"
        raise NetworkDown(f"{shown} cannot be fetched: {reason}.", trust_hint(reason), heard=False) from None
