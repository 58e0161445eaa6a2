"""One short answer outside of all conversations, of which the server stores nothing.

A reasoning model would spend the few tokens on its reasoning, so it is asked not to reason; other
models refuse that parameter. So several request bodies are tried: a refused one costs nothing.
"""

from collections.abc import Iterable

from chatmgr.backends.completion_chunks import read_chunks
from chatmgr.backends.http.client import ApiClient, Json
from chatmgr.backends.http.stream import Stream
from chatmgr.domain.errors import ProviderRefused
from chatmgr.domain.events import Delta, Event, Finished
from chatmgr.domain.states import RunState

_LEAST_TOKENS = 16  # the Responses API accepts no less
_OPTIONAL = {"store"}
_BAD_REQUEST = {400, 422}
_ANSWERED = {RunState.COMPLETED, RunState.INCOMPLETE}


def by_responses(client: ApiClient, instructions: str, text: str, model: str, max_tokens: int) -> str:
    """A short answer from the Responses API."""
    from chatmgr.backends.responses.response_state import ResponseState
    from chatmgr.backends.responses.retrieval import Retrieval

    body: Json = {
        "model": client.pick_model(model),
        "instructions": instructions,
        "input": text,
        "max_output_tokens": max(max_tokens, _LEAST_TOKENS),
        "store": False,
    }
    efforts: tuple[Json, ...] = ({"reasoning": {"effort": "none"}}, {"reasoning": {"effort": "minimal"}}, {})
    stream = _first_accepted(client, "/responses", (body | effort for effort in efforts))
    return _text(Retrieval(client).read_stream(stream, ResponseState()))


def by_completions(client: ApiClient, instructions: str, text: str, model: str, max_tokens: int) -> str:
    """A short answer from Chat Completions, which most servers of other APIs offer too."""
    messages = [{"role": "system", "content": instructions}, {"role": "user", "content": text}]
    body: Json = {"model": client.pick_model(model), "messages": messages}
    limits: tuple[Json, ...] = (
        {"max_tokens": max_tokens},
        {"max_completion_tokens": max_tokens, "reasoning_effort": "none"},
        {"max_completion_tokens": max_tokens, "reasoning_effort": "minimal"},
    )
    stream = _first_accepted(client, "/chat/completions", (body | limit for limit in limits))
    return _text(read_chunks(stream, lambda chunk, heard: client.failure(chunk, heard=heard)))


def _text(events: Iterable[Event]) -> str:
    """The text of an answer, which some servers stream although nobody asked them to; empty if it failed."""
    pieces: list[str] = []
    for event in events:
        if isinstance(event, Delta):
            pieces.append(event.text)
        elif isinstance(event, Finished):
            return "".join(pieces) if event.state in _ANSWERED else ""
    return ""


def _first_accepted(client: ApiClient, path: str, bodies: Iterable[Json]) -> Stream:
    """The reply to the first body that the server does not refuse as a bad request."""
    refusal: ProviderRefused | None = None
    for body in bodies:
        try:
            return client.open(path, body, _OPTIONAL)
        except ProviderRefused as error:
            if error.status not in _BAD_REQUEST:
                raise
            refusal = error
    raise refusal or ProviderRefused("Nothing was asked.")
