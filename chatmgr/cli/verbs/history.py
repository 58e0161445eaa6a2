"""``chatmgr history``: the list of conversations, the turns of one, or what a search finds in all."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from shlex import quote

import click

from chatmgr.cli.params import NameParam, here_option, json_option, plain_option
from chatmgr.cli.selection import filter_options
from chatmgr.domain import addresses
from chatmgr.domain.addresses import Address
from chatmgr.domain.errors import ChatmgrError, UsageFault
from chatmgr.domain.events import Notice
from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.filters import Filters
from chatmgr.domain.model import Conversation, Turn
from chatmgr.terminal.console import console
from chatmgr.ui.context import app
from chatmgr.ui.conversation_list import show_list
from chatmgr.ui.json_output import attempt_json, print_json, turn_json
from chatmgr.ui.project_folder import required_folder

_LISTED = 20


@dataclass(frozen=True, slots=True)
class _Options:
    """What was asked for, beside the filters: which turns, and in which form."""

    query: str | None
    newest: bool
    count: int | None
    context: int | None
    usage: bool
    runs: bool
    code: int | None
    web: bool
    tree: bool
    log: bool
    all_paths: bool
    pager: bool
    as_json: bool
    items: bool
    save: str | None

    @property
    def listed(self) -> int:
        """How many conversations or hits to list; 0 for all."""
        return _LISTED if self.count is None else self.count

    @property
    def forms(self) -> list[str]:
        """The options that show turns in another form; they exclude each other."""
        given = {"code": self.code is not None, "items": self.items, "save": self.save is not None}
        given |= {"web": self.web, "tree": self.tree, "log": self.log}
        return [f"--{form}" for form, wanted in given.items() if wanted]


@click.command("history", short_help="List conversations, search them, or show the turns of one.")
@click.argument(
    "address",
    required=False,
    metavar="[NAME[~PATH][@TURN]]",
    type=NameParam("address"),
    help="A conversation, one of its turns, or another of its paths.",
)
@click.option("-q", "--query", help='Search: words, "a phrase", -not, OR, prefix*.')
@click.option("--newest", is_flag=True, help="Sort hits by time, newest first, instead of by relevance.")
@click.option(
    "-n",
    "--count",
    type=click.IntRange(min=0),
    help="How many conversations or hits (default: 20), or last turns or log entries of one (default: all). "
    "0 means all.",
)
@click.option(
    "-C",
    "--context",
    type=click.IntRange(min=0),
    help="With NAME@TURN: show this many turns before and after it.",
)
@click.option("--usage", is_flag=True, help="Show the tokens and the cost of each turn.")
@click.option("--runs", is_flag=True, help="Show every run of each turn, including retries and failures.")
@click.option(
    "--code",
    is_flag=False,
    flag_value=0,
    type=click.IntRange(min=0),
    metavar="[N]",
    help="Print only the code blocks of the answers, or only the N-th.",
)
@click.option("--items", is_flag=True, help="With NAME[@TURN]: show everything that came back, item by item.")
@click.option(
    "--save",
    metavar="DIR",
    help="With NAME[@TURN]: write the images and files of the answers to DIR. What could not be fetched is "
    "tried again.",
)
@click.option("--web", is_flag=True, help="Open the conversation as a page in the browser.")
@click.option("--tree", is_flag=True, help="Show all paths that the conversation took, and who shares them.")
@click.option("--log", is_flag=True, help="Show what was done to the conversation: when, by which process.")
@click.option("--all-paths", is_flag=True, help="With -q: also find turns on paths that were left.")
@click.option("--no-pager", is_flag=True, help="Do not use a pager.")
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
    items: bool,
    save: str | None,
    web: bool,
    tree: bool,
    log: bool,
    all_paths: bool,
    no_pager: bool,
    filters: Filters,
    here: bool,
    as_json: bool,
) -> None:
    """List conversations, newest activity first; search all of them; or show the turns of one.

    Turns are counted from the start (demo@3) or from the end (demo@-1). What an edit, a retry or an undo left
    is another path (demo~1, demo~1@3). A search finds turns with all of its words; -word excludes one, OR
    accepts either of the two words beside it, and prefix* matches a beginning. Archived conversations are not
    listed, but a search finds them. JSON is one object per line.

    \b
    Examples:
      chatmgr history
      chatmgr history demo
      chatmgr history demo@12 -C 2
      chatmgr history -q 'budget "last year" -draft' --since 3w
      chatmgr history --tag work --min-cost 0.50
      chatmgr history demo@-1 --code 1 > script.py
      chatmgr history demo@-1 --save pictures/
      chatmgr history demo --tree
    """
    forms = (usage, runs, code, web, tree, log, all_paths)
    options = _Options(query, newest, count, context, *forms, not no_pager, as_json, items, save)
    typed = addresses.parse_address(address) if address else None
    filters = replace(filters, folder=required_folder()) if here else filters
    _refuse_misfits(address, typed, filters, options)
    if query is not None:
        _search(query, address, filters, options)
    elif typed is None:
        show_list(filters, options.listed, as_json=options.as_json, pager=options.pager)
    else:
        _review(_settled(_conversation(typed.name)), typed.turn, options)


def _conversation(name: str) -> Conversation:
    """A conversation by name, along another of its paths for ``name~2``."""
    return app().paths.find(name) if "~" in name else app().reader.conversations.get(name)


def _refuse_misfits(address: str | None, typed: Address | None, filters: Filters, options: _Options) -> None:
    """Refuse options that do not go together, rather than ignore them."""
    turn = typed.turn if typed else None
    searching = options.query is not None
    if options.newest and not searching:
        raise UsageFault("--newest goes with -q.", "Without it, the newest come first anyway.")
    if options.context is not None and (turn is None or searching):
        raise UsageFault("-C goes with NAME@TURN.", "For instance: chatmgr history demo@12 -C 2")
    if filters.any and address is not None and not searching:
        raise UsageFault("Filters go with the list or with -q.", f"Add -q, or leave out {address}.")
    if typed and turn is not None and searching:
        raise UsageFault("-q searches conversations, not single turns.", f"Try {typed.name} -q …")
    forms = options.forms
    for form in forms:
        turns = form in {"--code", "--items", "--save"}
        if typed is None or searching or not (turns or turn is None):
            taken = "NAME or NAME@TURN" if turns else "NAME"
            example = {"--items": "@-1 --items", "--save": "@-1 --save pictures/"}.get(form, f" {form}")
            raise UsageFault(f"{form} goes with {taken}.", f"For instance: chatmgr history demo{example}")
    if len(forms) > 1:
        raise UsageFault(f"{forms[0]} and {forms[1]} exclude each other.", "Leave out one of them.")
    if options.all_paths and not searching:
        raise UsageFault("--all-paths goes with -q.", "See the paths of one: chatmgr history demo --tree")


def _search(query: str, name: str | None, filters: Filters, options: _Options) -> None:
    from chatmgr.ui.search_view import search, show_hits

    conversation = app().reader.conversations.get(name).pk if name else 0
    filters = filters if filters.archived else replace(filters, archived=None)
    hits = search(
        *(query, filters, options.listed),
        newest=options.newest,
        conversation=conversation,
        all_paths=options.all_paths,
    )
    show_hits(hits, as_json=options.as_json, pager=options.pager)


def _settled(conversation: Conversation) -> Conversation:
    """Settle what a dead process left; a server that cannot be reached does not prevent reading."""
    if not conversation.live or conversation.branch:
        return conversation
    try:
        with closing(app().turns.recover(conversation, follow=False)) as events:
            for event in events:
                if isinstance(event, Notice):
                    console.note(event.text, "attention")
                elif event.seconds:  # whoever reads does not wait for the rest
                    console.note(
                        f"“{conversation.name}” is still being answered. "
                        f"Wait for it: chatmgr runs wait {quote(conversation.name)}",
                        "attention",
                    )
                    break
    except ChatmgrError as error:
        console.note(f"{error.message} {error.hint}".strip(), "attention")
    return app().reader.conversations.get(conversation.name)


def _review(conversation: Conversation, turn: int | None, options: _Options) -> None:
    """Show the turns of a conversation, in the form that was asked for."""
    if options.web:
        from chatmgr.ui.transcript_view import open_in_browser

        open_in_browser(conversation)
        return
    if options.tree or options.log:
        from chatmgr.ui import tree_view

        if options.tree:
            tree_view.show_tree(conversation, as_json=options.as_json, pager=options.pager)
        else:
            tree_view.show_log(conversation, options.count or 0, as_json=options.as_json, pager=options.pager)
        return
    turns = _turns(conversation, turn, options)
    if options.code is not None:
        from chatmgr.ui.history_view import print_code

        print_code(conversation, turns, options.code)
        return
    if options.save is not None:
        from chatmgr.ui.item_files import save_files

        address = conversation.name + (f"@{turn}" if turn else "")
        save_files(turns, options.save, address, as_json=options.as_json)
        return
    if options.as_json:
        _print_json(conversation, turns, with_runs=options.runs)
    else:
        from chatmgr.ui.history_view import Shown, show_history

        shown = Shown(usage=options.usage, runs=options.runs, items=options.items)
        show_history(conversation, turns, shown, pager=options.pager, alone=turn is not None)
    if not conversation.turns:
        console.note(f"“{conversation.name}” has no turns yet.")


def _turns(conversation: Conversation, position: int | None, options: _Options) -> Iterable[Turn]:
    """The turns that were asked for, read as they are shown."""
    reader = app().reader
    if position is None:
        count = options.count
        return reader.turns.tail(conversation, count) if count else reader.turns.list(conversation)
    turn = reader.turns.get(conversation, position)
    around = options.context or 0
    return reader.turns.list(conversation, max(turn.turn - around, 1), turn.turn + around)


def _print_json(conversation: Conversation, turns: Iterable[Turn], *, with_runs: bool) -> None:
    for turn in turns:
        facts = turn_json(turn)
        if with_runs:
            facts["runs"] = [attempt_json(run) for run in app().reader.turns.runs(conversation, turn.turn)]
        print_json(facts)
