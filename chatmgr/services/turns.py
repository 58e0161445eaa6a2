"""Turns and runs: asking, recovering, stopping, submitting tool outputs, preparing remote threads."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from functools import partial
from shlex import quote
from typing import TYPE_CHECKING

from chatmgr.domain.errors import Busy, DatabaseUnreachable, NotFound, OutputNeeded, ProviderRefused
from chatmgr.domain.events import Event, Notice, Opened, ThreadSynced, ToolCall, Waiting
from chatmgr.domain.model import Assistant, Conversation, LiveRun, UserMessage
from chatmgr.domain.states import RunState
from chatmgr.domain.turn_target import TurnTarget
from chatmgr.services.way_back import SHELL, ShellCommands

if TYPE_CHECKING:
    from chatmgr.services.turn_parts import Parts
    from chatmgr.turns import Route

Events = Generator[Event, None, None]
Prepared = tuple[UserMessage, TurnTarget | None]  # what is asked, and where it goes


class TurnService:
    """Everything that happens to turns and runs, each while its conversation is locked."""

    def __init__(self, parts: "Parts") -> None:
        self._parts = parts
        self._to_be_listed: set[int] = set()  # conversations that wait for their server's first model

    def locked(self, conversation: Conversation, *, wait: bool = False) -> AbstractContextManager[None]:
        """Keep other processes out of a conversation; raises Busy, naming the process that is in it."""
        return self._parts.runner.locked(conversation, wait=wait)

    def model_of(self, conversation: Conversation) -> str:
        """The model that the next turn would use; empty where only the server could tell.

        The assistant's model counts only at the provider that it was chosen for.
        """
        if conversation.pk in self._to_be_listed:
            return ""
        assistant = self._parts.reader.assistants.of(conversation.pk)
        at_its_provider = assistant.provider in {"", conversation.provider}
        chosen = conversation.own_model or (assistant.model if at_its_provider else "")
        return chosen or self._parts.providers.default_model(conversation.provider) or conversation.model

    def shown_model(self, conversation: Conversation) -> str:
        """As ``model_of``; where the provider chooses, the one that answered last, and empty before that."""
        model = self.model_of(conversation)
        return model or self._parts.reader.runs.last_model(conversation.pk, conversation.provider)

    def take_first_listed(self, conversation: Conversation, *, wanted: bool) -> None:
        """Whether the next turn of a conversation takes, and keeps, the first model that its server lists."""
        (self._to_be_listed.add if wanted else self._to_be_listed.discard)(conversation.pk)

    def _keep_model(self, conversation: Conversation, model: str) -> None:
        if conversation.pk in self._to_be_listed:
            with suppress(DatabaseUnreachable):  # the next turn asks again; this one goes on
                self._parts.writer.conversations.move(conversation.pk, conversation.provider, model)
            self._to_be_listed.discard(conversation.pk)

    def _route(self, conversation: Conversation) -> "Route":
        """The route of a conversation's next turn; refuses a provider without its key."""
        from chatmgr.turns import Route

        provider = self._parts.providers.usable(self._parts.providers.get(conversation.provider))
        conversation = replace(conversation, provider=provider.name)  # an imported one has none yet
        with self._parts.reader:
            model = self.model_of(conversation)
        return Route(provider, model, lambda: self._parts.providers.backend(provider))

    def _route_of_run(self, live_run: LiveRun) -> "Route | None":
        """The route back to a run's server; None where its provider is no longer configured."""
        from chatmgr.turns import Route

        try:
            provider = self._parts.providers.get(live_run.provider)
        except NotFound:
            return None
        return Route(provider, live_run.model, lambda: self._parts.providers.backend(provider))

    def _required_route(self, live_run: LiveRun) -> "Route":
        route = self._route_of_run(live_run)
        if route is None:
            raise NotFound("provider", live_run.provider, (), "Add it: chatmgr provider add")
        return route

    def ask(
        self,
        conversation: Conversation,
        message: UserMessage,
        *,
        wait: bool = False,
        commands: ShellCommands = SHELL,
    ) -> Events:
        """Send a message and stream the answer; first recovers what a dead process left.

        ``wait`` waits for another process to leave the conversation, instead of raising Busy.
        """
        return self.run(conversation, lambda: (message, None), wait=wait, commands=commands)

    def run(
        self,
        conversation: Conversation,
        prepare: Callable[[], Prepared],
        *,
        wait: bool = False,
        commands: ShellCommands = SHELL,
    ) -> Events:
        """As ``ask``; ``prepare`` tells what is asked, and where, once nobody else can change the path."""
        from chatmgr.services.attachments import check_files
        from chatmgr.services.deprecations import DeprecationCheck
        from chatmgr.services.model_check import ListOnce, ModelCheck, run_beside
        from chatmgr.services.refused_fields import RefusedFields
        from chatmgr.services.way_out import way_out_named

        route = self._route(conversation)
        models = ListOnce(lambda: route.backend().models())
        deprecation = DeprecationCheck(self._parts.reader, route.provider, models)
        refused_fields = RefusedFields(route.provider)
        with self._parts.tips.locked(conversation, wait=wait):
            yield from self._settle(conversation, commands)
            with self._parts.reader as reader:
                notices = list(self._parts.budget.check(conversation))
                assistant = reader.assistants.of(conversation.pk)
                deprecation.read()
                refused_fields.read(reader)
                is_new = route.model != reader.runs.last_model(conversation.pk, deprecation.provider)
                due = is_new and self._parts.providers.needs_check(route.provider, route.model)
                message, target = prepare()
            check_files(route.provider, message.attachments)
            yield from notices
            check = ModelCheck(deprecation.provider, route.model, models) if due else None
            run = self._parts.runner.run(conversation, assistant, route, message, target)
            named = way_out_named(self._parts.reader, conversation, commands)
            with refused_fields.saved_to(self._parts.writer), named:
                yield from run_beside(run, deprecation, check, opened=partial(self._keep_model, conversation))
        with suppress(DatabaseUnreachable):  # the answer is saved, and that is what matters
            with self._parts.reader as reader:
                model = route.model or reader.runs.last_model(conversation.pk, deprecation.provider)
            yield from deprecation.announce(self._parts.writer, model)

    def submit_tool_outputs(
        self, conversation: Conversation, outputs: Mapping[str, str]
    ) -> Generator[Event, None, None]:
        """Go on with a run that waits for the outputs of functions; ``outputs`` are by call id.

        The assistant is the version that the run was begun with, whatever was changed meanwhile.
        """
        with self.locked(conversation):
            live_run = self._live_run(conversation)
            route = self._required_route(live_run)
            with self._parts.reader as reader:
                assistant = reader.assistants.of_run(live_run.run_pk)
            yield from self._parts.runner.submit_tool_outputs(
                conversation, live_run, assistant, route, outputs
            )

    def _settle(self, conversation: Conversation, commands: ShellCommands) -> Events:
        """Recover what a dead process left; calls that wait for us are declined, as the person goes on."""
        recovery = self._parts.runner.recovery
        try:
            yield from recovery.recover(conversation, self._route_of_run, commands.retry)
        except OutputNeeded as waiting:
            without = "them, so they are" if waiting.count > 1 else "it, so it is"
            yield Notice(f"{waiting.message} You go on without {without} declined.")
            live_run = self._live_run(conversation)
            self._stop_at_server(live_run)
            recovery.close_declined(live_run, self._route_of_run(live_run))

    def pending_tool_calls(self, conversation: Conversation) -> tuple[ToolCall, ...]:
        """The functions whose outputs a conversation's run waits for, asked of the server."""
        with self.locked(conversation):
            live_run = self._live_run(conversation)
            route = self._required_route(live_run)
            return self._parts.runner.recovery.pending_tool_calls(live_run, route)

    def cancel(self, conversation: Conversation) -> bool:
        """Stop a run, at the server where it goes on there, and here.

        Returns False if another process follows the run: it hears of the end from the server, and
        closes the run.
        """
        try:
            with self.locked(conversation):
                live_run = self._live_run(conversation)
                self._stop_at_server(live_run)
                route = self._route_of_run(live_run)
                self._parts.runner.recovery.close_as(live_run, route, RunState.CANCELLED, "")
                return True
        except Busy as busy:
            if not self._stop_at_server(self._live_run(conversation)):
                busy.hint = "It can only be stopped there, with Ctrl-C."
                raise
            return False

    def close_runs(self, conversations: Sequence[Conversation], reason: str, *, stop: bool = False) -> None:
        """Close the runs that dead processes left in conversations that are about to be deleted.

        Raises Busy, before anything is done, if the process of one of the runs is alive. ``stop`` also
        stops the runs at their servers.
        """
        self.refuse_busy(conversations)
        for conversation in conversations:
            if conversation.live:
                self.close_run(conversation, reason, stop=stop)

    def refuse_busy(self, conversations: Sequence[Conversation]) -> None:
        """Raise Busy if another process runs a turn of one of these conversations."""
        for conversation in conversations:
            if conversation.live:
                try:
                    with self.locked(conversation):
                        pass
                except Busy as busy:
                    busy.hint = f"Wait for it, or stop it: chatmgr runs cancel {quote(conversation.name)}"
                    raise

    def is_orphaned(self, live_run: LiveRun) -> bool:
        """Whether the process that a run needs is gone: nobody has locked its conversation."""
        from chatmgr.store import locks

        if live_run.background or live_run.state is RunState.REQUIRES_ACTION:
            return False  # these need no process
        try:
            locks.acquire(self._parts.url, live_run.conversation_pk, wait=False).release()
        except (OSError, DatabaseUnreachable):
            return False  # locked, or impossible to tell
        return True

    def close_run(self, conversation: Conversation, reason: str, *, stop: bool = True) -> None:
        """Close a run whose end cannot be waited for; what had arrived is kept.

        ``stop`` also stops it at its server.
        """
        with self.locked(conversation):
            with self._parts.reader as reader:
                live_run = reader.runs.live(conversation.pk)
            if live_run:
                if stop:
                    self._stop_at_server(live_run)
                route = self._route_of_run(live_run)
                self._parts.runner.recovery.close_as(live_run, route, RunState.INTERRUPTED, reason)

    def _stop_at_server(self, live_run: LiveRun) -> bool:
        """Ask the server to stop a run; False if the run does not go on there without its process."""
        route = self._route_of_run(live_run)
        if route is None or not live_run.run_id:
            return False
        if not live_run.background and route.provider.api != "assistants":
            return False
        route.backend().cancel(live_run)
        return True

    def _live_run(self, conversation: Conversation) -> LiveRun:
        with self._parts.reader as reader:
            live_run = reader.runs.live(conversation.pk)
        if live_run is None:
            raise ProviderRefused(f"“{conversation.name}” has no open run.", "See: chatmgr runs")
        return live_run

    def recover(
        self, conversation: Conversation, *, wait: bool = False, follow: bool = True
    ) -> Generator[Notice | Waiting, None, None]:
        """Recover and close the run that a dead process left in a conversation.

        ``wait`` waits for another process to leave the conversation; without it, a busy conversation is
        left alone, with a notice. Without ``follow``, the server is only asked how the run stands.
        Closing this generator early leaves the run open.
        """
        if not conversation.live:
            return
        try:
            with self.locked(conversation, wait=wait):
                recovery = self._parts.runner.recovery
                yield from recovery.recover(conversation, self._route_of_run, SHELL.retry, follow=follow)
        except Busy as busy:
            yield Notice(busy.message)

    def prepare(self, conversation: Conversation, assistant: Assistant) -> None:
        """Create the remote assistant and thread of a conversation that has no turn yet."""
        from chatmgr.store.writer import ThreadKey

        route = self._route(conversation)
        endpoint = route.provider.name, route.provider.endpoint
        with self._parts.reader as reader:
            remote_assistant = reader.assistants.remote_id(assistant.id, *endpoint)
        for event in route.backend().prepare(assistant, route.model, remote_assistant):
            if isinstance(event, Opened) and event.assistant_id:
                self._parts.writer.assistants.set_remote_id(assistant.id, *endpoint, event.assistant_id)
            elif isinstance(event, ThreadSynced):
                thread_key = ThreadKey(conversation.pk, *endpoint)
                self._parts.writer.threads.set(thread_key, event.thread_id, event.synced)

    def preload(self, provider: str, screen: Sequence[str] = ()) -> None:
        """Import what the first turn needs while the user types; ``screen``: the modules that show it."""
        from chatmgr.services import preload

        preload.start(self._parts.providers.get(provider).api, screen)
