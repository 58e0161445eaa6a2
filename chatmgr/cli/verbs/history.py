"""``chatmgr history``: the list of conversations, the turns of one, or what a search finds in all."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from shlex import quote

import click

from chatmgr.cli.filters import filter_options
from chatmgr.domain.addresses import Address, parse_address
from chatmgr.domain.errors import ChatmgrError, NoCode, UsageFault
from chatmgr.domain.events import Notice
from chatmgr.domain.filters import Filters
from chatmgr.domain.model import Conversation, Turn
from chatmgr.terminal import tables
from chatmgr.terminal.console import console, show_lines
from chatmgr.terminal.region import stdout_size
from chatmgr.terminal.sanitize import clean
from chatmgr.terminal.turn_lines import run_lines, turn_lines
from chatmgr.ui.context import ConversationName, app, empty_suffix, json_option, markdown, plain_option
from chatmgr.ui.json_output import attempt_json, conversation_json, print_json, turn_json
from chatmgr.ui.project_folder import demanded, here_option

_LISTED = 20


@dataclass(frozen=True, slots=True)
class How:
    """How turns are shown."""

    usage: bool = False
    runs: bool = False
    as_json: bool = False
    pager: bool = True


@click.command("history", short_help="Search, list conversations, or review the turns of one.")
@click.argument(
    "address",
    required=False,
    metavar="[NAME[@TURN]]",
    type=ConversationName(),
    help="A conversation, or one of its turns.",
)
@click.option("-q", "--query", help='Search: words, "a phrase", -not, OR, prefix*.')
@click.option("--newest", is_flag=True, help="Of a search, the newest first, not the best.")
@click.option(
    "-n",
    "--count",
    type=click.IntRange(min=0),
    help="How many: conversations or hits (default 20), or last turns of one (default all). 0: all.",
)
@click.option("-C", "--context", type=click.IntRange(min=0), help="With NAME@TURN: so many turns around it.")
@click.option("--usage", is_flag=True, help="Show the tokens and the price of each turn.")
@click.option("--runs", is_flag=True, help="Show every run of each turn: retries, failed ones.")
@click.option(
    "--code",
    is_flag=False,
    flag_value=0,
    type=click.IntRange(min=0),
    metavar="[N]",
    help="Print the code blocks of the answers alone; with N, only the N-th.",
)
@click.option("--web", is_flag=True, help="Show the conversation as a page in the browser.")
@click.option("--no-pager", is_flag=True, help="Print long output as it is.")
@plain_option
@filter_options
@here_option
@json_option
def command(
    address: str | None,
    query: str | None,
    newest: bool,
    count: int | None,
    context: int | None,
    usage: bool,
    runs: bool,
    code: int | None,
    web: bool,
    no_pager: bool,
    filters: Filters,
    here: bool,
    as_json: bool,
) -> None:
    """Search all that was said; list conversations, newest activity first; or show the turns of one.

    A turn is addressed from the start (demo@3) or from the end (demo@-1). All words of a search must
    be there; -word must not, OR joins the two beside it, a star ends a beginning. Archived conversations are
    left out of the list, not of a search. JSON comes as one object a line.

    \b
    Examples:
      chatmgr history
      chatmgr history demo
      chatmgr history demo@12 -C 2
      chatmgr history -q 'budget "last year" -draft' --since 3w
      chatmgr history --tag work --min-cost 0.50
      chatmgr history demo@-1 --code 1 > script.py
    """
    found = parse_address(address) if address else None
    filters = replace(filters, folder=demanded()) if here else filters
    _refuse_misfits(address, query, newest, context, code, filters, found)
    if web and (found is None or found.turn or query is not None):
        raise UsageFault("--web goes with NAME.", "For instance: chatmgr history demo --web")
    pager = not no_pager
    if query is not None:
        _search(query, address, filters, count, newest=newest, as_json=as_json, pager=pager)
        return
    if found is None:
        _list(_LISTED if count is None else count, filters, as_json=as_json, pager=pager)
        return
    conversation = _settled(app().reader.conversation(found.name))
    if web:
        from chatmgr.ui.browser import open_in_browser

        open_in_browser(conversation)
        return
    turns = _chosen(conversation, found.turn, count, context)
    if code is not None:
        _code(conversation, turns, code)
        return
    _show(conversation, turns, How(usage, runs, as_json, pager))
    if not conversation.turns:
        console.note(f"“{conversation.name}” has no turns yet.")


def _refuse_misfits(
    address: str | None,
    query: str | None,
    newest: bool,
    context: int | None,
    code: int | None,
    filters: Filters,
    found: Address | None,
) -> None:
    """Options that do not go together are refused rather than ignored."""
    if newest and query is None:
        raise UsageFault("--newest goes with -q.", "Without it, the newest come first anyway.")
    if context is not None and (found is None or found.turn is None or query is not None):
        raise UsageFault("-C goes with NAME@TURN.", "For instance: chatmgr history demo@12 -C 2")
    if code is not None and (address is None or query is not None):
        raise UsageFault("--code goes with NAME or NAME@TURN.", "For instance: chatmgr history demo --code")
    if filters.any and address is not None and query is None:
        raise UsageFault("Filters go with the list or with -q.", f"Add -q, or leave {address} out.")
    if found and found.turn is not None and query is not None:
        raise UsageFault("-q looks through conversations, not through one turn.", f"Try {found.name} -q …")


def _search(
    query: str,
    name: str | None,
    filters: Filters,
    count: int | None,
    *,
    newest: bool,
    as_json: bool,
    pager: bool,
) -> None:
    from chatmgr.ui.search_view import search

    within = app().reader.conversation(name).pk if name else 0
    filters = filters if filters.archived else replace(filters, archived=None)
    most = _LISTED if count is None else count
    search(query, filters, most, newest=newest, conversation=within, as_json=as_json, pager=pager)


def _chosen(
    conversation: Conversation, turn: int | None, count: int | None, context: int | None
) -> Iterable[Turn]:
    """The turns that were asked for, read as they are shown."""
    reader = app().reader
    if turn is not None:
        one = reader.turn(conversation, turn)
        around = context or 0
        return reader.turns(conversation, max(one.turn - around, 1), one.turn + around) if around else [one]
    return reader.tail(conversation, count) if count else reader.turns(conversation)


def _settled(conversation: Conversation) -> Conversation:
    """Take up what a dead process left; a server that cannot be asked is no obstacle to reading."""
    if not conversation.live:
        return conversation
    try:
        with closing(app().turns.recover(conversation, follow=False)) as events:
            for one in events:
                if isinstance(one, Notice):
                    console.note(one.text, "yellow")
                elif one.seconds:  # whoever reads does not wait for the rest
                    console.note(
                        f"“{conversation.name}” is still being answered. "
                        f"Wait for it: chatmgr runs wait {quote(conversation.name)}",
                        "yellow",
                    )
                    break
    except ChatmgrError as error:
        console.note(f"{error.message} {error.hint}".strip(), "yellow")
    return app().reader.conversation(conversation.name)


def _list(count: int, filters: Filters, *, as_json: bool, pager: bool) -> None:
    found = app().reader.conversations(count, filters)
    if as_json:
        for one in found:
            print_json(conversation_json(one))
        return
    terminal = sys.stdout.isatty()
    width = stdout_size()[0] if terminal else 0
    lines = tables.conversation_table(found, datetime.now(UTC), terminal=terminal, width=width)
    show_lines(_or_none(lines, filters), pager=pager)


def _or_none(lines: Iterable[str], filters: Filters) -> Iterator[str]:
    """The lines; that there are none is said."""
    empty = True
    for line in lines:
        empty = False
        yield line
    if empty and filters.any:
        console.note("No conversation matches. See them all: chatmgr history")
    elif empty:
        console.note(f"No conversations {empty_suffix()}. Begin one: chatmgr new")


def _show(conversation: Conversation, turns: Iterable[Turn], how: How) -> None:
    if how.as_json:
        for turn in turns:
            attempts = app().reader.attempts(conversation, turn.turn) if how.runs else ()
            more = {"runs": [attempt_json(one) for one in attempts]} if how.runs else {}
            print_json(turn_json(turn) | more)
        return
    show_lines(_lines(conversation, turns, how), pager=how.pager)


def _lines(conversation: Conversation, turns: Iterable[Turn], how: How) -> Iterator[str]:
    terminal = sys.stdout.isatty()
    for turn in turns:
        files = app().reader.attachments(turn)
        yield from turn_lines(turn, files, terminal=terminal, rendered=markdown(), usage=how.usage)
        if how.runs:
            for number, one in enumerate(app().reader.attempts(conversation, turn.turn), 1):
                yield from run_lines(one, number, terminal=terminal)
            yield ""


def _code(conversation: Conversation, turns: Iterable[Turn], number: int) -> None:
    """The code alone: exact in a pipe, made harmless at a terminal."""
    from chatmgr.terminal.markdown import code_blocks

    found = [content for turn in turns for _, content in code_blocks(turn.answer)]
    if number > len(found) or not found:
        raise NoCode(conversation.name, len(found), number)
    chosen = found[number - 1 : number] if number else found
    harmless = clean if sys.stdout.isatty() else str
    console.out(harmless("\n".join(chosen)), end="")
