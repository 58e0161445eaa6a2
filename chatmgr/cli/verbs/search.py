"""``chatmgr search WORDS``: an alias of ``history -q`` that needs no quotes around the words."""

from typing import Any

import click

from chatmgr.cli.verbs import history

_TURNS = ("context", "usage", "runs", "code", "items", "save", "web", "tree", "log")
_NOT_OF_A_SEARCH = {"address", "query", *_TURNS}


@click.pass_context
def _search(ctx: click.Context, /, words: tuple[str, ...], **options: Any) -> None:
    """Search all conversations, archived ones too. The same as history -q "WORDS".

    A search finds turns with all of the words; "a phrase" in quotes, OR and prefix* work as in history -q. A
    word that begins with a hyphen, to exclude it, goes after --.

    \b
    Examples:
      chatmgr search budget last year
      chatmgr search --since 3w -- budget -draft
    """
    ctx.invoke(history.command, query=" ".join(words), **options)


command = click.Command(
    "search",
    callback=_search,
    help=_search.__doc__,
    short_help="The same as history -q WORDS.",
    params=[
        click.Argument(["words"], nargs=-1, required=True, help="The words to look for."),
        *(param for param in history.command.params if param.name not in _NOT_OF_A_SEARCH),
    ],
)
