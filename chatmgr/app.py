"""What a process does with its parts: a turn, a run taken up, stopped or answered, a thread synced."""

import importlib
import threading
from collections.abc import Generator, Mapping, Sequence
from shlex import quote
from typing import TYPE_CHECKING

from chatmgr.domain.errors import Busy, NotFound, ProviderRefused
from chatmgr.domain.events import STATELESS, Event, Notice, Opened, Rebuilt, ToolCall, Waiting
from chatmgr.domain.model import Assistant, Conversation, LiveRun
from chatmgr.domain.said import Said
from chatmgr.domain.states import RunState
from chatmgr.parts import Parts

if TYPE_CHECKING:
    from chatmgr.turns import Via


_AT_A_TURN = ("chatmgr.backends.prices", "chatmgr.budget", "chatmgr.shutdowns", "chatmgr.turns")


class App(Parts):
    """One process's chatmgr."""

    def model_of(self, conversation: Conversation) -> str:
        """The model that the next turn would use, as far as it is known without asking the server.

        The assistant's was chosen for the assistant's provider, and is not asked for at another.
        """
        persona = self.reader.assistant_of(conversation.pk)
        its_own = persona.provider in {"", conversation.provider}
        chosen = conversation.own_model or (persona.model if its_own else "")
        return chosen or self.providers.default_model(conversation.provider) or conversation.model

    def via(self, conversation: Conversation) -> "Via":
        """The way of a conversation's next turn; refuses a provider without its key."""
        from chatmgr.turns import Via

        provider = self.providers.usable(self.providers.get(conversation.provider))
        return Via(provider, self.model_of(conversation), lambda: self.providers.backend(provider))

    def via_of_run(self, run: LiveRun) -> "Via | None":
        """The way back to a run; None where its provider is no longer configured."""
        from chatmgr.turns import Via

        try:
            provider = self.providers.get(run.provider)
        except NotFound:
            return None
        return Via(provider, run.model, lambda: self.providers.backend(provider))

    def ask(
        self, conversation: Conversation, said: Said, *, wait: bool = False
    ) -> Generator[Event, None, None]:
        """One turn of a conversation; first settles what a dead process left there."""
        from chatmgr.shutdowns import Watch

        via = self.via(conversation)
        self.providers.check_files(via.provider, said.attachments)
        watch = Watch(self.reader, via.provider, lambda: via.backend().models())
        with self.turns.holding(conversation, wait=wait):
            yield from self.turns.left.take_up(conversation, self.via_of_run)
            yield from self.budget.check(conversation)
            watch.begin()
            assistant = self.reader.assistant_of(conversation.pk)
            yield from self.turns.run(conversation, assistant, via, said)
        yield from watch.tell(self.ledger, via.model or self.reader.model_at(conversation.pk, watch.provider))

    def answer(self, conversation: Conversation, outputs: Mapping[str, str]) -> Generator[Event, None, None]:
        """Go on with a run that waits for the outputs of functions."""
        with self.turns.holding(conversation):
            live = self._live(conversation)
            via = self._needed(live)
            assistant = self.reader.assistant_of(conversation.pk)
            self.reader.close()
            yield from self.turns.answer(live, assistant, via, outputs)

    def calls(self, conversation: Conversation) -> tuple[ToolCall, ...]:
        """The functions whose outputs a conversation's run waits for, asked of the server."""
        with self.turns.holding(conversation):
            live = self._live(conversation)
            self.reader.close()
            return self.turns.left.calls(live, self._needed(live))

    def cancel(self, conversation: Conversation) -> bool:
        """Stop a run, at the server where it goes on there, and here.

        Returns False where another process follows it: that one hears from the server, and closes it.
        """
        try:
            with self.turns.holding(conversation):
                live = self._live(conversation)
                self._stop(live)
                self.turns.left.close_as(live, self.via_of_run(live), RunState.CANCELLED, "")
                return True
        except Busy as busy:
            if not self._stop(self._live(conversation)):
                busy.hint = "Only there can it be stopped: with Ctrl-C."
                raise
            return False

    def trash(self, conversations: Sequence[Conversation], *, stop: bool = False) -> None:
        """Put conversations into the trash; runs that dead processes left there are closed first.

        Refused before anything is done where a run's process lives. ``stop`` also stops runs at servers.
        """
        self.refuse_busy(conversations)
        for one in conversations:
            if one.live:
                self.abandon(one, "the conversation was deleted", stop=stop)
        self.ledger.trash([one.pk for one in conversations])

    def refuse_busy(self, conversations: Sequence[Conversation]) -> None:
        """Raise Busy where another process runs a turn of one of these."""
        for one in conversations:
            if one.live:
                try:
                    with self.turns.holding(one):
                        pass
                except Busy as busy:
                    busy.hint = f"Wait for it, or stop it: chatmgr runs cancel {quote(one.name)}"
                    raise

    def left_behind(self, run: LiveRun) -> bool:
        """Whether a run waits for a process that is gone: nobody has its conversation in hand."""
        from chatmgr.store import holds

        if run.background or run.state is RunState.REQUIRES_ACTION:
            return False  # these need no process
        try:
            holds.take(self.url, run.conversation_pk, wait=False).release()
        except OSError:
            return False  # held; or it cannot be told
        return True

    def abandon(self, conversation: Conversation, why: str, *, stop: bool = True) -> None:
        """Give up a run whose end cannot be waited for; what had arrived is kept."""
        with self.turns.holding(conversation):
            if live := self.reader.live_run(conversation.pk):
                if stop:
                    self._stop(live)
                self.turns.left.close_as(live, self.via_of_run(live), RunState.INTERRUPTED, why)

    def _stop(self, live: LiveRun) -> bool:
        """Ask the server to stop a run; False where it does not go on there without its process."""
        self.reader.close()
        via = self.via_of_run(live)
        if via is None or not live.run_id or not (live.background or via.provider.api == "assistants"):
            return False
        via.backend().cancel(live)
        return True

    def _live(self, conversation: Conversation) -> LiveRun:
        live = self.reader.live_run(conversation.pk)
        if live is None:
            raise ProviderRefused(f"No run of “{conversation.name}” is open any more.", "See: chatmgr runs")
        return live

    def _needed(self, live: LiveRun) -> "Via":
        via = self.via_of_run(live)
        if via is None:
            raise NotFound("provider", live.provider, (), "Add it: chatmgr provider add")
        return via

    def sync(self, conversation: Conversation) -> int:
        """Fetch what others added to a conversation's thread; returns how many turns that was."""
        with self.turns.holding(conversation):
            return self.keeper.sync(self.reader.again(conversation))

    def settle(
        self, conversation: Conversation, *, wait: bool = False, hurried: bool = False
    ) -> Generator[Notice | Waiting, None, None]:
        """Settle what a dead process left; a conversation that is busy is left alone, or waited for.

        ``hurried`` asks how a run stands instead of following it; closing this generator leaves it open.
        """
        if not conversation.live:
            return
        try:
            with self.turns.holding(conversation, wait=wait):
                yield from self.turns.left.take_up(conversation, self.via_of_run, hurried=hurried)
        except Busy as busy:
            yield Notice(busy.message)

    def prepare(self, conversation: Conversation, assistant: Assistant) -> None:
        """Create the remote assistant and thread of a conversation that has no turn yet."""
        from chatmgr.store.ledger import Place

        via = self.via(conversation)
        where = via.provider.name, via.provider.base_url
        known = self.reader.remote_assistant(assistant.id, *where)
        self.reader.close()
        for event in via.backend().prepare(assistant, via.model, known):
            if isinstance(event, Opened) and event.assistant_id:
                self.ledger.set_remote_assistant(assistant.id, *where, event.assistant_id)
            elif isinstance(event, Rebuilt):
                self.ledger.set_thread(Place(conversation.pk, *where), event.thread_id, event.synced)

    def warm(self, provider: str) -> None:
        """Import what the first turn needs while the user types."""
        api = self.settings.providers[provider].api
        threading.Thread(target=_warm, args=(api,), name="chatmgr-warm", daemon=True).start()


def _warm(api: str) -> None:
    """Nothing here reads the database or talks to anyone: other threads do, and at the right time."""
    from chatmgr.backends import registry

    try:
        registry.warm(api)
        for module in _AT_A_TURN:
            importlib.import_module(module)
        importlib.import_module("chatmgr.store.warming").warm()
    except ImportError:
        return


def shown_thread(thread: str) -> str:
    """A thread's id for people and programs; an endpoint that keeps none has none."""
    return "" if thread == STATELESS else thread
