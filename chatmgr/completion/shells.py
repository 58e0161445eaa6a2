"""The shells that complete: their scripts, which one the user has, and what they are answered.

The scripts (``scripts/``) are ours, not Click's: those put a name into the command line as it is, so that
one with a space, a quote or a star came out as something else. The protocol between script and
program stays Click's. A shell can show what it likes of the answer, but nothing in it is ever run.
"""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    PowerShellComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
)

from chatmgr.domain.errors import ChatmgrError, UsageFault
from chatmgr.terminal.sanitize import one_line

SHELLS = ("bash", "zsh", "fish", "powershell")
_ALIASES = {"pwsh": "powershell", "pwsh-preview": "powershell", "rbash": "bash"}
_FILES = {"powershell": "chatmgr.ps1"}
_WIDTH = 72


def completion_script(shell: str) -> str:
    """The script for a shell; it names this chatmgr by its path for where none is on PATH."""
    text = (Path(__file__).parent / "scripts" / script_name(shell)).read_text(encoding="utf-8")
    separator = ", " if shell == "powershell" else " "
    return text.replace("@PROGRAM@", separator.join(quote(shell, word) for word in program_words()))


def script_name(shell: str) -> str:
    """The name of a shell's script."""
    return _FILES.get(shell, f"chatmgr.{shell}")


def program_words() -> list[str]:
    """The words that run this chatmgr from anywhere."""
    for path in (Path(sys.argv[0]), Path(sys.executable).with_name("chatmgr")):
        if path.stem == "chatmgr" and path.is_file() and os.access(path, os.X_OK):
            return [str(path.absolute())]
    found = shutil.which("chatmgr")
    return [found] if found else [sys.executable, "-m", "chatmgr"]


def quote(shell: str, word: str) -> str:
    """A word as a literal of a shell."""
    if shell == "powershell":
        return "'" + "".join(char * 2 if char in "'‘’‚‛" else char for char in word) + "'"
    if shell == "fish":
        return "'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return "'" + word.replace("'", "'\\''") + "'"


def detect_shell() -> str:
    """The shell that chatmgr was called from, else the login shell; raises UsageFault where it is neither."""
    for found in (_parent(), Path(os.environ.get("SHELL", "")).name):
        if (name := _ALIASES.get(found, found)) in SHELLS:
            return name
    raise UsageFault(
        "Which shell this is cannot be told.", f"Name it: chatmgr completion install {'|'.join(SHELLS)}"
    )


def _parent() -> str:
    """The name of the nearest ancestor that is a shell; empty where the system does not tell."""
    pid = os.getppid()
    for _ in range(4):  # a launcher or two may stand between
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        name, _, rest = stat.partition("(")[2].rpartition(")")
        if _ALIASES.get(name, name) in SHELLS:
            return name
        pid = int(rest.split()[1])
        if pid <= 1:
            break
    return ""


class _Ours(ShellComplete):
    """Our script, and answers that hold nothing a shell or a terminal could stumble over."""

    def source(self) -> str:
        return completion_script(self.name)

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[Any]]:
        try:
            found = super().get_completions(args, incomplete)
        except ChatmgrError:
            return []
        return [_harmless(item) for item in found if item.type != "plain" or item.value.isprintable()]


def _harmless(item: CompletionItem[Any]) -> CompletionItem[Any]:
    return CompletionItem(item.value, item.type, short_description(item.help or "") or None)


def short_description(text: str) -> str:
    """What may stand beside a candidate: one line, short, without control characters."""
    return one_line(text, _WIDTH)


class _Bash(_Ours, BashComplete):
    pass


class _Zsh(_Ours, ZshComplete):
    pass


class _Fish(_Ours, FishComplete):
    pass


class _PowerShell(_Ours, PowerShellComplete):
    pass


def register_shells() -> None:
    """Take Click's place in answering the shells."""
    for one in (_Bash, _Zsh, _Fish, _PowerShell):
        add_completion_class(one)
