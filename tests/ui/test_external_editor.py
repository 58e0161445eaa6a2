"""The editor's file lies where nobody else can look, and nothing of the text stays behind."""

import shlex
import sys
from pathlib import Path

import pytest

from chatmgr.domain.errors import ChatmgrError
from chatmgr.ui.external_editor import edit_text
from tests.support.commands import Chatmgr
from tests.support.pseudo_terminal import TerminalProcess

LITTER = """
import os, pathlib, stat, sys
path = pathlib.Path(sys.argv[-1])
folder = path.parent
modes = [oct(stat.S_IMODE(one.stat().st_mode)) for one in (folder, path)]
text = path.read_text(encoding="utf-8")
for name in (path.name + "~", "." + path.name + ".swp", "." + path.name + ".un~", "#" + path.name + "#"):
    (folder / name).write_text(text, encoding="utf-8")
(folder / "backup").mkdir()
(folder / "backup" / path.name).write_text(text, encoding="utf-8")
path.write_text(text + " edited\\n", encoding="utf-8")
pathlib.Path(os.environ["SEEN"]).write_text("\\n".join([str(path), *modes]), encoding="utf-8")
"""
TEXT = "a secret plan"


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An editor that leaves much behind; what it saw is in this file. Temporary files are made below here."""
    script = tmp_path / "editor.py"
    script.write_text(LITTER, encoding="utf-8")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("SEEN", str(tmp_path / "seen"))
    monkeypatch.setenv("VISUAL", shlex.join([sys.executable, str(script)]))
    return tmp_path / "seen"


def test_the_folder_is_private_and_goes(seen: Path) -> None:
    assert edit_text(TEXT) == f"{TEXT} edited"
    path, folder_mode, file_mode = seen.read_text("utf-8").split("\n")
    assert (folder_mode, file_mode) == ("0o700", "0o600")
    assert path.endswith(".md")
    assert not Path(path).parent.exists()
    assert list((seen.parent / "tmp").iterdir()) == []


def test_a_failing_editor_leaves_nothing_either(seen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for editor, reason in (
        (shlex.join(["sh", "-c", 'cp "$1" "$1~"; exit 3', "-"]), "exited with code 3"),
        (shlex.join(["sh", "-c", 'mv "$1" "$1~"', "-"]), "removed its file"),
        (str(seen.parent / "no-editor"), "cannot be started"),
    ):
        monkeypatch.setenv("VISUAL", editor)
        with pytest.raises(ChatmgrError, match=reason):
            edit_text(TEXT)
        assert list((seen.parent / "tmp").iterdir()) == []


def test_instructions_are_edited_there_too(chatmgr: Chatmgr, seen: Path) -> None:
    chatmgr("assistant", "new", "poet", "-i", TEXT)
    environ = chatmgr.environment(TERM="xterm-256color")
    args = ["-m", "chatmgr", "assistant", "edit", "poet"]
    with TerminalProcess(args, environ, chatmgr.home.parent, size=(45, 100)) as process:
        assert "is now at version 2" in process.read_until(None)
    path, folder_mode, _ = seen.read_text("utf-8").split("\n")
    assert folder_mode == "0o700"
    assert not Path(path).parent.exists()
    assert chatmgr.json("assistant", "show", "poet")[0]["instructions"] == f"{TEXT} edited"


@pytest.mark.parametrize("api", ["completions"])
def test_a_turn_is_edited_there_too(talking: Chatmgr, seen: Path) -> None:
    environ = talking.environment(TERM="xterm-256color")
    args = ["-m", "chatmgr", "edit", "demo@1", "-e"]
    with TerminalProcess(args, environ, talking.home.parent, size=(45, 100)) as process:
        shown = process.read_until(None)
    assert "demo@1 is said differently, on a path of its own." in shown
    assert talking.turn("demo@1")["user"] == "one edited"
    assert not Path(seen.read_text("utf-8").split("\n")[0]).parent.exists()
    unchanged = talking.environment(TERM="xterm-256color", VISUAL="true")
    with TerminalProcess(args, unchanged, talking.home.parent, size=(45, 100)) as process:
        assert "Nothing changed." in process.read_until(None)
