"""The SDK's client for one provider, on a transport that is cheap to make.

What takes long is done at most once in a process, and only where it is needed: the SDK's typed requests
and answers are not imported, and the certificates that this machine trusts are read at the first
encrypted connection. The SDK would read them for every client, also for an ``http://`` address.
"""

import ssl
import threading
import weakref
from collections.abc import Mapping
from functools import cache
from typing import Any

import httpx2

from chatmgr.backends.http.interruptible import make_interruptible
from chatmgr.backends.http.redirects import SameServerClient
from chatmgr.backends.http.sdk import openai
from chatmgr.domain.base_url import split_query
from chatmgr.domain.model import Provider

_CONNECT_SECONDS = 10.0
_READ_SECONDS = 300.0
_certificates_lock = threading.Lock()


def sdk_client(provider: Provider, headers: Mapping[str, str]) -> openai.OpenAI:
    """A client that sends everything once, and closes its connections when nobody holds it any more."""
    seconds = float(provider.options.get("timeout", _READ_SECONDS))
    http_client = SameServerClient(verify=_LazyContext(ssl.PROTOCOL_TLS_CLIENT))
    make_interruptible(http_client)
    address, query = split_query(provider.base_url)
    if provider.key and "api-version" in query:
        headers = {"api-key": provider.key, **headers}  # where Azure takes a key; a bearer is a token there
    client = openai.OpenAI(
        api_key=provider.key or "none",
        base_url=address,
        default_query=query,
        max_retries=0,
        timeout=httpx2.Timeout(seconds, connect=_CONNECT_SECONDS),
        default_headers=headers,
        http_client=http_client,
    )
    weakref.finalize(client, http_client.close).atexit = False  # the SDK closes only what it made itself
    if provider.key_env != "OPENAI_API_KEY":
        client.organization = client.project = None  # these belong to OpenAI alone
    return client


class _LazyContext(ssl.SSLContext):
    """Stands for the context with this machine's certificates, which is made at the first handshake.

    What is not passed on stays as strict as can be: this context itself trusts no certificate at all.
    """

    def set_alpn_protocols(self, alpn_protocols: Any) -> None:
        _trusting_context().set_alpn_protocols(alpn_protocols)

    def wrap_socket(self, *args: Any, **options: Any) -> ssl.SSLSocket:
        return _trusting_context().wrap_socket(*args, **options)

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        return _trusting_context().wrap_bio(*args, **options)


def _trusting_context() -> ssl.SSLContext:
    """The certificates that this process trusts; two threads may want them at the same time."""
    with _certificates_lock:
        return _read_certificates()


@cache
def _read_certificates() -> ssl.SSLContext:
    return httpx2.create_ssl_context()


def preload() -> None:
    """Do what the first request does before it leaves, so that it need not."""
    import encodings.idna  # noqa: F401 - for the host's name

    sdk_client(Provider("", "", "http://127.0.0.1"), {}).close()
    _trusting_context()
