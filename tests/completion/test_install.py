"""Installing completion: what is written where, what stays as it was, and the way back."""

import stat
from pathlib import Path

import pytest

from chatmgr.completion import install
from tests.support.commands import Chatmgr

RC = {"bash": ".bashrc", "zsh": ".zshrc", "powershell": ".config/powershell/profile.ps1"}
OWN = {name: f".local/share/chatmgr/completion/chatmgr.{name}" for name in ("bash", "zsh")}
OWN |= {"powershell": ".local/share/chatmgr/completion/chatmgr.ps1"}
OWN |= {"fish": ".config/fish/completions/chatmgr.fish"}
TEXTS = [b"", b"alias x=y\n", b"no line end", b"\n\n", b"caf\xe9 latin\n\n", b"crlf\r\n"]


@pytest.fixture
def person(chatmgr: Chatmgr) -> Path:
    """A person's home."""
    folder = chatmgr.home.parent / "person"
    folder.mkdir()
    empty = dict.fromkeys(("XDG_DATA_HOME", "XDG_CONFIG_HOME", "ZDOTDIR", "BASH_COMPLETION_USER_DIR"), "")
    chatmgr.env.update(empty | {"HOME": str(folder), "SHELL": "/bin/bash"})
    return folder


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_it_is_written_once_and_taken_back(chatmgr: Chatmgr, person: Path, shell: str) -> None:
    dry = chatmgr("completion", "install", shell, "--dry-run")
    assert f"Would write {person / OWN[shell]}." in dry.err
    assert files(person) == {}
    done = chatmgr("completion", "install", shell)
    assert f"Wrote {person / OWN[shell]}." in done.err
    assert f"chatmgr completion uninstall {shell}" in done.err
    once = files(person)
    assert set(once) == {OWN[shell], *([RC[shell]] if shell in RC else [])}
    assert once[OWN[shell]].decode() == chatmgr("completion", "show", shell).out
    assert "installed already" in chatmgr("completion", "install", shell).err
    assert files(person) == once
    assert "Would remove" in chatmgr("completion", "uninstall", shell, "--dry-run").err
    assert files(person) == once
    chatmgr("completion", "uninstall", shell)
    assert files(person) == {}
    assert not (person / ".local/share/chatmgr").exists()
    assert "completion is not installed" in chatmgr("completion", "uninstall", shell).err


@pytest.mark.parametrize("text", TEXTS)
def test_a_start_up_file_is_as_it_was_after_all(chatmgr: Chatmgr, person: Path, text: bytes) -> None:
    rc = person / ".bashrc"
    rc.write_bytes(text)
    rc.chmod(0o640)
    chatmgr("completion", "install", "bash")
    assert rc.read_bytes().startswith(text)
    assert rc.read_bytes().count(b"# >>> chatmgr completion >>>\n") == 1
    chatmgr("completion", "uninstall", "bash")
    assert rc.read_bytes() == text
    assert stat.S_IMODE(rc.stat().st_mode) == 0o640


def test_what_was_added_after_it_stays(chatmgr: Chatmgr, person: Path) -> None:
    rc = person / ".bashrc"
    rc.write_text("before")
    chatmgr("completion", "install", "bash")
    rc.write_text(rc.read_text() + "after\n")
    chatmgr("completion", "uninstall", "bash")
    assert rc.read_text() == "before\nafter\n"


def test_a_linked_start_up_file_stays_a_link(chatmgr: Chatmgr, person: Path) -> None:
    real = person / "dotfiles" / "zshrc"
    real.parent.mkdir()
    real.write_text("setopt x\n")
    (person / ".zshrc").symlink_to(real)
    chatmgr("completion", "install", "zsh")
    assert (person / ".zshrc").is_symlink()
    assert install.BEGIN in real.read_text()
    assert {path.name for path in real.parent.iterdir()} == {"zshrc"}


def test_an_older_line_is_replaced_in_its_place() -> None:
    old = install.add_block("a\n", "old") + "b\n"
    assert install.add_block(old, "new") == old.replace("old", "new")
    half = f"a\n{install.BEGIN}\nhalf\n"
    assert install.remove_block(half) == half


def test_what_cannot_be_written_is_one_line(chatmgr: Chatmgr, person: Path) -> None:
    (person / ".config").write_text("a file")
    error = chatmgr.refused(7, "completion", "install", "fish")
    assert "chatmgr.fish cannot be" in error
    assert chatmgr.refused(2, "completion", "install", "tcsh")


def test_the_shell_is_found(chatmgr: Chatmgr, person: Path) -> None:
    done = chatmgr.program(["bash", "-c", f"{chatmgr_words()} completion install --dry-run; true"])
    assert str(person / OWN["bash"]) in done.err


def chatmgr_words() -> str:
    """The words that run chatmgr with an interpreter of its own."""
    from shlex import join

    from tests.support.commands import CHATMGR

    return join(CHATMGR)


def test_the_powershell_script_names_this_chatmgr(chatmgr: Chatmgr) -> None:
    """PowerShell is not to be had here; what its script and its answers are made of is."""
    script = chatmgr("completion", "show", "powershell").out
    assert "Register-ArgumentCompleter -Native -CommandName chatmgr" in script
    assert "$env:_CHATMGR_COMPLETE = 'powershell_complete'" in script
    assert script.count("{") == script.count("}")
    assert script.count("(") == script.count(")")
