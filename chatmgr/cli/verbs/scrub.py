"""``chatmgr scrub``: secrets are found wherever they are kept, and removed."""

import re
import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from chatmgr.cli.params import NameParam, dry_run_option, json_option, named, yes_option
from chatmgr.cli.report import warn_if_unscrubbed
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.model import Conversation
from chatmgr.domain.scrubbing import BackupFindings, Findings
from chatmgr.domain.secret_matches import LiteralMatcher, Matcher, RegexMatcher, Scrubber
from chatmgr.domain.text import counted
from chatmgr.terminal.console import console
from chatmgr.terminal.status import Status
from chatmgr.ui.context import app, interactive
from chatmgr.ui.prompts import ask_key, confirm

if TYPE_CHECKING:
    from chatmgr.services.scrub import ScrubService


@click.command("scrub", short_help="Find keys and passwords, or a text, and remove them everywhere.")
@click.argument(
    "words",
    nargs=-1,
    metavar="[PATTERN] [NAME]...",
    type=NameParam("conversation", literal=True),
    help="The text, unless --secrets is given, and the conversations. Default: all of them.",
)
@click.option("--secrets", is_flag=True, help="Find well-known kinds of keys, tokens and passwords.")
@click.option("--regex", is_flag=True, help="PATTERN is a regular expression (Python's).")
@click.option(
    "--guesses", is_flag=True, help="With --secrets: also remove what only stands where a password would."
)
@dry_run_option
@yes_option
@json_option
def command(
    words: tuple[str, ...], secrets: bool, regex: bool, guesses: bool, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Find secrets in everything that is kept, show where they are, and remove them after a yes.

    Messages, answers, reasoning, errors, titles, instructions, journals and text files are searched, and the
    backups beside the database. What is found becomes “[removed]”, and is gone from the search index and the
    bytes of the files as well. Names are shown, not changed. What servers hold is listed, not deleted.

    Other users of this machine can see a command's arguments. To keep a PATTERN from them and from the
    shell's history, write “-”: then it is asked for without being shown, or read from standard input.

    \b
    Examples:
      chatmgr scrub --secrets --dry-run
      chatmgr scrub --secrets plan diary
      chatmgr scrub - plan
      chatmgr scrub --yes - < secret.txt
      chatmgr scrub --regex "[a-z]+@corp\\.example"
    """
    from chatmgr.services.scrub import ScrubService
    from chatmgr.ui.scrub_view import show_findings

    names = tuple(named("conversation", word) for word in (words if secrets else words[1:]))
    matcher = _matcher(words, secrets=secrets, regex=regex, guesses=guesses)
    chosen = _conversations(names)
    service = ScrubService(app(), Scrubber(matcher, guesses=guesses), chosen, guesses=guesses)
    status = Status(sys.stderr)
    try:
        findings = service.search(status.waiting_for)
    finally:
        status.clear()
    show_findings(findings, as_json=as_json)
    if dry_run:
        _report_nothing(findings)
        return
    if not findings.anything:
        _report_nothing(findings)
        _offer_to_delete([backup for backup in findings.backups if backup.error], yes=yes)
        warn_if_unscrubbed(app().trash.scrub())
        return
    _confirm(findings, _again(words, secrets=secrets, regex=regex, guesses=guesses), yes=yes)
    _apply(service, findings, yes=yes, as_json=as_json)


def _apply(service: "ScrubService", findings: Findings, *, yes: bool, as_json: bool) -> None:
    from chatmgr.ui.scrub_view import show_remainder

    status = Status(sys.stderr)
    try:
        remainder = service.apply(findings, status.waiting_for)
    finally:
        status.clear()
    show_remainder(findings, remainder, as_json=as_json)
    _offer_to_delete(remainder.backups, yes=yes)


def _matcher(words: tuple[str, ...], *, secrets: bool, regex: bool, guesses: bool) -> Matcher:
    from chatmgr.services.time_limit import TimeLimited, refuse_nested_repeats

    if guesses and not secrets:
        raise UsageFault("--guesses goes with --secrets.")
    if secrets:
        if regex:
            raise UsageFault("--secrets and --regex cannot be combined.", "Use one of them.")
        from chatmgr.services.secret_patterns import SecretPatterns

        return TimeLimited(SecretPatterns())
    if not words:
        raise UsageFault("What is to be removed?", "Give a text, or --secrets for keys and passwords.")
    pattern = _typed() if words[0] == "-" else words[0]
    if not pattern:
        raise UsageFault("The text is empty.", "Give it at least one character.")
    if not regex:
        return LiteralMatcher([pattern])
    refuse_nested_repeats(pattern)
    try:
        return TimeLimited(RegexMatcher(pattern))
    except re.error as error:
        raise UsageFault(f"The pattern is no regular expression: {error.msg} at {error.pos}.") from None


def _typed() -> str:
    """The pattern from standard input, or as it is typed unseen."""
    if sys.stdin.isatty():
        return ask_key("Text to remove (not shown)")
    try:
        return sys.stdin.buffer.read().decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise UsageFault(f"Standard input is not UTF-8, at offset {error.start:,}.") from None


def _conversations(names: tuple[str, ...]) -> list[Conversation] | None:
    """The named conversations, those in the trash included; None for all there is."""
    if not names:
        return None
    from chatmgr.cli.selection import Selection
    from chatmgr.domain.filters import Filters

    return Selection(names, Filters(), everything=False).also_trashed()


def _report_nothing(findings: Findings) -> None:
    if not findings.places and not findings.backups:
        console.note("Nothing was found.")
    elif not findings.anything:
        console.note("Nothing of this is removed by itself.")


def _again(words: tuple[str, ...], *, secrets: bool, regex: bool, guesses: bool) -> str:
    """The command that says yes; a pattern is not repeated."""
    options = [("--secrets", secrets), ("--regex", regex), ("--guesses", guesses)]
    given = [option for option, on in options if on]
    shown = [quote(word) for word in words] if secrets else ["PATTERN", *map(quote, words[1:])]
    return " ".join(["chatmgr scrub", *given, *shown, "--yes"])


def _confirm(findings: Findings, again: str, *, yes: bool) -> None:
    if not yes and not interactive():
        raise UsageFault(
            "Removing this cannot be undone and needs confirmation; nothing was changed.", f"Type: {again}"
        )
    count = len(findings.replaced())
    backups = sum(bool(backup.kinds) for backup in findings.backups)
    places = counted(count, "place") if count else ""
    copies = counted(backups, "backup") if backups else ""
    where = " and ".join(filter(None, (places, copies)))
    confirm(f"Remove this from {where} for good?", "Removing this", yes=yes, final=True)


def _offer_to_delete(backups: list[BackupFindings], *, yes: bool) -> None:
    """Name the backups that could not be scrubbed; a person may delete them at once."""
    from chatmgr.ui.prompts import ask_line
    from chatmgr.ui.scrub_view import show_failed_backups

    show_failed_backups(backups)
    if yes or not interactive():
        return
    for backup in backups:
        if ask_line(f"Delete {backup.path} for good? [y/N]").lower() in {"y", "yes"}:
            Path(backup.path).unlink(missing_ok=True)
            console.note(f"{backup.path} is deleted.")
