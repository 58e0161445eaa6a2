"""What was found and what became of it, as it is shown; never a secret itself."""

import sys
from collections import Counter
from collections.abc import Iterable
from shlex import quote

from chatmgr.domain.scrubbing import BackupFindings, Finding, Findings, Remainder
from chatmgr.domain.text import counted
from chatmgr.store.location import sqlite_path
from chatmgr.terminal import list_tables
from chatmgr.terminal.console import console
from chatmgr.ui.context import app
from chatmgr.ui.json_output import print_json

_RENAME = {
    "name": "chatmgr rename {} NEW",
    "tag": "chatmgr tag {} +NEW -OLD",
    "assistant": "chatmgr assistant new with another name; one cannot be renamed",
}


def show_findings(findings: Findings, *, as_json: bool) -> None:
    """Every place, with its kind and a masked snippet, and the count of each kind."""
    if as_json:
        _print_json(findings)
        return
    rows = [
        (_kind(finding), finding.address, finding.field, finding.occurrence.snippet)
        for finding in findings.places
    ]
    for line in list_tables.table(
        ("KIND", "WHERE", "TEXT", "SNIPPET"), rows, terminal=sys.stdout.isatty(), cut=False
    ):
        console.out(line)
    for backup in findings.backups:
        if backup.kinds:
            console.out(f"{_kinds(backup.kinds)} in the backup {backup.path}")
    _summarize(findings)


def _kind(finding: Finding) -> str:
    return finding.occurrence.kind if finding.occurrence.certain else f"{finding.occurrence.kind}?"


def _print_json(findings: Findings) -> None:
    replaced = {id(finding) for finding in findings.replaced()}
    for finding in findings.places:
        print_json(
            {
                "kind": finding.occurrence.kind,
                "address": finding.address,
                "field": finding.field,
                "snippet": finding.occurrence.snippet,
                "certain": finding.occurrence.certain,
                "replaced": id(finding) in replaced,
            }
        )
    for backup in findings.backups:
        facts = {"kinds": backup.kinds, "names": backup.names, "error": backup.error or None}
        print_json({"backup": str(backup.path), **facts})


def _summarize(findings: Findings) -> None:
    if kinds := Counter(finding.occurrence.kind for finding in findings.replaced()):
        console.note(f"Found: {_kinds(kinds)}.")
    guesses = sum(not finding.occurrence.certain for finding in findings.places)
    if guesses and not findings.guesses:
        console.note(
            f"What is marked “?” ({guesses:,}) only stands where a password would, and stays as it is; "
            "--guesses removes it, too."
        )
    for finding in findings.places:
        if finding.is_name:
            command = _RENAME[finding.place.field].format(quote(finding.address))
            console.note(
                f"A {finding.field} is not changed. Change it yourself, then scrub again: {command}",
                "attention",
            )
    for backup in findings.backups:
        if backup.names:
            console.note(f"{backup.path} has it in {counted(backup.names, 'name')}, which stay.", "attention")
    if findings.unread:
        are, were = ("is", "was") if findings.unread == 1 else ("are", "were")
        console.note(f"{counted(findings.unread, 'file')} that {are} not text {were} not searched.")


def _kinds(kinds: Counter[str]) -> str:
    return ", ".join(f"{kind} ({count:,})" for kind, count in kinds.most_common())


def show_remainder(findings: Findings, remainder: Remainder, *, as_json: bool) -> None:
    """What was removed, and where it still is."""
    kinds = Counter(finding.occurrence.kind for finding in findings.replaced())
    cleaned = {backup.path for backup in findings.backups if backup.kinds}
    cleaned -= {backup.path for backup in remainder.backups}
    if as_json:
        print_json(
            {
                "did": "scrubbed",
                "kinds": kinds,
                "backups": sorted(map(str, cleaned)),
                "threads": [{"name": n, "provider": p, "id": i} for n, p, i in remainder.threads],
                "files": [{"provider": provider, "id": copy} for provider, copy in remainder.files],
                "assistants": [{"name": n, "provider": p, "id": i} for n, p, i in remainder.assistants],
                "failed_backups": [str(backup.path) for backup in remainder.backups],
                "unscrubbed": remainder.unscrubbed or None,
            }
        )
    else:
        backups = f", and from {counted(len(cleaned), 'backup')}" if cleaned else ""
        console.note(f"Removed: {_kinds(kinds) or 'nothing here'}{backups}.")
    _warn_of_servers(remainder)
    _warn_of_bytes(remainder)


def _warn_of_servers(remainder: Remainder) -> None:
    for name, provider, thread in remainder.threads:
        thread_id = f" ({thread})" if thread not in {"", "-"} else ""
        console.note(
            f"{provider} may still hold it in a thread of “{name}”{thread_id}. The next turn makes a new "
            "one, without it. To delete the old one there, together with the conversation: "
            f"chatmgr delete --remote {quote(name)}",
            "attention",
        )
    for provider, copy in remainder.files:
        console.note(
            f"{provider} still holds the file {copy} as it was uploaded; delete it there.", "attention"
        )
    for name, provider, assistant in remainder.assistants:
        console.note(
            f"{provider} may still hold it in its assistant {assistant} (“{name}” here); change it there.",
            "attention",
        )


def _warn_of_bytes(remainder: Remainder) -> None:
    if sqlite_path(app().url) is None:
        console.note(
            "PostgreSQL itself removes old row versions (VACUUM); its WAL and backups are the server's."
        )
    if remainder.unscrubbed:
        console.note(
            f"The database file may still contain the old bytes ({remainder.unscrubbed}). Try again later: "
            "chatmgr trash empty",
            "attention",
        )


def show_failed_backups(backups: Iterable[BackupFindings]) -> None:
    """The backups that could not be searched or overwritten, and how to delete them."""
    for backup in backups:
        console.note(
            f"The backup {backup.path} could not be scrubbed: {backup.error.rstrip('.')}. If you do not need "
            f"it, delete it: rm {quote(str(backup.path))}",
            "attention",
        )
