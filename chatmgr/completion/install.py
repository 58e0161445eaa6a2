"""Where each shell looks for completion scripts, and the careful changes to its start-up files.

What chatmgr adds to a start-up file is one block between two marks; adding and removing it leaves every
other byte unchanged. A file is replaced by one rename, with its permissions kept. If its name is a symbolic
link (dotfiles kept in a repository), the link's target is replaced and the link stays.
"""

import os
import shutil
import stat
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chatmgr.completion import shells
from chatmgr.domain.errors import ConfigurationFault

BEGIN, END = "# >>> chatmgr completion >>>", "# <<< chatmgr completion <<<"
_NEW_FILE = "# chatmgr made this file."  # in the block of one that was not there before
_ZSH_SECONDS = 10
_ROOTS = (Path("/usr"), Path("/usr/local"), Path("/opt/homebrew"), Path("/"))
_BASH_COMPLETION = (
    "share/bash-completion/bash_completion",
    "etc/bash_completion",
    "etc/profile.d/bash_completion.sh",
)


@dataclass(frozen=True, slots=True)
class InstallTarget:
    """A script's path, and the start-up file that must source it if the shell does not find it by itself.

    ``startup_line`` goes into the start-up file. ``next_step`` tells the user what makes it work now.
    """

    script: Path
    startup_file: Path | None = None
    startup_line: str = ""
    next_step: str = ""


def install_target(shell: str) -> InstallTarget:
    """Where a shell's completion is installed."""
    return {"bash": _bash, "zsh": _zsh, "fish": _fish, "powershell": _powershell}[shell]()


def all_targets(shell: str) -> list[InstallTarget]:
    """All places where an earlier installation may have put it; uninstalling looks in each."""
    chosen = install_target(shell)
    others = {"bash": [_bash_folder, _bash_rc], "zsh": [_zsh_rc]}.get(shell, [])
    return [chosen, *(target for other in others if (target := other()) != chosen)]


def _home() -> Path:
    return Path.home()


def _xdg_folder(variable: str, default: str) -> Path:
    value = os.environ.get(variable, "")
    return Path(value) if Path(value).is_absolute() else _home() / default


def _own_script_path(shell: str) -> Path:
    """A script in our own folder, which a start-up file sources."""
    return (
        _xdg_folder("XDG_DATA_HOME", ".local/share")
        / "chatmgr"
        / "completion"
        / Path(shells.script_name(shell))
    )


def _bash() -> InstallTarget:
    return _bash_folder() if _bash_completion() else _bash_rc()


def _bash_folder() -> InstallTarget:
    """Where bash-completion looks at the first Tab after the command's name."""
    user_dir = os.environ.get("BASH_COMPLETION_USER_DIR", "")
    folder = Path(user_dir) if user_dir else _xdg_folder("XDG_DATA_HOME", ".local/share") / "bash-completion"
    return InstallTarget(folder / "completions" / "chatmgr", next_step="It works in every new shell.")


def _bash_completion() -> bool:
    """Whether bash-completion is installed, and a start-up file loads it."""
    if not any((root / path).is_file() for root in _ROOTS for path in _BASH_COMPLETION):
        return False
    if Path("/etc/bashrc").is_file() and Path("/etc/profile.d/bash_completion.sh").is_file():
        return True
    startup_files = [
        _home() / ".bashrc",
        _home() / ".bash_profile",
        Path("/etc/bash.bashrc"),
        Path("/etc/bashrc"),
    ]
    lines = (
        line.strip()
        for startup_file in startup_files
        if startup_file.is_file()
        for line in read_dotfile(startup_file).splitlines()
    )
    return any("bash_completion" in line and not line.startswith("#") for line in lines)


def _bash_rc() -> InstallTarget:
    opens_login_shells = sys.platform == "darwin"  # where every terminal opens a login shell
    return _sourced_target("bash", _home() / (".bash_profile" if opens_login_shells else ".bashrc"))


def _zsh() -> InstallTarget:
    """A folder of the user's own that zsh searches, else a line in ``.zshrc``."""
    for folder in _fpath():
        if folder.is_relative_to(_zdotdir()) and os.access(folder, os.W_OK):
            next_step = "It works in every new shell; if not, remove ~/.zcompdump* first."
            return InstallTarget(folder / "_chatmgr", next_step=next_step)
    return _zsh_rc()


def _zsh_rc() -> InstallTarget:
    return _sourced_target("zsh", _zdotdir() / ".zshrc")


def _zdotdir() -> Path:
    return Path(os.environ.get("ZDOTDIR") or _home())


def _fpath() -> list[Path]:
    """Zsh's function folders, as zsh itself reports them without reading ``.zshrc``."""
    zsh = shutil.which("zsh")
    if zsh is None:
        return []
    try:
        completed = subprocess.run(
            [zsh, "-c", "print -rl -- $fpath"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_ZSH_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    lines = completed.stdout.decode("utf-8", "surrogateescape").splitlines()
    return [Path(line) for line in lines if line.startswith("/") and Path(line).is_dir()]


def _fish() -> InstallTarget:
    folder = _xdg_folder("XDG_CONFIG_HOME", ".config") / "fish" / "completions"
    return InstallTarget(folder / "chatmgr.fish", next_step="It works at once.")


def _powershell() -> InstallTarget:
    """The profile of all hosts of PowerShell 7, at PowerShell's own path on this system."""
    folder = _xdg_folder("XDG_CONFIG_HOME", ".config") / "powershell"
    if os.name == "nt":
        folder = _home() / "Documents" / "PowerShell"
    return _sourced_target("powershell", folder / "profile.ps1")


def _sourced_target(shell: str, startup_file: Path) -> InstallTarget:
    path = _own_script_path(shell)
    quoted_path = shells.quote(shell, str(path))
    startup_line = f"if [ -r {quoted_path} ]; then . {quoted_path}; fi"
    if shell == "powershell":
        startup_line = f"if (Test-Path -LiteralPath {quoted_path}) {{ . {quoted_path} }}"
    return InstallTarget(path, startup_file, startup_line, "It works in every new shell.")


def add_block(text: str, block: str, *, new_file: bool = False) -> str:
    """The text with our block, in place of an earlier one or else at the end; a new file's block says so."""
    before, has_block, after = _split_at_block(text)
    new_file = new_file or made_here(text)
    marked_block = f"{BEGIN}\n{_NEW_FILE + chr(10) if new_file else ''}{block}\n{END}\n"
    if has_block:
        return before + marked_block + after
    return f"{text}\n{marked_block}" if text else marked_block


def made_here(text: str) -> bool:
    """Whether the file of this text was made for our block."""
    return f"{BEGIN}\n{_NEW_FILE}\n" in text


def remove_folder(folder: Path) -> None:
    """Remove our own folder, and the one above it, if nothing is in them."""
    with suppress(OSError):
        folder.rmdir()
        folder.parent.rmdir()


def remove_block(text: str) -> str:
    """The text as it was before our block was added."""
    before, has_block, after = _split_at_block(text)
    if not has_block:
        return text
    shorter = before.removesuffix("\n")
    return shorter if not after else (shorter if shorter.endswith("\n") else before) + after


def _split_at_block(text: str) -> tuple[str, bool, str]:
    """The text before and after our block, and whether there is one; an incomplete block is not ours."""
    start = text.find(f"{BEGIN}\n")
    end = text.find(END, start)
    if start < 0 or end < 0 or (start and text[start - 1] != "\n"):
        return text, False, ""
    return text[:start], True, text[end + len(END) :].removeprefix("\n")


def read_dotfile(path: Path) -> str:
    """The file's text, empty if there is none; bytes that are not UTF-8 are preserved."""
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ConfigurationFault(f"{path} cannot be read: {error.strerror}.") from error


def write_dotfile(path: Path, text: str) -> None:
    """Replace a whole file and keep its permissions; a crash leaves the old one."""
    try:
        target = Path(os.path.realpath(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o644
        temporary = target.with_name(f".{target.name}.chatmgr-{os.getpid()}")
        try:
            with os.fdopen(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                file.write(text.encode("utf-8", "surrogateescape"))
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(mode)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationFault(f"{path} cannot be written: {error.strerror}.") from error
