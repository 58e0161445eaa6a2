"""Where a turn goes, and where what it brings is written."""

from collections.abc import Callable
from dataclasses import dataclass

from chatmgr.domain.model import LiveRun, Provider
from chatmgr.domain.ports import Backend
from chatmgr.store.writer import OpenRun


@dataclass(frozen=True, slots=True)
class Route:
    """Which provider and model a turn goes to, and the backend that speaks to it."""

    provider: Provider
    model: str
    backend: Callable[[], Backend]


def open_run(live: LiveRun, route: Route | None) -> OpenRun:
    """A run that was left, as one that is written to."""
    endpoint = route.provider.base_url if route else ""
    return OpenRun(live.conversation_pk, live.provider, endpoint, live.run_pk, live.turn_pk, live.position)
