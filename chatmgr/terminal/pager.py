"""Long output at a terminal, through the user's pager; elsewhere line by line, as it comes."""

import os
import sys
from collections.abc import Iterable

from chatmgr.terminal.console import console


def show(lines: Iterable[str], *, pager: bool = True) -> None:
    """Print lines. At a terminal ``PAGER`` shows them, or ``less``, which leaves a short text alone."""
    if not pager or not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        for line in lines:
            console.out(line)
            if console.deaf:
                return
        return
    from click import echo_via_pager

    os.environ.setdefault("LESS", "FRX")
    echo_via_pager((f"{line}\n" for line in lines), color=True)
