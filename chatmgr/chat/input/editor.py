"""The person's own editor on a text: ``$VISUAL``, else ``$EDITOR``, else the first that is there."""

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from chatmgr.domain.errors import ChatmgrError

_COMMON = ("nano", "vi", "emacs")


def edit_text(text: str) -> str:
    """The text as the editor left it, without its last line feed.

    The file is the user's alone and is gone afterwards. An editor that cannot be started or says that
    it failed raises ChatmgrError: then the text is what it was.
    """
    command = _command()
    handle, name = tempfile.mkstemp(prefix="chatmgr-", suffix=".md")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(text)
        try:
            code = subprocess.run([*command, name], check=False).returncode
        except OSError as error:
            raise ChatmgrError(
                f"The editor {command[0]} cannot be started: {error.strerror}.", _HINT
            ) from None
        if code:
            ended = f"ended with {code}" if code > 0 else f"was ended by signal {-code}"
            raise ChatmgrError(f"The editor {command[0]} {ended}; the text is as it was.", "")
        return Path(name).read_text("utf-8", "surrogateescape").removesuffix("\n")
    except FileNotFoundError:
        raise ChatmgrError(f"The editor {command[0]} removed its file; the text is as it was.") from None
    finally:
        Path(name).unlink(missing_ok=True)


_HINT = "Set VISUAL or EDITOR to one that can."


def _command() -> list[str]:
    for variable in ("VISUAL", "EDITOR"):
        wanted = os.environ.get(variable, "").strip()
        if wanted:
            try:
                return shlex.split(wanted)
            except ValueError:
                raise ChatmgrError(f"{variable} is no command: {wanted}.", _HINT) from None
    for name in _COMMON:
        if shutil.which(name):
            return [name]
    raise ChatmgrError("There is no editor.", "Set VISUAL or EDITOR.")
