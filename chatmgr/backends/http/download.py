"""Downloads a file from an address, to attach it to a message."""

import ssl
from pathlib import Path
from urllib.parse import unquote, urlsplit

from chatmgr.domain.errors import NetworkDown, UsageFault

_TIMEOUT = 30.0  # seconds


def fetch(url: str, limit: int) -> tuple[str, bytes]:
    """A file's name and bytes; stops reading once there are more than ``limit``.

    No key goes along. A user and a password in the address go to its own host alone, not to one that it
    redirects to.
    """
    import httpx2

    from chatmgr.backends.http.certificates import LazyContext, trust_hint
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
    )
    try:
        with client, client.stream("GET", url) as response:
            response.raise_for_status()
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > limit:
                    break
    except httpx2.HTTPStatusError as error:
        raise UsageFault(f"{shown} cannot be fetched: it answers {error.response.status_code}.") from None
    except httpx2.InvalidURL as error:
        raise UsageFault(f"{shown} is no address: {error}.") from None
    except httpx2.RequestError as error:
        reason = str(error) or "it fell silent"
        raise NetworkDown(f"{shown} cannot be fetched: {reason}.", trust_hint(reason), heard=False) from None
    return unquote(Path(urlsplit(url).path).name) or "download", bytes(content)
