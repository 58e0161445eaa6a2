"""Fields of a request that chatmgr adds by itself: left out for a server that refuses them.

Servers differ in what they know: one streams and does not know ``stream_options``, another validates strictly
and knows no ``store``. A server that names such a field in a refusal has not run the request, so it is asked
again without it. Once it accepts that, the field is remembered in ``provider.options["refused_fields"]``, a
set that the caller keeps. What the person has set is never left out.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from chatmgr.backends import error_body
from chatmgr.domain.errors import ProviderRefused
from chatmgr.domain.model import Provider

T = TypeVar("T")
_STATUSES = {400, 422}
_FOR_NOW = {"stream"}  # depends on the model: tried again with the next turn
_ECHO = re.compile(r"""['"]input['"]:.*""", re.DOTALL)  # validators repeat the whole request after this
_REFUSES = re.compile(
    r"un(?:known|recogni[sz]ed|supported|expected)|extra|additional|invalid|only (?:when|allowed|valid)"
    r"|not (?:\w+ )?(?:supported|permitted|allowed|recogni[sz]ed|valid|implemented)|n't support"
    r"|does not (?:support|accept|take)|must (?:not )?be",
    re.IGNORECASE,
)


def send_without_refused(
    provider: Provider,
    body: Mapping[str, Any],
    optional: Collection[str],
    send: Callable[[dict[str, Any]], T],
) -> T:
    """Send a body; ask again without each of the ``optional`` fields that the server refuses by name."""
    remembered: set[str] = provider.options.get("refused_fields", set())
    left_out: set[str] = set(optional) & remembered
    while True:
        current = {key: value for key, value in body.items() if key not in left_out}
        try:
            reply = send(current)
        except ProviderRefused as error:
            refused = refused_field(error, {name: current[name] for name in optional if name in current})
            if not refused:
                raise
            left_out.add(refused)
        else:
            remembered |= left_out - _FOR_NOW
            return reply


def refused_field(error: ProviderRefused, fields: Mapping[str, Any]) -> str:
    """Which of the fields a server refuses by its name, or by the name of something in it; else empty."""
    if error.status not in _STATUSES:
        return ""
    body = error_body.parse(error.body)
    message = _ECHO.sub("", body.message or error.message)
    for name, value in fields.items():
        names = {name, *(value if isinstance(value, Mapping) else ())}
        if any(part.partition(".")[0] in names or part in names for part in body.fields):
            return name
        if any(_is_named(part, message) for part in names):
            return name
    return ""


def _is_named(name: str, message: str) -> bool:
    """Whether a message names a field, not merely uses its word."""
    if re.search(rf"""['"`“‘\[]{re.escape(name)}['"`”’.\]\[]""", message):
        return True
    named = re.search(rf"\b{re.escape(name)}\b", message)
    return bool(named and ("_" in name or _REFUSES.search(message)))
