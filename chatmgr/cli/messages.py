"""The message of a verb: from the command line, from standard input, or both."""

import sys
from typing import Any

import click

from chatmgr.domain.addresses import in_shell
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.text import valid_message
from chatmgr.ui.context import app


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
            ctx.allow_extra_args = True  # to say more about them than Click does
            extra = super().parse_args(ctx, args)
        except click.UsageError as error:
            mistyped = (
                isinstance(error, click.NoSuchOption) and error.possibilities and " " not in error.option_name
            )
            if not mistyped and isinstance(error, (click.NoSuchOption, click.BadOptionUsage)):
                error.__dict__["hint"] = self._dash_hint(ctx)  # main prints it
            raise
        if extra and not ctx.resilient_parsing:
            raise _unquoted(ctx, [*filter(None, [ctx.params.get("message")]), *extra])
        return extra

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


def _unquoted(ctx: click.Context, words: list[str]) -> UsageFault:
    """The words of a message without quotes; says the command as it was meant, if they stand together."""
    typed: list[str] = ctx.meta[_TYPED]
    count = len(words)
    starts = (start for start in range(len(typed)) if typed[start : start + count] == words)
    command = f'{ctx.command_path} … "MESSAGE"'
    if (start := next(starts, None)) is not None:
        meant = [*typed[:start], " ".join(words), *typed[start + count :]]
        command = " ".join([ctx.command_path, *map(in_shell, meant)])
    return UsageFault("The message has several words, and stands without quotes.", f"Type: {command}")


def message_from(argument: str | None, piped: str) -> str:
    """The message: what was piped in, then the argument; empty when there is neither."""
    return "\n\n".join(part for part in (piped.rstrip("\n"), argument) if part)


def checked_message(text: str) -> str:
    """The message as it is; raises UsageFault for one that cannot be sent, before anything is stored."""
    return valid_message(text, app().settings.get("message_limit"))
