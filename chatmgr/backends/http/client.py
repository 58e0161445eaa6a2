"""One provider over HTTP: the SDK's client for authentication and transport, our errors, raw events.

A request that creates a turn must not be sent twice. So the SDK's retries are off for every request, and only
those that read are repeated.
"""

from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

from chatmgr.backends.error_body import is_error, parse_text
from chatmgr.backends.http import retry, sse
from chatmgr.backends.http.errors import (
    error_reason,
    network_error,
    one_line,
    refusal,
    stream_refusal,
    unknown_model_error,
)
from chatmgr.backends.http.optional_fields import send_without_refused
from chatmgr.backends.http.stream import Stream
from chatmgr.backends.model_list import listed_within, model_infos
from chatmgr.backends.overflow import parse_overflow
from chatmgr.domain.errors import (
    ChatmgrError,
    ConfigurationFault,
    ModelUnknown,
    NetworkDown,
    ProviderRefused,
    Unsettled,
)
from chatmgr.domain.events import Event, Finished
from chatmgr.domain.interrupts import interrupts
from chatmgr.domain.model import Attachment, ModelInfo, Provider
from chatmgr.domain.states import RunState
from chatmgr.domain.text import as_sentence

if TYPE_CHECKING:
    import httpx2
    from openai import OpenAI

Json = dict[str, Any]
T = TypeVar("T")
_READ_TRIES = 3
NOT_DELETED = 405  # the status of an error for what a server says it lacks, or has deleted, and still has


class ApiClient:
    """Sends requests to one provider. Cheap to make: the SDK is imported at the first request."""

    def __init__(self, provider: Provider, headers: Mapping[str, str] | None = None) -> None:
        self.provider = provider
        self._headers = dict(headers or {})

    @cached_property
    def _client(self) -> "OpenAI":
        def import_transport() -> None:
            import chatmgr.backends.http.transport  # noqa: F401

        interrupts.run_beside(import_transport)  # a second, at the first request of a process
        from chatmgr.backends.http.transport import sdk_client

        return sdk_client(self.provider, self._headers)

    def get(self, path: str, query: Mapping[str, object] | None = None, seconds: float | None = None) -> Json:
        """GET an object; repeated on a connection or server error, since reading changes nothing.

        With ``seconds``, it is tried once, and for no longer than that.
        """
        return cast(Json, self._get(path, dict, query, seconds))

    def _get(
        self,
        path: str,
        shapes: Any,
        query: Mapping[str, object] | None = None,
        seconds: float | None = None,
    ) -> Any:
        options: dict[str, Any] = {"params": dict(query or {})}
        if seconds is not None:
            options["timeout"] = seconds
        for attempt in range(_READ_TRIES):
            try:
                return self._json("get", path, shapes, options=options)
            except (NetworkDown, ProviderRefused) as error:
                transient = isinstance(error, NetworkDown) or error.status >= 500
                if not transient or seconds is not None or attempt == _READ_TRIES - 1:
                    raise
                interrupts.sleep(0.2 * 2**attempt)
        raise AssertionError("unreachable")

    def post(self, path: str, body: Mapping[str, object], optional: Collection[str] = ()) -> Json:
        """POST, once; again only without those of the ``optional`` fields that the server refuses."""
        return send_without_refused(
            self.provider, body, optional, lambda accepted: self._json("post", path, body=accepted)
        )

    def _json(self, verb: str, path: str, shapes: Any = dict, **call: Any) -> Any:
        import httpx2

        with self.errors():
            response = getattr(self._client, verb)(path, cast_to=httpx2.Response, **call)
            body = self.decode(response, shapes)
        if isinstance(body, dict) and (body.get("error") if verb == "delete" else is_error("", body)):
            raise stream_refusal(self.provider, body)
        return body

    def decode(self, response: "httpx2.Response", shapes: Any = dict, content: bytes | None = None) -> Any:
        """The JSON in a response, an object if no other shape will do; raises ProviderRefused without it.

        ``content`` is the body where it was read as a stream.
        """
        content = response.content if content is None else content
        body = sse.json_body(content)
        if not isinstance(body, shapes):
            words = content.decode("utf-8", "replace")
            text = parse_text(words, response.headers.get("content-type", "")).message
            excerpt = as_sentence(f": {one_line(self.provider, text)}") if text else "."
            raise ProviderRefused(
                f"{self.provider.name} answered {response.status_code} with something that is not JSON"
                f"{excerpt}",
                f"Is {self.provider.endpoint} the API's address? See: chatmgr provider test "
                f"{self.provider.name}",
                status=response.status_code,
            )
        return body

    def download(self, path: str, limit: int, seconds: float) -> tuple[bytes, str]:
        """The bytes of a file, and its content type as the server names it; as ``Stream.read_bytes``."""
        return self._open("get", path, options={"timeout": seconds}).read_bytes(limit, seconds)

    def delete(self, path: str) -> Json:
        """DELETE; some servers answer success without a body."""
        try:
            return cast(Json, self._json("delete", path))
        except ProviderRefused as error:
            if 200 <= error.status < 300:
                return {}
            raise

    def remove(self, path: str) -> None:
        """DELETE something and make sure of it; raises ProviderRefused if the server still has it.

        Status 404 means that it is gone, but only from a server that knows its kind: one without such a route
        may give the same answer. So a 404 counts if it is JSON and the thing cannot be read either.
        """
        try:
            reply = self.delete(path)
        except ProviderRefused as error:
            if error.status != 404 or (error.body is not None and not self._exists(path)):
                raise
            raise self._not_deleted(error.status) from None
        if reply.get("deleted") is False:
            raise self._not_deleted(200)

    def _exists(self, path: str) -> bool:
        try:
            self.get(path)
        except ProviderRefused:
            return False
        return True

    def _not_deleted(self, status: int) -> ProviderRefused:
        return ProviderRefused(f"{self.provider.name} does not delete this ({status})", status=NOT_DELETED)

    def upload(self, file: Attachment, purpose: str) -> str:
        """Upload a file; returns the id that the server gives it."""
        try:
            created = self._json(
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
            refused = ProviderRefused(f"{self.provider.name} takes no files, so {file.name} cannot go.", hint)
            refused.touched = False
            raise refused from None
        return str(created.get("id", ""))

    def retrying(self, call: Callable[[], T]) -> Generator[Event, None, T]:
        """Call; while the server asks to come back later, wait visibly and call again."""
        return (yield from retry.retrying(self.provider.options, call))

    def query_run(self, call: Callable[[], T]) -> Generator[Event, None, T]:
        """Ask, with retries, how a run stands; raises Unsettled where the server cannot tell it now."""
        try:
            return (yield from self.retrying(call))
        except NetworkDown as error:
            raise Unsettled(error.message) from None
        except ProviderRefused as error:
            if error.status == 429 or (error.status >= 500 and error.status != 501):
                raise Unsettled(error.message) from None
            raise

    def open(
        self,
        path: str,
        body: Mapping[str, object] | None,
        optional: Collection[str] = (),
        **query: object,
    ) -> Stream:
        """Start a streamed request (GET without a body); a refusal is raised here, before the first event.

        Those of the ``optional`` fields of the body that the server refuses are left out.
        """
        if body is None:
            call = {"options": {"params": query}} if query else {}
            return self._open("get", path, **call)
        return send_without_refused(
            self.provider, body, optional, lambda accepted: self._open("post", path, body=accepted)
        )

    def _open(self, verb: str, path: str, **call: Any) -> Stream:
        import httpx2

        with self.errors():
            response = getattr(self._client, verb)(
                path, cast_to=httpx2.Response, stream=True, stream_cls=cast(Any, None), **call
            )
            return Stream(response, self.errors, self.decode)

    def failure(self, event: Json, *, heard: bool) -> Finished:
        """The end of an answer that an error inside it ended, with the reason.

        Raises ProviderRefused if the prompt was too long and nothing of an answer was heard: then less of
        the history is sent.
        """
        if not heard and parse_overflow(event):
            raise stream_refusal(self.provider, event)
        return Finished(RunState.FAILED, error=error_reason(self.provider, event))

    def models(self) -> list[ModelInfo]:
        """The models that the server lists; none where the endpoint has no list."""
        try:
            return model_infos(self._get("/models", (dict, list)))
        except ProviderRefused as error:
            if error.status in {404, 405, 501}:
                return []
            raise

    def pick_model(self, model: str) -> str:
        """The model to use: the given one, the provider's default, or the first that the server lists."""
        if model or (model := self.provider.default_model):
            return model
        hint = "Name one with -m MODEL."
        try:
            models = self.models()
        except ProviderRefused as error:
            error.hint = f"No model is chosen for {self.provider.name}. {hint}"
            raise
        if not models:
            raise ConfigurationFault(f"No model is chosen for {self.provider.name}, and it lists none.", hint)
        return models[0].id

    def unknown_model(self, model: str) -> ModelUnknown:
        """The error for a model that the server does not have, naming the nearest that it has."""
        return unknown_model_error(self.provider.name, model, listed_within(self.models))

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn the exceptions of the SDK and the transport into errors that a person can act on."""
        import httpx2

        from chatmgr.backends.http.sdk import openai

        try:
            yield
        except openai.APIStatusError as error:
            raise refusal(self.provider, error.response) from None
        except openai.APIConnectionError as error:
            if isinstance(error.__cause__, ChatmgrError):  # raised in the middle of a handshake
                raise error.__cause__ from None
            raise network_error(self.provider, error.__cause__ or error) from None
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            raise network_error(self.provider, error) from None
