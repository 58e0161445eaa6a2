"""The clipboard: the platform's own tool where there is one, else the terminal itself (OSC 52).

Over SSH the tools of the other machine would fill a clipboard that nobody sits at, so that only a
forwarded display counts there; the terminal is always the person's own. Whether a terminal obeyed,
none of them tells.
"""

import os
import re
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Sequence

from chatmgr.domain.errors import ChatmgrError
from chatmgr.terminal.console import console

MOST = 74_994  # bytes; as base64 they are the 100,000 characters that terminals commonly take
_PATIENCE = 10  # seconds for a tool, whose display may be gone
_MUTE = {"", "dumb", "linux", "unknown"}
_RUNS_WHEN_PASTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def safe_to_paste(text: str) -> str:
    """A text as it may be pasted into a terminal: exact but for control characters and the last line break.

    ESC could end a bracketed paste and go on as if it was typed; a line break at the end would run what
    was only to be looked at. Line breaks inside are line feeds, tabs stay.
    """
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    return _RUNS_WHEN_PASTED.sub("", unified).rstrip("\n")


def copy(text: str) -> str:
    """Put a text on the clipboard; returns who did it. Raises ChatmgrError where nobody can."""
    for command in _tools():
        if _fed(command, text.encode("utf-16" if command[0] == "clip.exe" else "utf-8")):
            return command[0]
    if not sys.stdout.isatty() or os.environ.get("TERM", "").lower() in _MUTE:
        raise ChatmgrError("There is no clipboard here.", "Save it to a file: /save PATH")
    data = text.encode()
    if len(data) > MOST:
        raise ChatmgrError(
            f"That is too long for the terminal's clipboard: {len(data):,} bytes, and {MOST:,} is the limit.",
            "Save it to a file: /save PATH",
        )
    console.out(f"\x1b]52;c;{b64encode(data).decode()}\x07", end="")
    return "the terminal (OSC 52)"


def _tools() -> Iterator[Sequence[str]]:
    """The tools that fit where this process runs, and are there."""
    env = os.environ
    far = bool(env.get("SSH_CONNECTION") or env.get("SSH_TTY"))
    fitting = (
        (not far and sys.platform == "darwin", ("pbcopy",)),
        (not far and bool(env.get("WAYLAND_DISPLAY")), ("wl-copy",)),
        (bool(env.get("DISPLAY")), ("xclip", "-selection", "clipboard", "-in")),
        (bool(env.get("DISPLAY")), ("xsel", "--clipboard", "--input")),
        (not far and (bool(env.get("WSL_DISTRO_NAME")) or os.name == "nt"), ("clip.exe",)),
        (not far and bool(env.get("TERMUX_VERSION")), ("termux-clipboard-set",)),
        (bool(env.get("TMUX")), ("tmux", "load-buffer", "-w", "-")),
    )
    return (command for fits, command in fitting if fits and shutil.which(command[0]))


def _fed(command: Sequence[str], data: bytes) -> bool:
    """Whether a tool took it. Some stay to serve the clipboard: out of reach of Ctrl-C and our streams."""
    nothing = subprocess.DEVNULL
    try:
        done = subprocess.run(
            command,
            input=data,
            stdout=nothing,
            stderr=nothing,
            timeout=_PATIENCE,
            check=False,
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
