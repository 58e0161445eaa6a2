"""Redirects of a provider: followed within the same server, and refused with both addresses elsewhere.

A request carries the conversation and the key. Where they go is the person's decision, so a server may only
send them to another path of its own, or from http to https at the same host. The method stays: a redirect
that turns a POST into a GET would lose the message.
"""

from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx2

from chatmgr.backends.http.sdk import openai
from chatmgr.domain.errors import ProviderRefused
from chatmgr.domain.model import Provider

_MOST_HOPS = 3
_KEEP_METHOD = {307, 308}


class SameServerClient(openai.DefaultHttpxClient):
    """The SDK's HTTP client, except that it follows a redirect only within the same server."""

    def send(self, request: httpx2.Request, *, stream: bool = False, **options: Any) -> httpx2.Response:
        options["follow_redirects"] = False
        response = super().send(request, stream=stream, **options)
        for _ in range(_MOST_HOPS):
            if not response.has_redirect_location or redirect_problem(response):
                break
            response.close()
            request = _redirected(request, _target(response))
            response = super().send(request, stream=stream, **options)
        return response


def redirect_problem(response: httpx2.Response) -> str:
    """Why a redirect is not followed, as the end of a sentence about the server; empty if it may be."""
    request = response.request
    try:
        target = _target(response)
    except (httpx2.InvalidURL, ValueError):
        return "to an address that is not valid"
    if request.method not in {"GET", "HEAD"} and response.status_code not in _KEEP_METHOD:
        return "in a way that would lose the message"
    if target.scheme not in {"http", "https"}:
        return "to something that is not HTTP"
    if target.host != request.url.host:
        return "to another host"
    upgrade = (request.url.scheme, target.scheme) == ("http", "https")
    if not upgrade and (target.scheme, _port(target)) != (request.url.scheme, _port(request.url)):
        return "from https to http" if target.scheme == "http" != request.url.scheme else "to another port"
    return ""


def redirect_refusal(provider: Provider, response: httpx2.Response) -> ProviderRefused:
    """The error for a redirect that was not followed: it names both addresses, without query and user."""
    problem = redirect_problem(response) or f"more than {_MOST_HOPS} times"
    refused = ProviderRefused(
        f"{provider.name} redirects ({response.status_code}) {_shown(str(response.request.url))} to "
        f"{_shown(response.headers['location'])}, {problem}; nothing is sent there.",
        f"Correct the address, if the new one is right: chatmgr provider add {provider.name} … --base-url …",
        status=response.status_code,
        code="redirect",
    )
    refused.touched = False
    return refused


def _target(response: httpx2.Response) -> httpx2.URL:
    return response.request.url.join(response.headers["location"])


def _port(url: httpx2.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _redirected(request: httpx2.Request, target: httpx2.URL) -> httpx2.Request:
    """The same request to another address."""
    headers = httpx2.Headers(request.headers)
    headers["host"] = target.netloc.decode("ascii")
    return httpx2.Request(
        request.method, target, headers=headers, stream=request.stream, extensions=request.extensions
    )


def _shown(address: str) -> str:
    try:
        url = urlsplit(address)
    except ValueError:
        return "an address that is not valid"
    shown = urlunsplit((url.scheme, url.netloc.rpartition("@")[2], url.path, "", ""))
    return " ".join(shown.split())[:200]
