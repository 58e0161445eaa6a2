"""Which conversations a verb is about: named, found by filters, or all of them."""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import click

from chatmgr.cli.params import NameParam, all_option, dry_run_option, json_option
from chatmgr.domain.dates import parse_moment
from chatmgr.domain.errors import NotFound, UsageFault
from chatmgr.domain.filters import ALWAYS, NEVER, STATES, Filters
from chatmgr.domain.model import Conversation
from chatmgr.domain.money import NANODOLLARS
from chatmgr.domain.names import nearest
from chatmgr.ui.context import app

Command = Callable[..., Any]

_FILTERS = {
    "since": click.option(
        "--since", metavar="WHEN", help="Only since this time: 2026-03-01, 3d, yesterday, last week."
    ),
    "until": click.option(
        "--until", metavar="WHEN", help="Only up to this time; includes the whole day, week or month."
    ),
    "assistant": click.option(
        "--assistant", type=NameParam("assistant"), default="", help="Only with this assistant."
    ),
    "model": click.option("--model", type=NameParam("model"), default="", help="Only with this model."),
    "provider": click.option(
        "--provider", type=NameParam("provider"), default="", help="Only at this provider."
    ),
    "tag": click.option("--tag", type=NameParam("tag"), default="", help="Only with this tag."),
    "state": click.option("--state", type=click.Choice(STATES), help="Only with a run in this state."),
    "file": click.option("--file", is_flag=True, help="Only with a file attached."),
    "min_cost": click.option(
        "--min-cost", type=float, default=0.0, metavar="USD", help="Only what cost at least this much."
    ),
    "archived": click.option("--archived", is_flag=True, help="Only archived conversations."),
}


def filter_options(command: Command) -> Command:
    """Give a command the filters; it receives them as one ``filters``."""

    @functools.wraps(command)
    def with_filters(*args: Any, **options: Any) -> Any:
        typed = {name: options.pop(name) for name in _FILTERS}
        return command(*args, filters=filters_from(**typed), **options)

    for option in reversed(_FILTERS.values()):
        with_filters = option(with_filters)
    return with_filters


def filters_from(
    *,
    since: str | None = None,
    until: str | None = None,
    min_cost: float = 0.0,
    archived: bool = False,
    state: str | None = "",
    **names: Any,
) -> Filters:
    """Filters from the options as they were typed.

    Raises NotFound for an assistant, a provider or a tag that does not exist, rather than finding nothing.
    """
    now = datetime.now(UTC)
    begin = parse_moment(since, now, end=False) if since else ALWAYS
    after = parse_moment(until, now, end=True) if until else NEVER
    if begin > after:
        raise UsageFault(f"--since {since} is later than --until {until}.")
    if not 0 <= min_cost < 1_000_000:
        raise UsageFault(f"--min-cost {min_cost} is not an amount in US dollars.")
    if assistant := names.get("assistant"):
        names["assistant"] = app().reader.assistants.get(assistant).name
    if provider := names.get("provider"):
        _check_provider(provider)
    if tag := names.get("tag"):
        names["tag"] = app().reader.conversations.tag(tag)
    cost = round(min_cost * NANODOLLARS)
    return Filters(begin, after, min_cost=cost, archived=archived, state=state or "", **names)


def _check_provider(name: str) -> None:
    """Refuse a provider that is neither configured nor used by any conversation."""
    configured = app().settings.providers
    if name not in configured and name not in (used := app().reader.conversations.providers()):
        known = nearest(name, {*configured, *used})
        raise NotFound("provider", name, known, "See them all: chatmgr provider list")


@dataclass(frozen=True, slots=True)
class Selection:
    """The conversations that a command is about, as they were typed: names, filters or ``--all``.

    One of the three, and never none: a command that forgot to say which conversations it is about must not
    change all of them.
    """

    names: tuple[str, ...]
    filters: Filters
    everything: bool

    @property
    def empty(self) -> bool:
        """Whether nothing was typed."""
        return not (self.names or self.filters.any or self.everything)

    def conversations(self, *, archived: bool | None = False) -> list[Conversation]:
        """The selected conversations; ``archived`` is what filters look at unless ``--archived`` is given."""
        filters = self.filters_in_force(archived=archived)
        if filters is None:
            return _without_repeats(map(app().reader.conversations.get, self.names))
        return list(app().reader.conversations.list(0, filters))

    def trashed(self) -> list[Conversation]:
        """The selected conversations in the trash, archived or not."""
        filters = self.filters_in_force(archived=None)
        if filters is None:
            return _without_repeats(map(app().reader.trash.get, self.names))
        return list(app().reader.trash.list(filters))

    def also_trashed(self) -> list[Conversation]:
        """The selected conversations; a name that no conversation has is looked for in the trash, too."""
        if self.filters_in_force(archived=False) is not None:
            return self.conversations()
        return _without_repeats(map(_conversation_or_trashed, self.names))

    def filters_in_force(self, *, archived: bool | None) -> Filters | None:
        """The filters to search with; None where names were typed."""
        ways = bool(self.names) + self.filters.any + self.everything
        if ways > 1:
            raise UsageFault("Names, filters and --all cannot be combined.", "Use one of them.")
        if ways == 0:
            raise UsageFault(
                "Which conversations?", "Name them, or use filters (--until 1y, --tag draft), or --all."
            )
        if self.names:
            return None
        if self.everything:
            return replace(self.filters, archived=None)
        return self.filters if self.filters.archived else replace(self.filters, archived=archived)


def selection_options(command: Command) -> Command:
    """Give a command ``--all``, the filters, ``--dry-run`` and ``--json``.

    With its argument ``names`` they become one ``selection``, beside ``dry_run`` and ``as_json``.
    """

    @functools.wraps(command)
    def with_selection(
        *args: Any, names: tuple[str, ...], filters: Filters, everything: bool, **options: Any
    ) -> Any:
        return command(*args, selection=Selection(names, filters, everything), **options)

    wrapped: Command = with_selection
    for option in (json_option, dry_run_option, filter_options, all_option):
        wrapped = option(wrapped)
    return wrapped


def _conversation_or_trashed(name: str) -> Conversation:
    try:
        return app().reader.conversations.get(name)
    except NotFound as missing:
        try:
            return app().reader.trash.get(name)
        except NotFound:
            raise missing from None


def _without_repeats(conversations: Iterable[Conversation]) -> list[Conversation]:
    return list({conversation.pk: conversation for conversation in conversations}.values())
