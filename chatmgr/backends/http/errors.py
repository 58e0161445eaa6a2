"""What a server says when it says no, in one line for a person, whatever shape it comes in."""

import json

from chatmgr.domain.errors import ModelUnknown
from chatmgr.domain.names import nearest


def describe(text: str, content_type: str) -> tuple[str, str]:
    """What an error body says and its code, for every shape seen: OpenAI's, FastAPI's, plain text."""
    try:
        body = json.loads(text)
    except ValueError:
        return ("" if "html" in content_type else text), ""
    inner = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(inner, str):
        return inner, ""
    if not isinstance(inner, dict):
        return json.dumps(inner), ""
    found = inner.get("message") or inner.get("detail") or json.dumps(inner)
    if isinstance(found, list):
        found = "; ".join(str(one.get("msg", one)) if isinstance(one, dict) else str(one) for one in found)
    return str(found), str(inner.get("code") or inner.get("type") or "")


def model_unknown(provider: str, model: str, known: list[str]) -> ModelUnknown:
    """The one text for a model that is not there."""
    close = nearest(model, known) or known[:3]
    listed = f" It has {', '.join(f'“{one}”' for one in close)}." if close else ""
    error = ModelUnknown(
        f"{provider} has no model “{model}”.{listed}",
        f"See them all: chatmgr models --provider {provider}",
        status=404,
    )
    error.touched = False
    return error


def retry_hint(seconds: str) -> str:
    """When to ask again."""
    return f"Try again in {seconds} s." if seconds.isdigit() else "Try again in a while."
