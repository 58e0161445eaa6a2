"""What the verbs take from the command line: names that complete, shared options, and the message."""

import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Literal

import click
from click.shell_completion import CompletionItem

from chatmgr.domain.errors import ChatmgrError, UsageFault
from chatmgr.domain.text import valid_message
from chatmgr.terminal.sanitize import one_line
from chatmgr.ui.context import PLAIN, app

Kind = Literal["conversation", "trashed", "assistant", "provider", "model", "tag", "name or tag", "setting"]
Completions = Iterable[tuple[str, str]]  # values, each with a description; empty for none

_COMPLETED = 50  # conversations offered at once
_DESCRIPTION = 72  # columns


class NameParam(click.ParamType[str]):
    """The name of a conversation, an assistant, a provider …; the shell completes it.

    The name is taken as it was typed; whether there is such a thing is checked where it is used. Completions
    come from what is kept on this machine, and are empty where that cannot be read. Only for models a server
    may be asked, for a moment, if it was not asked today.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.name = kind

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


def _conversations(incomplete: str) -> Completions:
    return app().reader.conversations.names(incomplete, _COMPLETED)


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


# Messages


def read_stdin() -> str:
    """What was piped in; empty at a terminal. Raises UsageFault where it is not UTF-8, with the offset."""
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        return ""
    from chatmgr.terminal.silence import read_all

    content = read_all("a message")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageFault(
            f"Standard input is not UTF-8: byte 0x{content[error.start]:02x} at offset {error.start:,}.",
            "Convert it first, for instance: iconv -f latin1 -t utf-8",
        ) from None


class MessageCommand(click.Command):
    """A command that takes a message, which may begin with “-” as no other argument does.

    Click takes such a message for an option. Its error, and the error of what came of it, then say how to
    write it.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As Click's, with a hint where an option is not one."""
        ctx.meta[_TYPED] = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            mistyped = (
                isinstance(error, click.NoSuchOption) and error.possibilities and " " not in error.option_name
            )
            if not mistyped and isinstance(error, (click.NoSuchOption, click.BadOptionUsage)):
                error.__dict__["hint"] = self._dash_hint(ctx)  # main prints it
            raise

    def invoke(self, ctx: click.Context) -> Any:
        """As Click's; an option that swallowed a message leaves none, or a file that is not there."""
        try:
            return super().invoke(ctx)
        except UsageFault as error:
            if hint := self._dash_hint(ctx, sentences_only=True):
                error.hint = hint
            raise

    def _dash_hint(self, ctx: click.Context, *, sentences_only: bool = False) -> str:
        """How to write the message that was meant; empty where nothing typed looks like one."""
        typed: list[str] = ctx.meta.get(_TYPED, [])
        if "--" in typed:
            return ""
        dashed = [word for word in typed if word.startswith("-") and word != "-"]
        if sentences_only:
            dashed = [word for word in dashed if " " in word and not word.startswith("--")]
        return (
            f"A message that begins with “-” goes after “--”: {ctx.command_path} NAME -- MESSAGE"
            if dashed
            else ""
        )


_TYPED = "chatmgr.typed"  # where Click's context keeps the words of the command line


def message_from(argument: str | None, piped: str) -> str:
    """The message: what was piped in, then the argument; empty when there is neither."""
    return "\n\n".join(part for part in (piped.rstrip("\n"), argument) if part)


def checked_message(text: str) -> str:
    """The message as it is; raises UsageFault for one that cannot be sent, before anything is stored."""
    return valid_message(text, app().settings.get("message_limit"))
