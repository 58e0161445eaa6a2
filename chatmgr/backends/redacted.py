"""What a server says passes through here before it is stored or shown: keys are cut, reasons are known ones.

``registry.create`` puts this around every backend that talks to a server. So no backend has to think of it,
and whatever text a server sends, in whatever field, leaves as an event, a value or an error that is clean of
the keys in use.
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from chatmgr.domain.errors import ChatmgrError
from chatmgr.domain.events import (
    Delta,
    Event,
    Finished,
    ItemDone,
    Notice,
    Opened,
    Reasoning,
    ThreadSynced,
    ToolCall,
    Uploaded,
    Waiting,
)
from chatmgr.domain.items import Item
from chatmgr.domain.model import Assistant, LiveRun, ModelInfo, Provider, RemoteMessage, TurnRequest
from chatmgr.domain.ports import Backend
from chatmgr.domain.redaction import Redactor, StreamRedactor, secrets_of_url
from chatmgr.domain.remote import RemoteKind
from chatmgr.domain.states import known_detail


def redactor_of(provider: Provider) -> Redactor:
    """Cuts the secrets with which requests to a provider are sent: its key, and what its address holds."""
    return Redactor([provider.key, *secrets_of_url(provider.base_url)])


@contextmanager
def redacted_errors(redactor: Redactor) -> Iterator[None]:
    """Errors that leave this block say nothing secret, not even those that nobody expected."""
    try:
        yield
    except ChatmgrError as error:
        error.message, error.hint = redactor.words(error.message), redactor.words(error.hint)
        raise
    except Exception as error:
        error.args = tuple(redactor.words(arg) if isinstance(arg, str) else arg for arg in error.args)
        raise


class RedactedBackend:
    """A backend whose events, values and errors are clean; see the module."""

    def __init__(self, backend: Backend, provider: Provider) -> None:
        self._backend = backend
        self._redactor = redactor_of(provider)

    def stream(self, request: TurnRequest) -> Iterator[Event]:
        """Run a turn."""
        return self._events(self._backend.stream(request))

    def recover(self, run: LiveRun) -> Iterator[Event]:
        """Find out what became of a run."""
        return self._events(self._backend.recover(run), run.text)

    def prepare(self, assistant: Assistant, model: str, remote_assistant: str) -> Iterator[Event]:
        """Create what a conversation needs at the server."""
        return self._events(self._backend.prepare(assistant, model, remote_assistant))

    def submit_tool_outputs(self, run: LiveRun, outputs: Mapping[str, str]) -> Iterator[Event]:
        """Send a waiting run what it waits for."""
        return self._events(self._backend.submit_tool_outputs(run, outputs), run.text)

    def cancel(self, run: LiveRun) -> None:
        """Ask the server to stop a run."""
        with redacted_errors(self._redactor):
            self._backend.cancel(run)

    def fetch_messages(self, thread: str) -> Iterator[RemoteMessage]:
        """Every message of a remote thread."""
        answer, label = self._redactor.answer, self._redactor.label
        with redacted_errors(self._redactor):
            for message in self._backend.fetch_messages(thread):
                yield replace(
                    message,
                    id=label(message.id),
                    content=answer(message.content),
                    run_id=label(message.run_id),
                )

    def delete(self, kind: RemoteKind, remote_id: str) -> Generator[Event, None, str]:
        """Delete something at the server; the value names what that keeps of it."""
        with redacted_errors(self._redactor):
            kept = yield from self._backend.delete(kind, remote_id)
        return self._redactor.words(kept)

    def complete(self, instructions: str, text: str, model: str, max_tokens: int) -> str:
        """A short answer outside of all threads, of which the server stores nothing: a title."""
        with redacted_errors(self._redactor):
            return self._redactor.label(self._backend.complete(instructions, text, model, max_tokens))

    def models(self) -> list[ModelInfo]:
        """The models that the server lists."""
        label = self._redactor.label
        with redacted_errors(self._redactor):
            return [
                ModelInfo(label(model.id), label(model.note), label(model.shutdown))
                for model in self._backend.models()
            ]

    def _events(self, events: Iterator[Event], before: str = "") -> Generator[Event, None, None]:
        """The events, clean. Closing this closes them, so that the backend can ask its server to stop.

        ``before`` is the part of the answer that was saved earlier: a key may begin there. A delta whose
        event is not wholly out has no cursor: a stream continued after it would miss what is held back.
        """
        answer, reasoning = StreamRedactor(self._redactor, before), StreamRedactor(self._redactor)
        try:
            with redacted_errors(self._redactor):
                for event in events:
                    if type(event) is Delta:
                        text = answer.feed(event.text)
                        if text is event.text:
                            yield event
                        elif text:
                            yield Delta(text, None if answer.held else event.cursor)
                    elif type(event) is Reasoning:
                        if text := reasoning.feed(event.text):
                            yield Reasoning(text)
                    else:
                        if isinstance(event, Finished):
                            yield from _held(answer, reasoning)
                        yield self._clean(event)
            yield from _held(answer, reasoning)
        except Exception:
            yield from _held(answer, reasoning)
            raise
        finally:
            if isinstance(events, Generator):
                with suppress(ChatmgrError):
                    events.close()

    def _clean(self, event: Event) -> Event:
        """An event that carries more than a piece of text. An id that looks like a key is an id."""
        label, words, answer = self._redactor.label, self._redactor.words, self._redactor.answer
        match event:
            case Opened(thread_id, run_id, assistant_id, model, retrievable):
                return Opened(
                    answer(thread_id), answer(run_id), answer(assistant_id), label(model), retrievable
                )
            case ThreadSynced(thread_id, synced):
                return ThreadSynced(answer(thread_id), synced)
            case Uploaded(sha256, remote_id):
                return Uploaded(sha256, answer(remote_id))
            case ItemDone(item, cursor):
                return ItemDone(clean_item(item, answer), cursor)
            case Notice(text):
                return Notice(words(text))
            case Waiting(seconds, reason, brief):
                return Waiting(seconds, words(reason), brief)
            case Finished(state, detail, error, text, calls):
                calls = tuple(
                    ToolCall(answer(call.id), label(call.name), answer(call.arguments), call.kind)
                    for call in calls
                )
                return Finished(state, known_detail(detail), words(error), text and answer(text), calls)
        return event


def clean_item(item: Item, answer: Callable[[str], str]) -> Item:
    """An item without the secrets in use; its bytes stay as they are: ``raw`` names them by their hash."""
    return replace(
        item,
        content=_clean_json(item.content, answer),
        raw=answer(item.raw),
        model=answer(item.model),
        id=answer(item.id),
    )


def _clean_json(value: Any, answer: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return answer(value)
    if isinstance(value, Mapping):
        return {answer(key): _clean_json(inner, answer) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean_json(inner, answer) for inner in value]
    return value


def _held(answer: StreamRedactor, reasoning: StreamRedactor) -> Iterator[Event]:
    """The pieces that waited for more, where nothing more comes.

    They have no cursor: a stream that is continued later brings them again, with the rest of the key.
    """
    if text := reasoning.rest():
        yield Reasoning(text)
    if text := answer.rest():
        yield Delta(text)
