"""The SDK's client for one provider, on a transport of ours: what is slow to make is made once.

Reading the certificates that a machine trusts takes longer than a request on a local network, and the
SDK would do it for every client that it makes.
"""

import ssl
import threading
import weakref
from collections.abc import Mapping
from functools import cache

import httpx2
from openai import DefaultHttpxClient, OpenAI

from chatmgr.domain.model import Provider

_CONNECT_SECONDS = 10.0
_READ_SECONDS = 300.0
_reading = threading.Lock()


def sdk_client(provider: Provider, headers: Mapping[str, str]) -> OpenAI:
    """A client that sends everything once, and closes its connections when nobody holds it any more."""
    seconds = float(provider.options.get("timeout", _READ_SECONDS))
    transport = DefaultHttpxClient(verify=_trusted())
    client = OpenAI(
        api_key=provider.key or "none",
        base_url=provider.base_url,
        max_retries=0,
        timeout=httpx2.Timeout(seconds, connect=_CONNECT_SECONDS),
        default_headers=headers,
        http_client=transport,
    )
    weakref.finalize(client, transport.close).atexit = False  # the SDK closes only what it made itself
    if provider.key_env != "OPENAI_API_KEY":
        client.organization = client.project = None  # these belong to OpenAI alone
    return client


def _trusted() -> ssl.SSLContext:
    """The certificates that this process trusts; two threads may want them at the same time."""
    with _reading:
        return _read()


@cache
def _read() -> ssl.SSLContext:
    return httpx2.create_ssl_context()


def preload() -> None:
    """Do what a first request does before it leaves, so that the first turn's need not."""
    import encodings.idna  # noqa: F401 - for the host's name

    sdk_client(Provider("", "", "http://127.0.0.1"), {}).close()
