"""One short answer beside all threads: no conversation is named, nothing is kept at the server.

A model that reasons would spend so few tokens on its thoughts alone, and one that does not reason
refuses to be told so. What is refused for its form costs nothing, so the next form is tried.
"""

from collections.abc import Iterable

from chatmgr.backends.http.client import ApiClient, Json
from chatmgr.domain.errors import ProviderRefused

_LEAST = 16  # tokens; Responses takes no less
_WRONG_FORM = {400, 422}


def by_responses(client: ApiClient, instructions: str, text: str, model: str, limit: int) -> str:
    """An answer by the Responses API."""
    body: Json = {
        "model": client.pick_model(model),
        "instructions": instructions,
        "input": text,
        "max_output_tokens": max(limit, _LEAST),
        "store": False,
    }
    efforts: tuple[Json, ...] = ({"reasoning": {"effort": "none"}}, {"reasoning": {"effort": "minimal"}}, {})
    found = _first_taken(client, "/responses", (body | effort for effort in efforts))
    return "".join(
        str(part.get("text") or "")
        for item in found.get("output") or ()
        if item.get("type") == "message"
        for part in item.get("content") or ()
    )


def by_completions(client: ApiClient, instructions: str, text: str, model: str, limit: int) -> str:
    """An answer by Chat Completions, which servers of other APIs have beside them as a rule."""
    messages = [{"role": "system", "content": instructions}, {"role": "user", "content": text}]
    body: Json = {"model": client.pick_model(model), "messages": messages}
    limits: tuple[Json, ...] = (
        {"max_tokens": limit},
        {"max_completion_tokens": limit, "reasoning_effort": "none"},
        {"max_completion_tokens": limit, "reasoning_effort": "minimal"},
    )
    found = _first_taken(client, "/chat/completions", (body | limited for limited in limits))
    choices = found.get("choices") or [{}]
    return str((choices[0].get("message") or {}).get("content") or "")


def _first_taken(client: ApiClient, path: str, bodies: Iterable[Json]) -> Json:
    """The answer to the first body that the server does not refuse for its form."""
    refused: ProviderRefused | None = None
    for body in bodies:
        try:
            return client.post(path, body)
        except ProviderRefused as error:
            if error.status not in _WRONG_FORM:
                raise
            refused = error
    raise refused or ProviderRefused("Nothing was asked.")
