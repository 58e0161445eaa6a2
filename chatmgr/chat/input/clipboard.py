"""Copying to the clipboard: with the platform's own tool if there is one, else through the terminal (OSC 52).

Over SSH, the remote machine's tools would fill a clipboard that the user never sees, so only a forwarded
display counts there; the terminal is always the user's own. Terminals do not report whether they obeyed.
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

MAX_BYTES = 74_994  # as base64, the 100,000 characters that terminals commonly accept
_TOOL_SECONDS = 10  # a tool may hang if its display is gone
_WITHOUT_CLIPBOARD = {"", "dumb", "linux", "unknown"}
_UNSAFE_TO_PASTE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def safe_to_paste(text: str) -> str:
    """The text as it is safe to paste into a terminal: without control characters and the last line break.

    ESC could end a bracketed paste, and the rest would act as typed keys. A line break at the end would run
    what was only meant to be read. Line breaks within the text become line feeds; tabs stay.
    """
    with_line_feeds = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNSAFE_TO_PASTE.sub("", with_line_feeds).rstrip("\n")


def copy(text: str) -> str:
    """Put a text on the clipboard; returns what did it. Raises ChatmgrError if nothing can."""
    for command in _available_tools():
        if _run_tool(command, text.encode("utf-16" if command[0] == "clip.exe" else "utf-8")):
            return command[0]
    if not sys.stdout.isatty() or os.environ.get("TERM", "").lower() in _WITHOUT_CLIPBOARD:
        raise ChatmgrError("No clipboard is available.", "Save it to a file: /save PATH")
    data = text.encode()
    if len(data) > MAX_BYTES:
        raise ChatmgrError(
            f"The text has {len(data):,} bytes; the terminal's clipboard takes {MAX_BYTES:,} at most.",
            "Save it to a file: /save PATH",
        )
    console.write(f"\x1b]52;c;{b64encode(data).decode()}\x07")
    return "the terminal (OSC 52)"


def _available_tools() -> Iterator[Sequence[str]]:
    """The tools that work where this process runs and are installed."""
    environ = os.environ
    is_remote = bool(environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"))
    candidates = (
        (not is_remote and sys.platform == "darwin", ("pbcopy",)),
        (not is_remote and bool(environ.get("WAYLAND_DISPLAY")), ("wl-copy",)),
        (bool(environ.get("DISPLAY")), ("xclip", "-selection", "clipboard", "-in")),
        (bool(environ.get("DISPLAY")), ("xsel", "--clipboard", "--input")),
        (not is_remote and (bool(environ.get("WSL_DISTRO_NAME")) or os.name == "nt"), ("clip.exe",)),
        (not is_remote and bool(environ.get("TERMUX_VERSION")), ("termux-clipboard-set",)),
        (bool(environ.get("TMUX")), ("tmux", "load-buffer", "-w", "-")),
    )
    return (command for applies, command in candidates if applies and shutil.which(command[0]))


def _run_tool(command: Sequence[str], data: bytes) -> bool:
    """Whether the tool accepted the data.

    It runs in a session of its own: some keep running to serve the clipboard, and Ctrl-C must not reach them.
    """
    devnull = subprocess.DEVNULL
    try:
        completed = subprocess.run(
            command,
            input=data,
            stdout=devnull,
            stderr=devnull,
            timeout=_TOOL_SECONDS,
            check=False,
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return completed.returncode == 0
