"""A person's own start-up files, changed with care.

What chatmgr adds stands between two marks, once; adding and removing leaves every other byte as it
was. A file is replaced whole, by one rename, with its rights; where its name is a symbolic link (dotfiles
kept in a repository), the file that it leads to is, and the link stays.
"""

import os
import stat
from pathlib import Path

from chatmgr.domain.errors import ConfigurationFault

BEGIN, END = "# >>> chatmgr completion >>>", "# <<< chatmgr completion <<<"


def add_block(text: str, block: str) -> str:
    """A file's text with our block, in the place of the one it has, else at its end."""
    ours = f"{BEGIN}\n{block}\n{END}\n"
    before, found, after = _parts(text)
    if found:
        return before + ours + after
    return f"{text}\n{ours}" if text else ours


def remove_block(text: str) -> str:
    """A file's text as it was before our block."""
    before, found, after = _parts(text)
    if not found:
        return text
    shorter = before.removesuffix("\n")
    return shorter if not after else (shorter if shorter.endswith("\n") else before) + after


def _parts(text: str) -> tuple[str, bool, str]:
    """What stands before and after our block, and whether there is one; half a block is none of ours."""
    begin = text.find(f"{BEGIN}\n")
    end = text.find(END, begin)
    if begin < 0 or end < 0 or (begin and text[begin - 1] != "\n"):
        return text, False, ""
    return text[:begin], True, text[end + len(END) :].removeprefix("\n")


def read_dotfile(path: Path) -> str:
    """A file's text, empty where there is none; bytes that are not UTF-8 go back as they came."""
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ConfigurationFault(f"{path} cannot be read: {error.strerror}.") from error


def write_dotfile(path: Path, text: str) -> None:
    """Replace a file whole, keeping its rights; a crash leaves the old one."""
    try:
        target = Path(os.path.realpath(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o644
        beside = target.with_name(f".{target.name}.chatmgr-{os.getpid()}")
        try:
            with os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                file.write(text.encode("utf-8", "surrogateescape"))
                file.flush()
                os.fsync(file.fileno())
            beside.chmod(mode)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationFault(f"{path} cannot be written: {error.strerror}.") from error
