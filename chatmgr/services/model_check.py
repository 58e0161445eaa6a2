"""Says when a server does not list a model. It never refuses one: the turn decides.

A list may be refused, late, or silent about names that the server takes. So a message is stored and sent
first, and the list is fetched beside the turn. Commands that send nothing wait for it, two seconds at most.
"""

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress

from chatmgr.backends.model_list import LIST_SECONDS, fetch_within, is_listed, listed_within
from chatmgr.domain.errors import ChatmgrError, ModelUnknown, ProviderRefused
from chatmgr.domain.events import Delta, Event, Notice, Opened, Reasoning
from chatmgr.domain.interrupts import interrupts
from chatmgr.domain.model import ModelInfo
from chatmgr.domain.names import nearest
from chatmgr.services.deprecations import DeprecationCheck

_NAMED = 3  # models of a list in which none is like the one meant


def unlisted_note(provider: str, model: str, models: Callable[[], list[ModelInfo]]) -> str:
    """One line for a model that is not on a server's list; empty if it is, or if no list comes in time."""
    listed = listed_within(models)
    if not listed or is_listed(model, listed):
        return ""
    close = ", ".join(f"“{name}”" for name in nearest(model, listed) or listed[:_NAMED])
    return f"{provider} does not list the model “{model}”; it lists {close}. The turn will tell."


def models_like(name: str, models: Callable[[], list[ModelInfo]]) -> list[ModelInfo] | None:
    """The models of a list that have all words of a name in theirs; none if it is listed itself.

    None if no list comes in time.
    """
    try:
        listed = fetch_within(models)
    except ChatmgrError:
        return None  # if it matters, the turn reports it
    if listed is None:
        return None
    if is_listed(name, [info.id for info in listed]):
        return []
    words = name.casefold().split()
    return [info for info in listed if all(word in info.id.casefold() for word in words)]


class ListOnce:
    """A list of models that several ask for at the same time, fetched once."""

    def __init__(self, fetch: Callable[[], list[ModelInfo]]) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._models: list[ModelInfo] | None = None

    def __call__(self) -> list[ModelInfo]:
        with self._lock:
            if self._models is None:
                self._models = self._fetch()
            return self._models


class ModelCheck:
    """The check of one turn's model, beside the turn: ``start`` it, then ask for its ``note``."""

    def __init__(self, provider: str, model: str, models: Callable[[], list[ModelInfo]]) -> None:
        self._arguments = (provider, model, models)
        self._thread: threading.Thread | None = None
        self._note = ""

    def start(self) -> None:
        """Fetch the list in the background."""
        self._thread = threading.Thread(target=self._check, name="chatmgr-model-check", daemon=True)
        self._thread.start()

    def _check(self) -> None:
        self._note = unlisted_note(*self._arguments)

    def note(self, *, wait: bool) -> str:
        """The note, once; empty as long as nothing is known. ``wait`` waits for the rest of two seconds."""
        if self._thread and wait:
            with suppress(KeyboardInterrupt):  # the turn has ended: this ends the wait alone
                interrupts.join(self._thread, LIST_SECONDS)
        note, self._note = self._note, ""
        return note


def run_beside(
    run: Generator[Event, None, None],
    deprecation: DeprecationCheck,
    check: ModelCheck | None,
    *,
    opened: Callable[[str], None],
) -> Generator[Event, None, None]:
    """Run a turn, and ask the server about its models meanwhile: once the message is stored, not before.

    The note comes before the answer if it is there by then, else after it, never in the middle. ``opened``
    is told the model that the turn took.
    """
    with closing(run) as events:
        try:
            for number, event in enumerate(events):
                if number == 0:
                    deprecation.start()
                    if check:
                        check.start()
                if isinstance(event, Opened) and event.model:
                    opened(event.model)
                if isinstance(event, (Delta, Reasoning)):
                    yield from _notes(check, wait=False)
                    yield event
                    break
                yield event
            yield from events
        except ModelUnknown:
            raise  # which names the nearest models itself
        except ProviderRefused:
            yield from _notes(check, wait=True)
            raise
        yield from _notes(check, wait=True)


def _notes(check: ModelCheck | None, *, wait: bool) -> Iterator[Notice]:
    if check and (note := check.note(wait=wait)):
        yield Notice(note)
