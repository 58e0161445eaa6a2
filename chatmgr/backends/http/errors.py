"""Errors of servers and networks as errors a person can act on: one line, without the key, with a hint."""

import json
import re
from typing import TYPE_CHECKING

from chatmgr.backends.http import retry, sse
from chatmgr.domain.errors import ChatmgrError, ConfigurationFault, ModelUnknown, NetworkDown, ProviderRefused
from chatmgr.domain.model import Provider
from chatmgr.domain.names import nearest
from chatmgr.domain.text import as_sentence

if TYPE_CHECKING:
    import httpx2

_LONGEST_TEXT = 300  # characters of a server's own words


def network_error(provider: Provider, error: BaseException) -> NetworkDown:
    """The error for a connection that failed; it tells whether the server can have heard the request."""
    import httpx2

    name, url = provider.name, provider.endpoint
    hint = f"Is it running, and is the address right? See: chatmgr provider test {name}"
    if isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.UnsupportedProtocol)):
        reason = _one_line(provider, str(error)) or type(error).__name__
        return NetworkDown(f"{name} ({url}) cannot be reached: {reason}.", hint, heard=False)
    if isinstance(error, httpx2.TimeoutException):
        return NetworkDown(f"{name} ({url}) fell silent before the answer was whole.", hint)
    hint = "What had arrived is kept; send the message again for a whole answer."
    return NetworkDown(f"The connection to {name} ({url}) broke before the answer was whole.", hint)


def refusal(provider: Provider, response: "httpx2.Response") -> ChatmgrError:
    """The error for a response with an error status."""
    name, status = provider.name, response.status_code
    text, code = parse_error_body(response.text, response.headers.get("content-type", ""))
    text = _one_line(provider, text) or response.reason_phrase or "no reason given"
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
    refused = ProviderRefused(f"{name} refused ({status}): {reason}", hint, status=status, code=code)
    refused.touched = status >= 500
    refused.retry_after = retry.retry_after(retry_after)
    refused.body = sse.json_object(response.content)
    return refused


def parse_error_body(text: str, content_type: str) -> tuple[str, str]:
    """The message and the code in an error's body, for every shape seen: OpenAI's, FastAPI's, plain text."""
    try:
        body = json.loads(text)
    except ValueError:
        return ("" if "html" in content_type else text), ""
    error = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(error, str):
        return error, ""
    if not isinstance(error, dict):
        return json.dumps(error), ""
    message = error.get("message") or error.get("detail") or json.dumps(error)
    if isinstance(message, list):
        parts = [str(part.get("msg", part)) if isinstance(part, dict) else str(part) for part in message]
        message = "; ".join(parts)
    return str(message), str(error.get("code") or error.get("type") or "")


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


def _one_line(provider: Provider, text: str) -> str:
    """A server's words as one line of bounded length, without any key."""
    if provider.key:
        text = text.replace(provider.key, "…")
    text = re.sub(r"\bsk-[\w*.-]{8,}", "sk-…", " ".join(text.split()))
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"
