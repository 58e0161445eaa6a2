"""What several verbs share: the app, names as arguments, options, messages."""

import sys
from functools import cache
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from chatmgr.config import paths
from chatmgr.domain.errors import ChatmgrError, UsageFault
from chatmgr.domain.text import valid_message, valid_text
from chatmgr.services.app import App
from chatmgr.store.location import sqlite_path
from chatmgr.terminal.markdown import wants_markdown
from chatmgr.terminal.sanitize import one_line
from chatmgr.terminal.status import ProgressBar


@cache
def app() -> App:
    """This process's app, made at the first question."""
    return App(progress=ProgressBar("Fetching the model"))


def close_app() -> None:
    """Let go of the database, if it was opened."""
    if app.cache_info().currsize:
        app().close()


def empty_suffix() -> str:
    """“yet”, for saying that nothing is there; with the place where a path set by hand leads to no file."""
    path = sqlite_path(app().url)
    return f"yet in {path}" if path and paths.is_location_overridden() and not path.exists() else "yet"


def interactive() -> bool:
    """Whether a person is at the other end: only then is anything asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def markdown() -> bool:
    """Whether answers are rendered: at a terminal, unless an option or the setting says plain."""
    if not sys.stdout.isatty():
        return False
    plain = click.get_current_context().meta.get(_PLAIN) or bool(app().settings.get("plain"))
    return wants_markdown(sys.stdout, plain=plain)


class ConversationName(click.ParamType[str]):
    """A conversation's name, an unambiguous prefix of it, or of its id; completes in the shell."""

    name = "name"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Names that begin so, with their titles; none where the database cannot be read."""
        try:
            found = app().reader.names(incomplete, 50)
        except ChatmgrError:
            return []
        return [CompletionItem(name, help=one_line(title, 72) or None) for name, title in found]


class AssistantName(click.ParamType[str]):
    """An assistant's name; completes in the shell."""

    name = "assistant"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Names that begin so; none where the database cannot be read."""
        try:
            found = app().reader.assistants()
        except ChatmgrError:
            return []
        return [
            CompletionItem(one.name, help=one_line(one.instructions, 72) or None)
            for one in found
            if one.name.startswith(incomplete)
        ]


class ProviderName(click.ParamType[str]):
    """A provider's name; completes in the shell."""

    name = "provider"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Names that begin so, with the API and address of each; none where the settings are broken."""
        try:
            found = app().settings.providers.values()
        except ChatmgrError:
            return []
        return [
            CompletionItem(one.name, help=f"{one.api} · {one.base_url or 'in this process'}")
            for one in found
            if one.name.startswith(incomplete)
        ]


class ModelName(click.ParamType[str]):
    """A model's id; completes in the shell to those that are known here: no server is asked for it."""

    name = "model"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The providers' default models, and those of the assistants."""
        known: dict[str, str] = {}
        try:
            for provider in app().settings.providers.values():
                known.setdefault(provider.default_model, f"the default of {provider.name}")
            for one in app().reader.assistants():
                known.setdefault(one.model, f"used by {one.name}")
        except ChatmgrError:
            pass
        return [
            CompletionItem(id_, help=about)
            for id_, about in known.items()
            if id_ and id_.startswith(incomplete)
        ]


def _file(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The shell's own completion of files."""
    return [CompletionItem(incomplete, type="file")]


file_option = click.option(
    "-f",
    "--file",
    "files",
    multiple=True,
    metavar="PATH|URL|-",
    help="Send a file along; repeatable.",
    shell_complete=_file,
)
background_option = click.option(
    "--background", is_flag=True, help="Let the run go on at the server without this process (responses)."
)
max_cost_option = click.option(
    "--max-cost",
    type=float,
    metavar="USD",
    help="Refuse further turns past this; 0: no limit.",
)
reasoning_option = click.option(
    "--reasoning",
    is_flag=True,
    help="Show what the model says to itself (responses: with --param reasoning.summary=auto).",
)
provider_option = click.option(
    "--provider", type=ProviderName(), default="", help="Go on at this provider from now on."
)
model_option = click.option(
    "-m", "--model", type=ModelName(), default="", help="Go on with this model from now on."
)


def _choose_plain(ctx: click.Context, _: click.Parameter, chosen: bool) -> None:
    ctx.meta[_PLAIN] = chosen


_PLAIN = "chatmgr.plain"
plain_option = click.option(
    "--plain",
    is_flag=True,
    expose_value=False,
    callback=_choose_plain,
    help="Show answers as they are, without rendering their Markdown.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


def read_stdin() -> str:
    """What was piped in; refuses what is not UTF-8, saying where."""
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        return ""
    data = sys.stdin.buffer.read()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageFault(
            f"Standard input is not UTF-8: byte 0x{data[error.start]:02x} at offset {error.start:,}.",
            "Convert it first, for instance: iconv -f latin1 -t utf-8",
        ) from None


def message_from(argument: str | None, piped: str) -> str:
    """The message: what was piped in first, then the argument; empty when there is neither."""
    parts = [part for part in (piped.rstrip("\n"), argument) if part]
    return "\n\n".join(parts)


def checked_message(text: str) -> str:
    """Refuse what cannot be sent, before anything is kept."""
    return valid_message(text, app().settings.get("message_limit"))


def instructions_from(text: str) -> str:
    """Instructions as given, or read from ``@file``."""
    if not text.startswith("@"):
        return text
    path = Path(text[1:]).expanduser()
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UsageFault(f"The instructions in {path} cannot be read: {reason}.") from None


def _no_number(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")


def params_from(pairs: tuple[str, ...]) -> dict[str, Any]:
    """``key=value`` pairs; a value that is JSON is taken as such, and dots in a key nest."""
    import json

    params: dict[str, Any] = {}
    for pair in pairs:
        key, mark, value = valid_text(pair, what="parameter").partition("=")
        if not mark or not key.strip(" ."):
            raise UsageFault(
                f"“{pair}” is not of the form key=value.", "For instance: --param temperature=0.2"
            )
        try:
            decoded = json.loads(value, parse_constant=_no_number)
        except ValueError:
            decoded = value
        *outer, last = key.strip().split(".")
        table = params
        for part in outer:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                raise UsageFault(f"“{key}” lies inside “{part}”, which has a value of its own already.")
        table[last] = decoded
    return params
