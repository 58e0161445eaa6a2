"""What the verbs take from the command line: names that complete, and shared options."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Literal

import click
from click.shell_completion import CompletionItem

from chatmgr.domain.addresses import LAST, is_last
from chatmgr.domain.errors import ChatmgrError, UsageFault
from chatmgr.terminal.sanitize import one_line
from chatmgr.ui.context import PLAIN, app

Kind = Literal[
    "conversation", "address", "trashed", "assistant", "provider", "model", "tag", "name or tag", "setting"
]
Completions = Iterable[tuple[str, str]]  # values, each with a description; empty for none

_COMPLETED = 50  # conversations offered at once
_DESCRIPTION = 72  # columns


class NameParam(click.ParamType[str]):
    """The name of a conversation, an assistant, a provider …; the shell completes it.

    The name is taken as it was typed; whether there is such a thing is checked where it is used. Only
    ``@last`` is replaced, by the name of the conversation used last, unless the word may also be something
    else (``literal``). Completions come from what is kept on this machine, and are empty where that cannot be
    read. Only for models a server may be asked, for a moment, if it was not asked today.
    """

    def __init__(self, kind: Kind, *, literal: bool = False) -> None:
        self.kind = kind
        self.name = kind
        self._literal = literal

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name; raises UsageFault for an argument that is empty: an option may be, and says none then."""
        name = str(value)
        if self._literal or (ctx is not None and ctx.resilient_parsing):
            return name
        return named(self.kind, name) if isinstance(param, click.Argument) else name

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The names that begin with what was typed, each with its description."""
        items: list[CompletionItem] = []
        with suppress(ChatmgrError):
            for name, description in self._completions(ctx, incomplete):
                items.append(CompletionItem(name, help=one_line(description, _DESCRIPTION) or None))
        return items

    def _completions(self, ctx: click.Context, incomplete: str) -> Completions:
        if self.kind == "model":
            from chatmgr.cli import model_names

            return model_names.completions(ctx, incomplete)
        return _COMPLETERS[self.kind](incomplete)


def named(kind: Kind, name: str) -> str:
    """What an argument names: ``@last`` replaced by a conversation's name. Raises UsageFault for nothing."""
    if not name:
        what = "conversation" if kind in {"address", "name or tag", "trashed"} else kind
        raise UsageFault(f"The {what} name is empty.", "Is a variable of the shell empty?")
    if kind in {"conversation", "address", "name or tag"} and is_last(name):
        from chatmgr.ui.project_folder import with_last_name

        return with_last_name(name)
    return name


def _conversations(incomplete: str) -> Completions:
    if incomplete and LAST.startswith(incomplete):
        return [(LAST, "the conversation used last")]
    return app().reader.conversations.names(incomplete, _COMPLETED)


def _addresses(incomplete: str) -> Completions:
    """Conversations, and the paths of one whose name is typed already."""
    from chatmgr.completion.path_addresses import path_addresses

    tree = app().reader.tree
    yield from _conversations(incomplete)
    yield from path_addresses(incomplete, tree.named_paths, tree.turns_along)


def _trashed(incomplete: str) -> Completions:
    return app().reader.trash.names(incomplete, _COMPLETED)


def _assistants(incomplete: str) -> Completions:
    for assistant in app().reader.assistants.list():
        if assistant.name.startswith(incomplete):
            yield assistant.name, assistant.instructions


def _providers(incomplete: str) -> Completions:
    for provider in app().settings.providers.values():
        if provider.name.startswith(incomplete):
            yield provider.name, f"{provider.api} · {provider.endpoint or 'in this process'}"


def _tags(incomplete: str) -> Completions:
    for tag, count in app().reader.conversations.tags():
        if tag.startswith(incomplete):
            yield tag, str(count)


def _names_or_tags(incomplete: str) -> Completions:
    """Tags after a plus sign, else conversations."""
    if not incomplete.startswith("+"):
        return _conversations(incomplete)
    return ((f"+{tag}", count) for tag, count in _tags(incomplete[1:]))


def _settings(incomplete: str) -> Completions:
    from chatmgr.config.settings import SETTINGS

    return ((setting.key, setting.help) for setting in SETTINGS if setting.key.startswith(incomplete))


_COMPLETERS: dict[Kind, Callable[[str], Completions]] = {
    "conversation": _conversations,
    "address": _addresses,
    "trashed": _trashed,
    "assistant": _assistants,
    "provider": _providers,
    "tag": _tags,
    "name or tag": _names_or_tags,
    "setting": _settings,
}


# Options that several verbs share


def _file(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Leave the completion of files to the shell."""
    return [CompletionItem(incomplete, type="file")]


def _set_plain(ctx: click.Context, _: click.Parameter, plain: bool) -> None:
    ctx.meta[PLAIN] = plain


file_option = click.option(
    "-f",
    "--file",
    "files",
    multiple=True,
    metavar="PATH|URL|-",
    help="Attach a file; may be repeated.",
    shell_complete=_file,
)
background_option = click.option(
    "--background", is_flag=True, help="Run in the background on the server (responses only)."
)
max_cost_option = click.option(
    "--max-cost",
    type=float,
    metavar="USD",
    help="Refuse further turns once the conversation has cost this much; 0 means no limit.",
)
reasoning_option = click.option(
    "--reasoning",
    is_flag=True,
    help="Show the model's reasoning (responses: needs --param reasoning.summary=auto).",
)
provider_option = click.option(
    "--provider", type=NameParam("provider"), default="", help="Switch to this provider."
)
model_option = click.option(
    "-m", "--model", type=NameParam("model"), default="", help="Switch to this model."
)
# The same for a conversation that begins.
first_provider_option = click.option(
    "--provider", type=NameParam("provider"), default="", help="The provider; see chatmgr provider list."
)
first_model_option = click.option(
    "-m", "--model", type=NameParam("model"), default="", help="The model. Default: the provider's."
)
instructions_option = click.option(
    "-i", "--instructions", metavar="TEXT|@FILE", help="The assistant's instructions."
)
params_option = click.option(
    "--param", "params", multiple=True, metavar="KEY=VALUE", help="Set a model parameter; may be repeated."
)
plain_option = click.option(
    "--plain",
    is_flag=True,
    expose_value=False,
    callback=_set_plain,
    help="Show answers without rendering their Markdown.",
)
after_option = click.option(
    "--after",
    metavar="TURN",
    default="",
    help="The last turn that you saw, as 7 or, with its path, ~2@7: nothing is sent if others went on "
    "or undid it (exit code 8).",
)
append_option = click.option(
    "--append", is_flag=True, help="If the conversation moved meanwhile, go on at its end."
)
fork_if_moved_option = click.option(
    "--fork-if-moved", is_flag=True, help="If the conversation moved meanwhile, fork it at what was seen."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
continue_option = click.option(
    "-c", "--continue", "go_on", is_flag=True, help="Go on with the conversation used last here."
)
here_option = click.option("--here", is_flag=True, help="Only conversations last used in this project.")
all_option = click.option(
    "--all", "everything", is_flag=True, help="All conversations, including archived ones."
)
dry_run_option = click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
remote_option = click.option(
    "--remote", is_flag=True, help="Also delete their threads, stored answers and files on the servers."
)


def if_moved(append: bool, fork: bool) -> Literal["ask", "append", "fork"]:
    """What to do with a message whose conversation moved meanwhile; refuses both answers at once."""
    if append and fork:
        raise UsageFault("--append and --fork-if-moved exclude each other.", "Leave out one of them.")
    return "append" if append else "fork" if fork else "ask"
