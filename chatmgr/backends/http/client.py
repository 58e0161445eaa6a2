"""One provider over HTTP: the SDK's client for authentication and transport, our errors, raw events.

Turn-creating calls must not be sent twice, so the SDK's retries are off for every call; only calls
that read are repeated. Error texts are for people: one line, without the key, whatever shape the
server gave them.
"""

import json
import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

from chatmgr.backends.http import retry, sse
from chatmgr.backends.http.errors import describe, model_unknown, retry_hint
from chatmgr.domain.errors import (
    ChatmgrError,
    ConfigurationFault,
    ModelUnknown,
    NetworkDown,
    ProviderRefused,
    Unsettled,
)
from chatmgr.domain.events import Event
from chatmgr.domain.model import Attachment, ModelInfo, Provider
from chatmgr.domain.text import sentence

if TYPE_CHECKING:
    import httpx2
    from openai import OpenAI

Json = dict[str, Any]
T = TypeVar("T")
_READ_TRIES = 3


class ApiClient:
    """Speaks to one provider. Made cheaply; the SDK is imported at the first call."""

    def __init__(self, provider: Provider, headers: Mapping[str, str] | None = None) -> None:
        self.provider = provider
        self._headers = dict(headers or {})

    @cached_property
    def _client(self) -> "OpenAI":
        from chatmgr.backends.http.transport import sdk_client

        return sdk_client(self.provider, self._headers)

    def get(self, path: str, query: Mapping[str, object] | None = None) -> Json:
        """Read; repeated on a connection or server error, since reading changes nothing."""
        for attempt in range(_READ_TRIES):
            try:
                return self._json("get", path, options={"params": dict(query or {})})
            except (NetworkDown, ProviderRefused) as error:
                passing = isinstance(error, NetworkDown) or error.status >= 500
                if not passing or attempt == _READ_TRIES - 1:
                    raise
                time.sleep(0.2 * 2**attempt)
        raise AssertionError("unreachable")

    def post(self, path: str, body: Mapping[str, object]) -> Json:
        """Write, once."""
        return self._json("post", path, body=dict(body))

    def _json(self, verb: str, path: str, **call: Any) -> Json:
        import httpx2

        with self.errors():
            found = getattr(self._client, verb)(path, cast_to=httpx2.Response, **call)
            return self.decoded(found)

    def decoded(self, response: "httpx2.Response") -> Json:
        """The JSON object of an answer; refuses what is none."""
        try:
            found = response.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise ProviderRefused(
                f"{self.provider.name} answered {response.status_code} with something that is not JSON.",
                f"Is {self.provider.base_url} the API's address? See: chatmgr provider test "
                f"{self.provider.name}",
                status=response.status_code,
            )
        return cast(Json, found)

    def delete(self, path: str) -> Json:
        """Remove something on the server; some answer no more than that it is done."""
        try:
            return self._json("delete", path)
        except ProviderRefused as error:
            if 200 <= error.status < 300:
                return {}
            raise

    def upload(self, file: Attachment, purpose: str) -> str:
        """Give a file to the server; returns its id there."""
        try:
            found = self._json(
                "post",
                "/files",
                body={"purpose": purpose},
                files=[("file", (file.name, file.data, file.content_type))],
                options={"headers": {"Content-Type": "multipart/form-data"}},
            )
        except ProviderRefused as error:
            if error.status not in {404, 405, 501}:
                raise
            hint = "Send it as text, or to another provider."
            none = ProviderRefused(f"{self.provider.name} takes no files, so {file.name} cannot go.", hint)
            none.touched = False
            raise none from None
        return str(found.get("id", ""))

    def retrying(self, call: Callable[[], T]) -> Generator[Event, None, T]:
        """Call; while the server says "later", wait visibly and call again."""
        return (yield from retry.retrying(self.provider.options, call))

    def asked(self, call: Callable[[], T]) -> Generator[Event, None, T]:
        """Ask retrying what became of a run; where the server cannot say it now, the run stays open."""
        try:
            return (yield from self.retrying(call))
        except NetworkDown as error:
            raise Unsettled(error.message) from None
        except ProviderRefused as error:
            if error.status == 429 or error.status >= 500:
                raise Unsettled(error.message) from None
            raise

    def open(self, path: str, body: Mapping[str, object] | None, **query: object) -> "Stream":
        """Begin a streamed request (GET without a body); what refuses it is raised here."""
        import httpx2

        with self.errors():
            verb = "get" if body is None else "post"
            call: dict[str, Any] = {"options": {"params": query}} if query else {}
            if body is not None:
                call["body"] = dict(body)
            response = getattr(self._client, verb)(
                path, cast_to=httpx2.Response, stream=True, stream_cls=cast(Any, None), **call
            )
            return Stream(self, response)

    def models(self) -> list[ModelInfo]:
        """What the server lists; an endpoint without a list has none."""
        try:
            found = self.get("/models")
        except ProviderRefused as error:
            if error.status in {404, 405, 501}:
                return []
            raise
        listed = [one for one in found.get("data") or [] if isinstance(one, dict) and one.get("id")]
        return [
            ModelInfo(str(one["id"]), _model_note(one), str(one.get("shutdown_date") or "")) for one in listed
        ]

    def pick_model(self, model: str) -> str:
        """The model to ask for: as given, else the first that the server lists."""
        if model or (model := self.provider.default_model):
            return model
        listed = self.models()
        if not listed:
            raise ConfigurationFault(
                f"No model is chosen for {self.provider.name}, and it lists none.",
                "Name one with -m MODEL.",
            )
        return listed[0].id

    def unknown_model(self, model: str) -> ModelUnknown:
        """The refusal of a model, with the nearest that the server does have."""
        try:
            known = [one.id for one in self.models()]
        except ChatmgrError:
            known = []
        return model_unknown(self.provider.name, model, known)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what the SDK and the transport raise into errors a person can act on."""
        import httpx2

        from chatmgr.backends.http.sdk import openai

        try:
            yield
        except openai.APIStatusError as error:
            raise self._refusal(error.response) from None
        except openai.APIConnectionError as error:
            raise self._network(error.__cause__ or error) from None
        except httpx2.TransportError as error:
            raise self._network(error) from None

    def _network(self, error: BaseException) -> NetworkDown:
        import httpx2

        name, url = self.provider.name, self.provider.base_url
        hint = f"Is it running, and is the address right? See: chatmgr provider test {name}"
        if isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.UnsupportedProtocol)):
            reason = self._clean(str(error)) or type(error).__name__
            return NetworkDown(f"{name} ({url}) cannot be reached: {reason}.", hint, heard=False)
        if isinstance(error, httpx2.TimeoutException):
            return NetworkDown(f"{name} ({url}) fell silent before the answer was whole.", hint)
        hint = "What had arrived is kept; send the message again for a whole answer."
        return NetworkDown(f"The connection to {name} ({url}) broke before the answer was whole.", hint)

    def _refusal(self, response: "httpx2.Response") -> ChatmgrError:
        name, status = self.provider.name, response.status_code
        text, code = describe(response.text, response.headers.get("content-type", ""))
        text = self._clean(text) or response.reason_phrase or "no reason given"
        if status == 401:
            fault = ConfigurationFault(f"{name} does not accept the key: {sentence(text)}", self._key_hint())
            fault.touched = False
            return fault
        hint = {
            403: "The key lacks the right, or the account is not allowed this.",
            404: f"See what the server offers: chatmgr models --provider {name}",
            429: retry_hint(response.headers.get("retry-after", "")),
        }.get(status, "Try again in a while." if status >= 500 else "")
        refused = ProviderRefused(
            f"{name} refused ({status}): {sentence(text)}", hint, status=status, code=code
        )
        refused.touched = status >= 500
        refused.retry_after = retry.retry_after(response.headers.get("retry-after", ""))
        refused.body = _loads(response.content)
        return refused

    def _key_hint(self) -> str:
        variable = f"set {self.provider.key_env}, or type: " if self.provider.key_env else "Type: "
        hint = f"{variable}chatmgr config set-key {self.provider.name}"
        return hint[0].upper() + hint[1:]

    def _clean(self, text: str) -> str:
        """One line of bounded length in which our key does not occur."""
        if self.provider.key:
            text = text.replace(self.provider.key, "…")
        text = re.sub(r"\bsk-[\w*.-]{8,}", "sk-…", " ".join(text.split()))
        return text if len(text) <= 300 else text[:299] + "…"


class Stream:
    """An opened answer: its events as name and decoded data, the end mark ``[DONE]`` with no data.

    A server that does not stream answers with one JSON object: it comes as ``("", object)``.
    """

    def __init__(self, wire: ApiClient, response: "httpx2.Response") -> None:
        self._client = wire
        self._response = response

    def __iter__(self) -> Generator[tuple[str, Json], None, None]:
        response = self._response
        with self._client.errors(), closing(response):
            if "text/event-stream" not in response.headers.get("content-type", ""):
                response.read()
                yield "", self._client.decoded(response)
                return
            for name, data in sse.events(response.iter_bytes()):
                if data == b"[DONE]":
                    yield "[DONE]", {}
                elif (found := _loads(data)) is not None:
                    yield name, found


def _model_note(model: Json) -> str:
    gone = model.get("shutdown_date")
    return f"shuts down {gone}" if gone else ""


def _loads(data: bytes) -> Json | None:
    """An event's data; what is not a JSON object is nothing that any API here sends, and is passed over."""
    try:
        found = json.loads(data)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
