"""Where a turn goes, and the run to which its events are written."""

from collections.abc import Callable

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.model import Assistant, LiveRun, Provider, UserMessage
from chatmgr.domain.ports import Backend
from chatmgr.domain.turn_target import TurnTarget
from chatmgr.store.writer import OpenRun, Writer


@dataclass(frozen=True, slots=True)
class Route:
    """The provider and the model of a turn, and a function that makes the backend."""

    provider: Provider
    model: str
    backend: Callable[[], Backend]


def open_run(live_run: LiveRun, route: Route | None) -> OpenRun:
    """The keys by which the writer knows a run that was read as ``live_run``."""
    return OpenRun(
        live_run.conversation_pk,
        live_run.provider,
        route.provider.endpoint if route else "",
        live_run.run_pk,
        live_run.turn_pk,
        live_run.position,
    )


def runs_in_background(route: Route, assistant: Assistant, message: UserMessage) -> bool:
    """Whether this run goes on without this process; only the Responses API has such runs."""
    requested = message.background or assistant.params.get("background") is True
    return requested and route.provider.api == "responses"


def outlives_process(route: Route, *, background: bool) -> bool:
    """Whether a run goes on at its server without the process that began it."""
    return background or route.provider.api == "assistants"


def open_turn(
    writer: Writer,
    conversation: int,
    assistant: Assistant,
    route: Route,
    message: UserMessage,
    target: TurnTarget | None,
    *,
    background: bool,
) -> OpenRun:
    """Commit a message with a pending run, before anything is sent."""
    return writer.turns.open(
        conversation,
        assistant,
        route.model,
        route.provider.name,
        route.provider.endpoint,
        message.text,
        attachments=message.attachments,
        background=background,
        target=target,
    )
