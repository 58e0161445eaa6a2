"""Where each shell looks for completions, and what has to stand there."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from chatmgr.completion import dotfiles, shells

_SECONDS = 10
_ROOTS = (Path("/usr"), Path("/usr/local"), Path("/opt/homebrew"), Path("/"))
_BASH_COMPLETION = (
    "share/bash-completion/bash_completion",
    "etc/bash_completion",
    "etc/profile.d/bash_completion.sh",
)


@dataclass(frozen=True, slots=True)
class InstallTarget:
    """A script's file, and the start-up file that has to name it where the shell does not look there itself.

    ``line`` is what stands in the start-up file; ``then`` is what the person does to have it now.
    """

    script: Path
    rc: Path | None = None
    line: str = ""
    then: str = ""


def install_target(shell: str) -> InstallTarget:
    """Where a shell's completion goes."""
    return {"bash": _bash, "zsh": _zsh, "fish": _fish, "powershell": _powershell}[shell]()


def all_targets(shell: str) -> list[InstallTarget]:
    """All places where an earlier installation may have put it; what is looked through to uninstall."""
    chosen = install_target(shell)
    others = {"bash": [_bash_folder, _bash_rc], "zsh": [_zsh_rc]}.get(shell, [])
    return [chosen, *(one for other in others if (one := other()) != chosen)]


def _home() -> Path:
    return Path.home()


def _xdg(variable: str, default: str) -> Path:
    found = os.environ.get(variable, "")
    return Path(found) if Path(found).is_absolute() else _home() / default


def _own(shell: str) -> Path:
    """Our own folder for scripts that a start-up file names."""
    return _xdg("XDG_DATA_HOME", ".local/share") / "chatmgr" / "completion" / Path(shells.script_name(shell))


def _bash() -> InstallTarget:
    return _bash_folder() if _bash_completion() else _bash_rc()


def _bash_folder() -> InstallTarget:
    """Where bash-completion looks, at the first Tab after the command's name."""
    user = os.environ.get("BASH_COMPLETION_USER_DIR", "")
    folder = Path(user) if user else _xdg("XDG_DATA_HOME", ".local/share") / "bash-completion"
    return InstallTarget(folder / "completions" / "chatmgr", then="It works in every new shell.")


def _bash_completion() -> bool:
    """Whether bash-completion is installed, and some start-up file brings it in."""
    if not any((root / one).is_file() for root in _ROOTS for one in _BASH_COMPLETION):
        return False
    if Path("/etc/bashrc").is_file() and Path("/etc/profile.d/bash_completion.sh").is_file():
        return True
    starts = [_home() / ".bashrc", _home() / ".bash_profile", Path("/etc/bash.bashrc"), Path("/etc/bashrc")]
    lines = (
        line.strip() for file in starts if file.is_file() for line in dotfiles.read_dotfile(file).splitlines()
    )
    return any("bash_completion" in line and not line.startswith("#") for line in lines)


def _bash_rc() -> InstallTarget:
    login = sys.platform == "darwin"  # where every terminal's shell is a login shell
    return _sourced("bash", _home() / (".bash_profile" if login else ".bashrc"))


def _zsh() -> InstallTarget:
    """A folder of the user's own that zsh looks in, else a line in ``.zshrc``."""
    for folder in _fpath():
        if folder.is_relative_to(_zdotdir()) and os.access(folder, os.W_OK):
            then = "It works in every new shell; if not, remove ~/.zcompdump* first."
            return InstallTarget(folder / "_chatmgr", then=then)
    return _zsh_rc()


def _zsh_rc() -> InstallTarget:
    return _sourced("zsh", _zdotdir() / ".zshrc")


def _zdotdir() -> Path:
    return Path(os.environ.get("ZDOTDIR") or _home())


def _fpath() -> list[Path]:
    """Zsh's folders of functions, as zsh itself tells without reading ``.zshrc``."""
    zsh = shutil.which("zsh")
    if zsh is None:
        return []
    try:
        done = subprocess.run(
            [zsh, "-c", "print -rl -- $fpath"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    lines = done.stdout.decode("utf-8", "surrogateescape").splitlines()
    return [Path(line) for line in lines if line.startswith("/") and Path(line).is_dir()]


def _fish() -> InstallTarget:
    folder = _xdg("XDG_CONFIG_HOME", ".config") / "fish" / "completions"
    return InstallTarget(folder / "chatmgr.fish", then="It works at once.")


def _powershell() -> InstallTarget:
    """The profile of all hosts of PowerShell 7, where PowerShell itself puts it on this system."""
    folder = _xdg("XDG_CONFIG_HOME", ".config") / "powershell"
    if os.name == "nt":
        folder = _home() / "Documents" / "PowerShell"
    return _sourced("powershell", folder / "profile.ps1")


def _sourced(shell: str, rc: Path) -> InstallTarget:
    path = _own(shell)
    word = shells.quote(shell, str(path))
    line = f"if [ -r {word} ]; then . {word}; fi"
    if shell == "powershell":
        line = f"if (Test-Path -LiteralPath {word}) {{ . {word} }}"
    return InstallTarget(path, rc, line, "It works in every new shell.")
