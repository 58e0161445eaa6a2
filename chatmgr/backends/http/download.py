"""Fetching a file from an address, to send it along."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from chatmgr.domain.errors import NetworkDown, UsageFault

_PATIENCE = 30.0  # seconds


def fetch(url: str, limit: int) -> tuple[str, bytes]:
    """A file's name and bytes; no more is read than it takes to see that there are over ``limit``."""
    import httpx2

    data = bytearray()
    try:
        with httpx2.stream("GET", url, follow_redirects=True, timeout=_PATIENCE) as response:
            response.raise_for_status()
            for chunk in response.iter_bytes():
                data += chunk
                if len(data) > limit:
                    break
    except httpx2.HTTPStatusError as error:
        raise UsageFault(f"{url} cannot be fetched: it answers {error.response.status_code}.") from None
    except httpx2.InvalidURL as error:
        raise UsageFault(f"{url} is no address: {error}.") from None
    except httpx2.RequestError as error:
        why = str(error) or "it fell silent"
        raise NetworkDown(f"{url} cannot be fetched: {why}.", heard=False) from None
    return unquote(Path(urlsplit(url).path).name) or "download", bytes(data)
