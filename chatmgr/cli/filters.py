"""The filters that listing, searching, tidying, counting and exporting share."""

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click

from chatmgr.domain.dates import parse_moment
from chatmgr.domain.errors import ChatmgrError, NotFound, UsageFault
from chatmgr.domain.filters import ALWAYS, NEVER, STATES, Filters
from chatmgr.domain.money import NANODOLLARS
from chatmgr.domain.names import nearest
from chatmgr.ui.context import AssistantName, ModelName, ProviderName, app

Command = Callable[..., Any]
_NAMES = ("since", "until", "assistant", "model", "provider", "tag", "state", "file", "min_cost", "archived")


class TagName(click.ParamType[str]):
    """A tag; completes in the shell."""

    name = "tag"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """Tags that begin so; none where the database cannot be read."""
        from click.shell_completion import CompletionItem

        try:
            found = app().reader.tags()
        except ChatmgrError:
            return []
        return [CompletionItem(tag, help=str(count)) for tag, count in found if tag.startswith(incomplete)]


_OPTIONS = (
    click.option("--since", metavar="WHEN", help="From then on: 2026-03-01, 3d, yesterday, last week."),
    click.option("--until", metavar="WHEN", help="Up to then; a day, week or month is meant whole."),
    click.option("--assistant", type=AssistantName(), default="", help="Only with this assistant."),
    click.option("--model", type=ModelName(), default="", help="Only with this model."),
    click.option("--provider", type=ProviderName(), default="", help="Only at this provider."),
    click.option("--tag", type=TagName(), default="", help="Only with this tag."),
    click.option("--state", type=click.Choice(STATES), help="Only where the run is so."),
    click.option("--file", is_flag=True, help="Only with a file attached."),
    click.option(
        "--min-cost", type=float, default=0.0, metavar="USD", help="Only what cost so much or more."
    ),
    click.option("--archived", is_flag=True, help="Only what is archived."),
)


def filter_options(command: Command) -> Command:
    """Give a command the filters; it gets them as one ``filters``."""

    @functools.wraps(command)
    def with_filters(*args: Any, **given: Any) -> Any:
        found = {name: given.pop(name) for name in _NAMES}
        return command(*args, filters=filters_from(**found), **given)

    for option in reversed(_OPTIONS):
        with_filters = option(with_filters)
    return with_filters


def filters_from(
    *,
    since: str | None = None,
    until: str | None = None,
    min_cost: float = 0.0,
    archived: bool = False,
    state: str | None = "",
    **rest: Any,
) -> Filters:
    """Filters as they were typed; a name that exists nowhere is said, rather than finding nothing."""
    now = datetime.now(UTC)
    begin = parse_moment(since, now, end=False) if since else ALWAYS
    after = parse_moment(until, now, end=True) if until else NEVER
    if begin > after:
        raise UsageFault(f"--since {since} lies after --until {until}.")
    if not 0 <= min_cost < 1_000_000:
        raise UsageFault(f"--min-cost {min_cost} is no amount in US dollars.")
    if name := rest.get("assistant"):
        rest["assistant"] = app().reader.assistant(name).name
    if name := rest.get("provider"):
        _known_provider(name)
    if name := rest.get("tag"):
        rest["tag"] = app().reader.tag(name)
    cost = round(min_cost * NANODOLLARS)
    return Filters(begin, after, min_cost=cost, archived=archived, state=state or "", **rest)


def _known_provider(name: str) -> None:
    """Refuse a provider that is neither configured nor met in any conversation."""
    configured = app().settings.providers
    if name not in configured and name not in (met := app().reader.providers()):
        known = nearest(name, {*configured, *met})
        raise NotFound("provider", name, known, "See them all: chatmgr provider list")
