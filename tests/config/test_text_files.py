"""config.toml and keys.json on disk: in any usual form, replaced whole, and never seen by others."""

import os
import stat
import sys
from pathlib import Path

import pytest

from tests.support.commands import Chatmgr

BOM = b"\xef\xbb\xbf"
WRITTEN = "# Für Übungen: Γειά σου 🦊\r\ntail = 5\r\n".encode()
ADD = ("provider", "add", "lab", "--api", "completions", "--base-url", "http://127.0.0.1:9/v1")
# Watches, from inside, each file that a command creates or renames: none may be open to others.
WATCH = """
import os, runpy, stat, sys
def hook(event, args):
    if event == "os.rename":
        seen = stat.S_IMODE(os.stat(args[0]).st_mode)
        print(f"renamed {seen:o}", file=sys.stderr)
    if event == "open" and isinstance(args[0], str) and args[0].startswith(os.environ["CHATMGR_HOME"]):
        flags = args[2]
        if flags & os.O_CREAT and not flags & os.O_EXCL:
            print(f"predictable {args[0]}", file=sys.stderr)
sys.addaudithook(hook)
os.umask(0)
runpy.run_module("chatmgr", run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def config(chatmgr: Chatmgr) -> Path:
    """The path of config.toml, in a home that is there."""
    chatmgr.home.mkdir()
    return chatmgr.home / "config.toml"


@pytest.mark.parametrize("mark", [b"", BOM], ids=["bare", "bom"])
def test_the_form_of_the_file_is_understood_and_kept(chatmgr: Chatmgr, config: Path, mark: bytes) -> None:
    config.write_bytes(mark + WRITTEN)
    chatmgr(*ADD)
    after = config.read_bytes()
    assert after.startswith(mark + WRITTEN)
    assert after.count(b"\n") == after.count(b"\r\n") > 2
    assert after.count(BOM) == bool(mark)
    assert '"tail": 5' in chatmgr("config", "show", "--json").out
    assert chatmgr.json("provider", "show", "lab")[0]["base_url"] == "http://127.0.0.1:9/v1"


def test_utf_8_whatever_the_locale(chatmgr: Chatmgr, config: Path) -> None:
    config.write_bytes(WRITTEN)
    env = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    chatmgr.fresh(*ADD, env=env)
    assert config.read_bytes().startswith(WRITTEN)
    chatmgr.fresh("config", "show", env=env)


@pytest.mark.parametrize("there", [True, False], ids=["file", "nothing yet"])
def test_a_symbolic_link_is_followed(chatmgr: Chatmgr, config: Path, there: bool) -> None:
    dotfiles = chatmgr.home.parent / "dotfiles"
    dotfiles.mkdir()
    target = dotfiles / "chatmgr.toml"
    if there:
        target.write_text("tail = 5\n", encoding="utf-8")
    config.symlink_to(target)
    chatmgr(*ADD)
    assert config.is_symlink()
    assert "[providers.lab]" in target.read_text(encoding="utf-8")
    assert list(dotfiles.iterdir()) == [target]


@pytest.mark.parametrize("words", [ADD, ("config", "set-key", "openai")], ids=["config", "keys"])
def test_never_readable_by_others(chatmgr: Chatmgr, config: Path, words: tuple[str, ...]) -> None:
    done = chatmgr.program([sys.executable, "-c", WATCH, *words], stdin=b"sk-test-1234567890\n")
    assert "renamed 600" in done.err
    assert "predictable" not in done.err
    for path in chatmgr.home.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_in_the_way_of_the_scratch_file_is_not_followed(chatmgr: Chatmgr, config: Path) -> None:
    """Scratch names cannot be guessed, so nobody can lay a link there."""
    chatmgr(*ADD)
    assert [path.name for path in chatmgr.home.iterdir()] == ["config.toml"]


def test_what_cannot_be_written_leaves_the_old_file(chatmgr: Chatmgr, config: Path) -> None:
    config.symlink_to(chatmgr.home / "gone" / "config.toml")
    error = chatmgr.refused(7, *ADD)
    assert f"{config} cannot be written: No such file or directory." in error
    assert config.is_symlink()
    assert not os.path.lexists(chatmgr.home / "gone")


def test_a_key_file_with_a_byte_order_mark(chatmgr: Chatmgr, config: Path) -> None:
    (chatmgr.home / "keys.json").write_bytes(BOM + b'{"openai": "sk-test-1234567890"}\r\n')
    assert chatmgr.json("provider", "show", "openai")[0]["key"] == str(chatmgr.home / "keys.json")
