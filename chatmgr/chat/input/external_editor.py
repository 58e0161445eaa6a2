"""Editing a text in the user's own editor: ``$VISUAL``, else ``$EDITOR``, else the first common one found."""

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from chatmgr.domain.errors import ChatmgrError
from chatmgr.domain.interrupts import interrupts
from chatmgr.terminal.typeahead import typeahead_paused

_COMMON_EDITORS = ("nano", "vi", "emacs")


def edit_text(text: str) -> str:
    """Let the user edit a text; returns it without its last line feed.

    The temporary file is readable by the user alone and is removed afterwards. Raises ChatmgrError if the
    editor cannot be started or reports failure; the text is unchanged then.
    """
    command = _editor_command()
    descriptor, name = tempfile.mkstemp(prefix="chatmgr-", suffix=".md")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(text)
        try:
            with typeahead_paused():
                exit_code = subprocess.run([*command, name], check=False).returncode
        except OSError as error:
            raise ChatmgrError(
                f"The editor {command[0]} cannot be started: {error.strerror}.", _HINT
            ) from None
        interrupts.take()  # a Ctrl-C in there was meant for the editor
        if exit_code:
            outcome = (
                f"exited with code {exit_code}" if exit_code > 0 else f"was killed by signal {-exit_code}"
            )
            raise ChatmgrError(f"The editor {command[0]} {outcome}; the text is unchanged.", "")
        return Path(name).read_text("utf-8", "surrogateescape").removesuffix("\n")
    except FileNotFoundError:
        raise ChatmgrError(f"The editor {command[0]} removed its file; the text is unchanged.") from None
    finally:
        Path(name).unlink(missing_ok=True)


_HINT = "Set VISUAL or EDITOR to another editor."


def _editor_command() -> list[str]:
    for variable in ("VISUAL", "EDITOR"):
        value = os.environ.get(variable, "").strip()
        if value:
            try:
                return shlex.split(value)
            except ValueError:
                raise ChatmgrError(f"{variable} is not a valid command: {value}.", _HINT) from None
    for name in _COMMON_EDITORS:
        if shutil.which(name):
            return [name]
    raise ChatmgrError("No editor was found.", "Set VISUAL or EDITOR.")
