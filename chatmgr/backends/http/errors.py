"""Errors of servers and networks as errors a person can act on: one line, without the key, with a hint."""

import re
from typing import TYPE_CHECKING

from chatmgr.backends import error_body
from chatmgr.backends.http import retry
from chatmgr.domain.errors import ChatmgrError, ConfigurationFault, ModelUnknown, NetworkDown, ProviderRefused
from chatmgr.domain.model import Provider
from chatmgr.domain.names import nearest
from chatmgr.domain.text import as_sentence

if TYPE_CHECKING:
    import httpx2

_ERROR_NUMBER = re.compile(r"^\[Errno -?\d+\] ")
_LONGEST_TEXT = 300  # characters of a server's own words


def network_error(provider: Provider, error: BaseException) -> NetworkDown:
    """The error for a connection that failed; it tells whether the server can have heard the request."""
    import httpx2

    from chatmgr.backends.http.certificates import trust_hint

    name, url = provider.name, provider.endpoint
    hint = f"Is it running, and is the address right? See: chatmgr provider test {name}"
    if isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.UnsupportedProtocol)):
        reason = without_error_number(one_line(provider, str(error))) or type(error).__name__
        hint = trust_hint(reason) or _proxy_hint(url) or hint
        return NetworkDown(f"{name} ({url}) cannot be reached: {reason}.", hint, heard=False)
    if isinstance(error, httpx2.ProxyError):
        reason = one_line(provider, str(error)) or "no reason given"
        message = f"The proxy before {name} ({url}) refused: {reason}."
        return NetworkDown(message, _proxy_hint(url), heard=False)
    if isinstance(error, httpx2.TimeoutException):
        return NetworkDown(f"{name} ({url}) fell silent before the answer was whole.", hint)
    message = f"The connection to {name} ({url}) broke before the answer was whole."
    return NetworkDown(message, broke_off=True)


def without_error_number(text: str) -> str:
    """The system's words about a connection, without the number before them."""
    return _ERROR_NUMBER.sub("", text)


def _proxy_hint(url: str) -> str:
    """Says that a proxy stands between; empty where none does."""
    from chatmgr.backends.http.proxies import proxy_variable

    variable = proxy_variable(url)
    return (
        f"It goes through the proxy of {variable}; to go straight, add the host to NO_PROXY."
        if variable
        else ""
    )


def refusal(provider: Provider, response: "httpx2.Response") -> ChatmgrError:
    """The error for a response with an error status."""
    name, status = provider.name, response.status_code
    if response.has_redirect_location:
        from chatmgr.backends.http.redirects import redirect_refusal

        return redirect_refusal(provider, response)
    body = error_body.parse_text(response.text, response.headers.get("content-type", ""))
    text = one_line(provider, body.message) or response.reason_phrase or "no reason given"
    reason = as_sentence(text)
    if status == 401:
        fault = ConfigurationFault(f"{name} does not accept the key: {reason}", _key_hint(provider))
        fault.touched = False
        return fault
    retry_after = response.headers.get("retry-after", "")
    hint = {
        403: "The key lacks the right, or the account is not allowed this.",
        404: f"See what the server offers: chatmgr models --provider {name}",
        429: retry_hint(retry_after),
    }.get(status, "Try again in a while." if status >= 500 else "")
    refused = ProviderRefused(f"{name} refused ({status}): {reason}", hint, status=status, code=body.code)
    refused.touched = status >= 500
    refused.retry_after = retry.retry_after(retry_after)
    decoded = error_body.decode(response.text)
    refused.body = response.text if decoded is None else decoded
    return refused


def stream_refusal(provider: Provider, event: object) -> ProviderRefused:
    """The error for one that came with the status 200: as the body, or as an event of a stream."""
    body = error_body.parse(event)
    reason = one_line(provider, body.message) or "no reason given"
    refused = ProviderRefused(
        f"{provider.name} answered with an error: {as_sentence(reason)}", status=body.status, code=body.code
    )
    refused.body = event
    return refused


def error_reason(provider: Provider, event: object) -> str:
    """What an error inside an answer says, as one line that is never empty."""
    body = error_body.parse(event)
    return one_line(provider, body.message) or body.code or "no reason given"


def unknown_model_error(provider: str, model: str, known: list[str]) -> ModelUnknown:
    """The error for a model that a provider does not have, naming the nearest of those it has."""
    close = nearest(model, known) or known[:3]
    suggestion = f" It has {', '.join(f'“{name}”' for name in close)}." if close else ""
    error = ModelUnknown(
        f"{provider} has no model “{model}”.{suggestion}",
        f"See them all: chatmgr models --provider {provider}",
        status=404,
    )
    error.touched = False
    return error


def retry_hint(seconds: str) -> str:
    """When to try again, from a Retry-After header."""
    return f"Try again in {seconds} s." if seconds.isdigit() else "Try again in a while."


def _key_hint(provider: Provider) -> str:
    command = f"chatmgr config set-key {provider.name}"
    return f"Set {provider.key_env}, or type: {command}" if provider.key_env else f"Type: {command}"


def one_line(provider: Provider, text: str) -> str:
    """A server's words as one line of bounded length, without any key."""
    if provider.key:
        text = text.replace(provider.key, "…")
    text = re.sub(r"\bsk-[\w*.-]{8,}", "sk-…", " ".join(text.split()))
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"
