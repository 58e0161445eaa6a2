"""One short answer outside of all conversations, of which the server stores nothing.

A reasoning model would spend the few tokens on its reasoning, so it is asked not to reason; other
models refuse that parameter. So several request bodies are tried: a refused one costs nothing.
"""

from collections.abc import Iterable

from chatmgr.backends.http.client import ApiClient, Json
from chatmgr.domain.errors import ProviderRefused

_LEAST_TOKENS = 16  # the Responses API accepts no less
_OPTIONAL = {"store"}
_BAD_REQUEST = {400, 422}


def by_responses(client: ApiClient, instructions: str, text: str, model: str, max_tokens: int) -> str:
    """A short answer from the Responses API."""
    body: Json = {
        "model": client.pick_model(model),
        "instructions": instructions,
        "input": text,
        "max_output_tokens": max(max_tokens, _LEAST_TOKENS),
        "store": False,
    }
    efforts: tuple[Json, ...] = ({"reasoning": {"effort": "none"}}, {"reasoning": {"effort": "minimal"}}, {})
    response = _first_accepted(client, "/responses", (body | effort for effort in efforts))
    return "".join(
        str(part.get("text") or "")
        for item in response.get("output") or ()
        if item.get("type") == "message"
        for part in item.get("content") or ()
    )


def by_completions(client: ApiClient, instructions: str, text: str, model: str, max_tokens: int) -> str:
    """A short answer from Chat Completions, which most servers of other APIs offer too."""
    messages = [{"role": "system", "content": instructions}, {"role": "user", "content": text}]
    body: Json = {"model": client.pick_model(model), "messages": messages}
    limits: tuple[Json, ...] = (
        {"max_tokens": max_tokens},
        {"max_completion_tokens": max_tokens, "reasoning_effort": "none"},
        {"max_completion_tokens": max_tokens, "reasoning_effort": "minimal"},
    )
    completion = _first_accepted(client, "/chat/completions", (body | limit for limit in limits))
    choices = completion.get("choices") or [{}]
    return str((choices[0].get("message") or {}).get("content") or "")


def _first_accepted(client: ApiClient, path: str, bodies: Iterable[Json]) -> Json:
    """The reply to the first body that the server does not refuse as a bad request."""
    refusal: ProviderRefused | None = None
    for body in bodies:
        try:
            return client.post(path, body, _OPTIONAL)
        except ProviderRefused as error:
            if error.status not in _BAD_REQUEST:
                raise
            refusal = error
    raise refusal or ProviderRefused("Nothing was asked.")
