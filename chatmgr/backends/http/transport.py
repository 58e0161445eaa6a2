"""The SDK's client for one provider, on a transport that is cheap to make.

What takes long is done at most once in a process, and only where it is needed: the SDK's typed requests
and answers are not imported, and the certificates that this machine trusts are read at the first
encrypted connection. The SDK would read them for every client, also for an ``http://`` address.
"""

import os
import ssl
import weakref
from collections.abc import Mapping
from contextlib import suppress

import httpx2

from chatmgr.backends.http.certificates import LazyContext, trusting_context
from chatmgr.backends.http.chunked import merge_chunks
from chatmgr.backends.http.interruptible import make_interruptible
from chatmgr.backends.http.proxies import proxy_mounts
from chatmgr.backends.http.redirects import SameServerClient
from chatmgr.backends.http.sdk import openai
from chatmgr.domain.base_url import split_query
from chatmgr.domain.errors import ConfigurationFault
from chatmgr.domain.model import Provider

_CONNECT_SECONDS = 10.0
_READ_SECONDS = 300.0


def sdk_client(provider: Provider, headers: Mapping[str, str]) -> openai.OpenAI:
    """A client that sends everything once, and closes its connections when nobody holds it any more."""
    seconds = float(provider.options.get("timeout", _READ_SECONDS))
    context = LazyContext(ssl.PROTOCOL_TLS_CLIENT)
    mounts = proxy_mounts(provider.base_url, context)
    http_client = SameServerClient(verify=context, mounts=mounts, trust_env=False)
    make_interruptible(http_client)
    merge_chunks()
    address, query = split_query(provider.base_url)
    if provider.key and "api-version" in query:
        headers = {"api-key": provider.key, **headers}  # where Azure takes a key; a bearer is a token there
    if provider.key_env == "OPENAI_API_KEY":
        _check_headers("OPENAI_ORG_ID", "OPENAI_PROJECT_ID")
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


def _check_headers(*variables: str) -> None:
    """Refuse variables that the SDK sends as headers and no header can carry."""
    for variable in variables:
        value = os.environ.get(variable, "")
        if not (value.isascii() and (value.isprintable() or not value)):
            raise ConfigurationFault(
                f"{variable} holds a character that no header can carry.",
                f"Set {variable} again, or unset it.",
            )


def preload() -> None:
    """Do what the first request does before it leaves, so that it need not."""
    import encodings.idna  # noqa: F401 - for the host's name

    with suppress(ConfigurationFault):  # the first request reports it, if it needs what is missing
        sdk_client(Provider("", "", "http://127.0.0.1"), {}).close()
        trusting_context()
