"""What ``push`` and ``pull`` have in common on the screen."""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from shlex import quote
from typing import TYPE_CHECKING

from chatmgr.domain.text import counted
from chatmgr.terminal.console import console
from chatmgr.terminal.sanitize import one_line
from chatmgr.ui.context import app

if TYPE_CHECKING:
    from chatmgr.services.exchange import Exchange, ExchangeReport
    from chatmgr.services.exchange_partner import Partner

_SHOWN = 20  # conversations that are named
_COUNTED = ("new", "changed", "turns", "runs")


def open_exchange(url: str) -> "tuple[Partner, AbstractContextManager[Exchange]]":
    """The other database, and what opens it."""
    from chatmgr.services.exchange_partner import exchanging, partner

    found = partner(app(), url)
    return found, exchanging(app(), found)


def keep(found: "Partner") -> None:
    """Remember the other database, and say where its password is now, which everybody could see."""
    from chatmgr.services.exchange_partner import remember

    if where := remember(app(), found):
        console.note(
            f"The password is kept in {one_line(where)} from now on. On the command line, others can see it: "
            "next time, leave the address out.",
            "attention",
        )


def show(report: "ExchangeReport", found: "Partner", *, dry_run: bool) -> None:
    """Say what an exchange did."""
    for name, beside in report.parted[:_SHOWN]:
        console.note(
            f"“{one_line(name)}” went on differently there. What was said here is “{one_line(beside)}” now: "
            f"chatmgr resume {quote(one_line(beside))}",
            "attention",
        )
    if (more := len(report.parted) - _SHOWN) > 0:
        console.note(f"… and {counted(more, 'other')} (all of them: --json)", "attention")
    if report.left:
        names = ", ".join(f"“{one_line(name)}”" for name in report.left[:3])
        console.note(f"Left for the next time, since an answer is being written: {names}.", "attention")
    address = one_line(found.address, 120)
    verb = "Would exchange" if dry_run else "Exchanged"
    parts = [_summary(report.sent, "sent"), _summary(report.received, "received")]
    said = "; ".join(filter(None, parts))
    console.note(
        f"{verb} with {address}: {said}." if said else f"Nothing is new; the other one is {address}."
    )


def _summary(counts: Counter[str], verb: str) -> str:
    """“sent 2 new conversations and 1 that changed (7 turns)”."""
    new, changed = counts["new"], counts["changed"]
    parts = [counted(new, "new conversation") if new else "", f"{changed:,} that changed" if changed else ""]
    if not (said := " and ".join(filter(None, parts))):
        return ""
    return f"{verb} {said} ({counted(counts['turns'], 'turn')})"


def as_json(report: "ExchangeReport", found: "Partner", *, dry_run: bool) -> dict[str, object]:
    """An exchange as ``--json`` prints it."""
    return {
        "with": found.address,
        "dry_run": dry_run,
        "sent": {name: report.sent[name] for name in _COUNTED},
        "received": {name: report.received[name] for name in _COUNTED},
        "parted": [{"name": name, "beside": beside} for name, beside in report.parted],
        "left": report.left,
    }


def stopping(run: "Callable[[], ExchangeReport]") -> "ExchangeReport":
    """Run an exchange; Ctrl-C leaves whole conversations."""
    try:
        return run()
    except KeyboardInterrupt:
        console.note("Stopped; what went over is kept. To go on, give the same command again.", "attention")
        raise
