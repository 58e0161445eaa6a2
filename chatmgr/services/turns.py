"""Turns and runs: asking, recovering, stopping, answering calls, preparing threads."""

import importlib
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from shlex import quote
from typing import TYPE_CHECKING, Protocol

from chatmgr.domain.errors import Busy, NotFound, ProviderRefused
from chatmgr.domain.events import STATELESS, Event, Notice, Opened, Rebuilt, ToolCall, Waiting
from chatmgr.domain.model import Assistant, Conversation, LiveRun, UserMessage
from chatmgr.domain.states import RunState

if TYPE_CHECKING:
    from chatmgr.services.budget import Budget
    from chatmgr.services.providers import Providers
    from chatmgr.store.reader import Reader
    from chatmgr.store.writer import Writer
    from chatmgr.turns import Route, TurnRunner


_NEEDED_BY_A_TURN = (
    "chatmgr.backends.pricing",
    "chatmgr.services.budget",
    "chatmgr.services.deprecations",
    "chatmgr.turns",
)


class Parts(Protocol):
    """What turns need of the application; each part is made when it is first asked for."""

    @property
    def url(self) -> str: ...
    @property
    def reader(self) -> "Reader": ...
    @property
    def writer(self) -> "Writer": ...
    @property
    def providers(self) -> "Providers": ...
    @property
    def runner(self) -> "TurnRunner": ...
    @property
    def budget(self) -> "Budget": ...


class TurnService:
    """Everything that happens to turns and runs, each while its conversation is locked."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def locked(self, conversation: Conversation, *, wait: bool = False) -> AbstractContextManager[None]:
        """Keep other processes out of a conversation; raises Busy, naming the one inside."""
        return self._parts.runner.locked(conversation, wait=wait)

    def model_of(self, conversation: Conversation) -> str:
        """The model that the next turn would use, as far as it is known without asking the server.

        The assistant's was chosen for the assistant's provider, and is not asked for at another.
        """
        persona = self._parts.reader.assistants.of(conversation.pk)
        its_own = persona.provider in {"", conversation.provider}
        chosen = conversation.own_model or (persona.model if its_own else "")
        return chosen or self._parts.providers.default_model(conversation.provider) or conversation.model

    def route(self, conversation: Conversation) -> "Route":
        """The way of a conversation's next turn; refuses a provider without its key."""
        from chatmgr.turns import Route

        provider = self._parts.providers.usable(self._parts.providers.get(conversation.provider))
        return Route(provider, self.model_of(conversation), lambda: self._parts.providers.backend(provider))

    def route_of_run(self, run: LiveRun) -> "Route | None":
        """The way back to a run; None where its provider is no longer configured."""
        from chatmgr.turns import Route

        try:
            provider = self._parts.providers.get(run.provider)
        except NotFound:
            return None
        return Route(provider, run.model, lambda: self._parts.providers.backend(provider))

    def ask(
        self, conversation: Conversation, message: UserMessage, *, wait: bool = False
    ) -> Generator[Event, None, None]:
        """One turn of a conversation; first settles what a dead process left there."""
        from chatmgr.services.deprecations import DeprecationCheck

        route = self.route(conversation)
        self._parts.providers.check_files(route.provider, message.attachments)
        deprecation = DeprecationCheck(self._parts.reader, route.provider, lambda: route.backend().models())
        with self.locked(conversation, wait=wait):
            yield from self._parts.runner.recovery.recover(conversation, self.route_of_run)
            yield from self._parts.budget.check(conversation)
            deprecation.begin()
            assistant = self._parts.reader.assistants.of(conversation.pk)
            yield from self._parts.runner.run(conversation, assistant, route, message)
        yield from deprecation.announce(
            self._parts.writer,
            route.model or self._parts.reader.runs.last_model(conversation.pk, deprecation.provider),
        )

    def answer(self, conversation: Conversation, outputs: Mapping[str, str]) -> Generator[Event, None, None]:
        """Go on with a run that waits for the outputs of functions."""
        with self.locked(conversation):
            live = self._live(conversation)
            route = self._needed(live)
            assistant = self._parts.reader.assistants.of(conversation.pk)
            self._parts.reader.close()
            yield from self._parts.runner.answer(live, assistant, route, outputs)

    def pending_calls(self, conversation: Conversation) -> tuple[ToolCall, ...]:
        """The functions whose outputs a conversation's run waits for, asked of the server."""
        with self.locked(conversation):
            live = self._live(conversation)
            self._parts.reader.close()
            return self._parts.runner.recovery.calls(live, self._needed(live))

    def cancel(self, conversation: Conversation) -> bool:
        """Stop a run, at the server where it goes on there, and here.

        Returns False where another process follows it: that one hears from the server, and closes it.
        """
        try:
            with self.locked(conversation):
                live = self._live(conversation)
                self._stop(live)
                self._parts.runner.recovery.close_as(live, self.route_of_run(live), RunState.CANCELLED, "")
                return True
        except Busy as busy:
            if not self._stop(self._live(conversation)):
                busy.hint = "Only there can it be stopped: with Ctrl-C."
                raise
            return False

    def release(self, conversations: Sequence[Conversation], why: str, *, stop: bool = False) -> None:
        """Close the runs that dead processes left in conversations that are about to go.

        Refused before anything is done where a run's process lives. ``stop`` also stops runs at servers.
        """
        self.refuse_busy(conversations)
        for conversation in conversations:
            if conversation.live:
                self.abandon(conversation, why, stop=stop)

    def refuse_busy(self, conversations: Sequence[Conversation]) -> None:
        """Raise Busy where another process runs a turn of one of these."""
        for one in conversations:
            if one.live:
                try:
                    with self.locked(one):
                        pass
                except Busy as busy:
                    busy.hint = f"Wait for it, or stop it: chatmgr runs cancel {quote(one.name)}"
                    raise

    def left_behind(self, run: LiveRun) -> bool:
        """Whether a run waits for a process that is gone: nobody has its conversation in hand."""
        from chatmgr.store import locks

        if run.background or run.state is RunState.REQUIRES_ACTION:
            return False  # these need no process
        try:
            locks.take(self._parts.url, run.conversation_pk, wait=False).release()
        except OSError:
            return False  # held; or it cannot be told
        return True

    def abandon(self, conversation: Conversation, why: str, *, stop: bool = True) -> None:
        """Give up a run whose end cannot be waited for; what had arrived is kept."""
        with self.locked(conversation):
            if live := self._parts.reader.runs.live(conversation.pk):
                if stop:
                    self._stop(live)
                self._parts.runner.recovery.close_as(live, self.route_of_run(live), RunState.INTERRUPTED, why)

    def _stop(self, live: LiveRun) -> bool:
        """Ask the server to stop a run; False where it does not go on there without its process."""
        self._parts.reader.close()
        route = self.route_of_run(live)
        if route is None or not live.run_id or not (live.background or route.provider.api == "assistants"):
            return False
        route.backend().cancel(live)
        return True

    def _live(self, conversation: Conversation) -> LiveRun:
        live = self._parts.reader.runs.live(conversation.pk)
        if live is None:
            raise ProviderRefused(f"No run of “{conversation.name}” is open any more.", "See: chatmgr runs")
        return live

    def _needed(self, live: LiveRun) -> "Route":
        route = self.route_of_run(live)
        if route is None:
            raise NotFound("provider", live.provider, (), "Add it: chatmgr provider add")
        return route

    def settle(
        self, conversation: Conversation, *, wait: bool = False, once: bool = False
    ) -> Generator[Notice | Waiting, None, None]:
        """Settle what a dead process left; a conversation that is busy is left alone, or waited for.

        ``once`` asks how a run stands instead of following it; closing this generator leaves it open.
        """
        if not conversation.live:
            return
        try:
            with self.locked(conversation, wait=wait):
                yield from self._parts.runner.recovery.recover(conversation, self.route_of_run, once=once)
        except Busy as busy:
            yield Notice(busy.message)

    def prepare(self, conversation: Conversation, assistant: Assistant) -> None:
        """Create the remote assistant and thread of a conversation that has no turn yet."""
        from chatmgr.store.writer import ThreadKey

        route = self.route(conversation)
        where = route.provider.name, route.provider.base_url
        known = self._parts.reader.assistants.remote_id(assistant.id, *where)
        self._parts.reader.close()
        for event in route.backend().prepare(assistant, route.model, known):
            if isinstance(event, Opened) and event.assistant_id:
                self._parts.writer.set_remote_assistant(assistant.id, *where, event.assistant_id)
            elif isinstance(event, Rebuilt):
                self._parts.writer.set_thread(
                    ThreadKey(conversation.pk, *where), event.thread_id, event.synced
                )

    def preload(self, provider: str) -> None:
        """Import what the first turn needs while the user types."""
        api = self._parts.providers.get(provider).api
        threading.Thread(target=_preload, args=(api,), name="chatmgr-preload", daemon=True).start()


def _preload(api: str) -> None:
    """Nothing here reads the database or talks to anyone: other threads do, and at the right time."""
    from chatmgr.backends import registry

    try:
        registry.preload(api)
        for module in _NEEDED_BY_A_TURN:
            importlib.import_module(module)
        importlib.import_module("chatmgr.store.preload").preload()
    except ImportError:
        return


def shown_thread(thread: str) -> str:
    """A thread's id for people and programs; an endpoint that keeps none has none."""
    return "" if thread == STATELESS else thread
