"""The supported shells: their completion scripts, which one the user runs, and the answers they get.

The scripts (``scripts/``) replace Click's, which put a name into the command line unquoted, so that
one with a space, a quote or a star became something else. The protocol between script and program is
Click's. A shell may show any part of the answer, but nothing in it is ever executed.
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

from chatmgr.completion.fast_path import is_typable
from chatmgr.domain.errors import ChatmgrError, UsageFault
from chatmgr.terminal.sanitize import one_line

SHELLS = ("bash", "zsh", "fish", "powershell")
_ALIASES = {"pwsh": "powershell", "pwsh-preview": "powershell", "rbash": "bash"}
_SCRIPT_NAMES = {"powershell": "chatmgr.ps1"}
_DESCRIPTION_WIDTH = 72


def completion_script(shell: str) -> str:
    """The script for a shell. It contains this chatmgr's path, for systems where chatmgr is not on PATH."""
    text = (Path(__file__).parent / "scripts" / script_name(shell)).read_text(encoding="utf-8")
    separator = ", " if shell == "powershell" else " "
    return text.replace("@PROGRAM@", separator.join(quote(shell, word) for word in program_words()))


def script_name(shell: str) -> str:
    """The file name of a shell's script."""
    return _SCRIPT_NAMES.get(shell, f"chatmgr.{shell}")


def program_words() -> list[str]:
    """The words that run this chatmgr from anywhere."""
    for path in (Path(sys.argv[0]), Path(sys.executable).with_name("chatmgr")):
        if path.stem == "chatmgr" and path.is_file() and os.access(path, os.X_OK):
            return [str(path.absolute())]
    on_path = shutil.which("chatmgr")
    return [on_path] if on_path else [sys.executable, "-m", "chatmgr"]


def quote(shell: str, word: str) -> str:
    """A word quoted as a literal for a shell."""
    if shell == "powershell":
        return "'" + "".join(char * 2 if char in "'‘’‚‛" else char for char in word) + "'"
    if shell == "fish":
        return "'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return "'" + word.replace("'", "'\\''") + "'"


def detect_shell() -> str:
    """The shell that started chatmgr, else the login shell. Raises UsageFault if neither is supported."""
    for candidate in (_parent_shell(), Path(os.environ.get("SHELL", "")).name):
        if (name := _ALIASES.get(candidate, candidate)) in SHELLS:
            return name
    raise UsageFault(
        "The shell cannot be detected.", f"Name it: chatmgr completion install {'|'.join(SHELLS)}"
    )


def _parent_shell() -> str:
    """The name of the nearest ancestor process that is a shell; empty if the system does not tell."""
    pid = os.getppid()
    for _ in range(4):  # there may be launchers in between
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        name, _, fields = stat.partition("(")[2].rpartition(")")
        if _ALIASES.get(name, name) in SHELLS:
            return name
        pid = int(fields.split()[1])
        if pid <= 1:
            break
    return ""


class _OwnScript(ShellComplete):
    """Our script, and answers without anything that could confuse a shell or a terminal."""

    def source(self) -> str:
        return completion_script(self.name)

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[Any]]:
        try:
            items = super().get_completions(args, incomplete)
        except ChatmgrError:
            return []
        return [_sanitized(item) for item in items if item.type != "plain" or is_typable(item.value)]


def _sanitized(item: CompletionItem[Any]) -> CompletionItem[Any]:
    return CompletionItem(item.value, item.type, short_description(item.help or "") or None)


def short_description(text: str) -> str:
    """A description for beside a candidate: one short line without control characters."""
    return one_line(text, _DESCRIPTION_WIDTH)


class _Bash(_OwnScript, BashComplete):
    pass


class _Zsh(_OwnScript, ZshComplete):
    pass


class _Fish(_OwnScript, FishComplete):
    pass


class _PowerShell(_OwnScript, PowerShellComplete):
    pass


def register_shells() -> None:
    """Replace Click's classes in answering the shells."""
    for shell_class in (_Bash, _Zsh, _Fish, _PowerShell):
        add_completion_class(shell_class)
