"""Editing a text in the user's own editor: ``$VISUAL``, else ``$EDITOR``, else the first common one found."""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chatmgr.domain.errors import ChatmgrError
from chatmgr.domain.interrupts import interrupts
from chatmgr.terminal.typeahead import typeahead_paused

_COMMON_EDITORS = ("nano", "vi", "emacs")


def edit_text(text: str, name: str = "message.md") -> str:
    """Let the user edit a text; returns it without its last line feed. Editors go by the file's ``name``.

    The file lies in a folder that only the user can enter. The folder is removed afterwards, with all that
    the editor left there: backups, swap and undo files hold the text too. Raises ChatmgrError if the editor
    cannot be started or reports failure; the text is unchanged then.
    """
    command = _editor_command()
    with _private_folder() as folder:
        path = folder / name
        path.touch(0o600)
        path.write_text(text, "utf-8", "surrogateescape", newline="")
        _run_editor(command, path)
        try:
            return path.read_text("utf-8", "surrogateescape").removesuffix("\n")
        except FileNotFoundError:
            raise ChatmgrError(f"The editor {command[0]} removed its file; the text is unchanged.") from None


@contextmanager
def _private_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="chatmgr-"))  # entered by its owner alone, whatever the umask
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run_editor(command: list[str], path: Path) -> None:
    try:
        with typeahead_paused(), interrupts.left_to_others():  # a Ctrl-C in there is meant for the editor
            exit_code = subprocess.run([*command, str(path)], check=False).returncode
    except OSError as error:
        raise ChatmgrError(f"The editor {command[0]} cannot be started: {error.strerror}.", _HINT) from None
    if exit_code:
        outcome = f"exited with code {exit_code}" if exit_code > 0 else f"was killed by signal {-exit_code}"
        raise ChatmgrError(f"The editor {command[0]} {outcome}; the text is unchanged.", "")


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
