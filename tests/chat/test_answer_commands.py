"""Copying, the code of an answer, saving: exact, and harmless when it is pasted or printed."""

import re
import stat
import time
from base64 import b64decode
from pathlib import Path

import pytest

from tests.support.sample_items import IMAGE, PNG, answered
from tests.support.screen import CTRL_C, ENTER, PATIENCE, Open, Screen
from tests.support.store import Store
from tests.wire import WireServer

NEW = ("new", "demo", "-i", "Be brief.")
NOWHERE = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "SSH_CONNECTION": "", "SSH_TTY": "", "TMUX": ""}
NOWHERE |= {"TERMUX_VERSION": "", "WSL_DISTRO_NAME": ""}
CODE = "Do this:\n\n```python\nimport os\n\n\nprint(os.name)\n```\n\nor\n\n```\nls -l\n```\n"
EVIL = "before\x1b[201~rm -rf ~\r\nmiddle\x1b]0;pwned\x07\x9b31m\u202e\x7f\tend\n\n"


def tool(folder: Path, name: str, body: str = "") -> str:
    """A clipboard tool: a script that keeps what it is given. Returns the PATH on which it comes first."""
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    held = folder / "clipboard"
    path.write_text(f"#!/bin/sh\n{body or f'echo {name} $@ > {held}.by; cat > {held}'}\n", encoding="utf-8")
    path.chmod(0o700)
    return f"{path.parent}:/usr/bin:/bin"


def sent_to_terminal(screen: Screen) -> list[str]:
    """What the terminal was told to put on its clipboard."""
    return [b64decode(part).decode() for part in re.findall(r"\x1b\]52;c;([^\x07]*)\x07", screen.raw)]


def answering(wire: WireServer, *answers: str) -> None:
    """Let the model give these answers, in this order."""
    wire.world.reply = lambda messages, instructions: answers[sum(role == "user" for role, _ in messages) - 1]


def test_copy_by_a_tool(open_chat: Open, wire: WireServer, tmp_path: Path) -> None:
    answering(wire, "the *first*\n\nanswer", "the second")
    screen = open_chat(*NEW, **{**NOWHERE, "DISPLAY": ":7"}, PATH=tool(tmp_path, "xclip"))
    screen.say("/copy")
    screen.until("“demo” has no answers yet.", at_prompt=True)
    screen.say("one")
    screen.until("answer", at_prompt=True)
    screen.say("two")
    screen.until("the second", at_prompt=True)
    screen.say("/copy")
    screen.until("Copied demo@2: 10 characters, by xclip.", at_prompt=True)
    assert (tmp_path / "clipboard").read_text("utf-8") == "the second"
    assert (tmp_path / "clipboard.by").read_text("utf-8") == "xclip -selection clipboard -in\n"
    screen.say("/copy 2")
    screen.until("Copied demo@1: 19 characters, by xclip.", at_prompt=True)
    assert (tmp_path / "clipboard").read_text("utf-8") == "the *first*\n\nanswer"
    for typed, message in (
        ("/copy 3", "“demo” has fewer than 3 answers."),
        ("/copy x", "“x” is not a number."),
    ):
        screen.say(typed)
        screen.until(message, at_prompt=True)
    assert sent_to_terminal(screen) == []
    assert len(wire.turns_heard) == 2


@pytest.mark.parametrize(
    ("display", "name"),
    [
        ("WAYLAND_DISPLAY", "wl-copy"),
        ("DISPLAY", "xsel"),
        ("TERMUX_VERSION", "termux-clipboard-set"),
        ("TMUX", "tmux"),
        ("WSL_DISTRO_NAME", "clip.exe"),
    ],
)
def test_each_display_has_its_tool(open_chat: Open, tmp_path: Path, display: str, name: str) -> None:
    screen = open_chat(*NEW, **{**NOWHERE, display: "7"}, PATH=tool(tmp_path, name))
    screen.say("hello")
    screen.until("1 user turns", at_prompt=True)
    screen.say("/copy")
    screen.until(f"by {name}.", at_prompt=True)
    encoding = "utf-16" if name == "clip.exe" else "utf-8"  # what it takes without knowing a code page
    assert (tmp_path / "clipboard").read_text(encoding) == "1 user turns; you said: 'hello'"


def test_a_tool_that_stays_holds_up_nothing(open_chat: Open, tmp_path: Path) -> None:
    """Whoever owns an X selection has to stay: it does not end with Ctrl-C, and nobody waits for it."""
    needed, over = tmp_path / "needed", tmp_path / "over"
    needed.touch()
    body = f"cat > /dev/null; (while [ -e {needed} ]; do sleep 0.05; done; touch {over}) &"
    screen = open_chat(*NEW, **{**NOWHERE, "DISPLAY": ":7"}, PATH=tool(tmp_path, "xclip", body))
    screen.say("hello")
    screen.until("1 user turns", at_prompt=True)
    screen.say("/copy")
    screen.until("by xclip.", at_prompt=True)
    assert not over.exists()
    needed.unlink()
    screen.say("/exit")
    assert screen.end() == 0
    deadline = time.monotonic() + PATIENCE
    while not over.exists():
        assert time.monotonic() < deadline


def test_copy_by_the_terminal(open_chat: Open, wire: WireServer, tmp_path: Path) -> None:
    """Where no tool is, none works, or all of them would fill a far machine's clipboard."""
    answering(wire, "ä short one", "x" * 80_000)
    path = tool(tmp_path, "xclip", "exit 1")
    tool(tmp_path, "wl-copy")
    far = {**NOWHERE, "SSH_TTY": "/dev/pts/9", "WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":7"}
    screen = open_chat(*NEW, **far, PATH=path)
    screen.say("one")
    screen.until("ä short one", at_prompt=True)
    screen.say("/copy")
    screen.until("Copied demo@1: 11 characters, by the terminal (OSC 52).", at_prompt=True)
    assert sent_to_terminal(screen) == ["ä short one"]
    screen.say("two")
    screen.until("xxxx", at_prompt=True)
    screen.say("/copy")
    screen.until("has 80,000 bytes", at_prompt=True)
    assert len(sent_to_terminal(screen)) == 1
    assert not (tmp_path / "clipboard").exists()


def test_there_is_no_clipboard(open_chat: Open) -> None:
    screen = open_chat(*NEW, term="dumb", **NOWHERE)
    screen.until("❯")
    screen.type(f"hello{ENTER}")
    screen.until("1 user turns; you said: 'hello'")
    screen.type(f"/copy{ENTER}")
    screen.until("No clipboard is available.", "Save it to a file: /save PATH")
    assert "\x1b" not in screen.raw


def test_what_is_copied_runs_nothing_when_it_is_pasted(
    open_chat: Open, wire: WireServer, tmp_path: Path
) -> None:
    answering(wire, EVIL)
    screen = open_chat(*NEW, **NOWHERE)
    screen.say("one")
    screen.until("before", "end", at_prompt=True)
    screen.say("/copy")
    screen.until("without 5 control characters", at_prompt=True)
    assert sent_to_terminal(screen) == ["before[201~rm -rf ~\nmiddle]0;pwned31m\u202e\tend"]
    screen.say("/save answer.md")
    screen.until("Saved demo@1 to answer.md", at_prompt=True)
    saved = "before␛[201~rm -rf ~\nmiddle␛]0;pwned␇<9B>31m<202E>␡\tend\n\n"
    assert (tmp_path / "answer.md").read_text("utf-8") == saved
    assert "pwned" not in screen.title
    for sequence in ("\x1b[201~", "\x1b]0;", "\x9b", "\u202e"):
        assert sequence not in screen.raw


def test_code_blocks_are_listed_and_copied(open_chat: Open, wire: WireServer) -> None:
    answering(wire, CODE, "```sh \x1b]0;pwned\x07\n\x1b]0;pwned\x07\n```", "no code at all")
    screen = open_chat(*NEW, **NOWHERE)
    screen.say("one")
    screen.until("ls -l", at_prompt=True)
    screen.say("/code")
    screen.until(
        "1  python    4      import os", "2  —         1      ls -l", "Copy one: /code N", at_prompt=True
    )
    screen.say("/code 1")
    screen.until("Copied code block 1 (python) of demo@1: 26 characters, by", at_prompt=True)
    screen.say("/code 2")
    screen.until("Copied code block 2 of demo@1: 5 characters, by", at_prompt=True)
    assert sent_to_terminal(screen) == ["import os\n\n\nprint(os.name)", "ls -l"]
    screen.say("/code 3")
    screen.until("demo@1 contains 2 code blocks.", "List them: /code", at_prompt=True)
    screen.say("two")
    screen.until("pwned", at_prompt=True)
    screen.say("/code")
    screen.until("1  sh        1      ␛]0;pwned␇", at_prompt=True)
    screen.say("three")
    screen.until("no code at all", at_prompt=True)
    screen.say("/code")
    screen.until("demo@3 contains no code.", at_prompt=True)
    assert "\x1b]0;" not in screen.raw


def test_saving(open_chat: Open, wire: WireServer, tmp_path: Path) -> None:
    answering(wire, CODE, "another")
    screen = open_chat(*NEW)
    screen.say("one")
    screen.until("ls -l", at_prompt=True)
    for typed, message in (
        ("/save", "Name a file: /save PATH"),
        ("/save no/such/folder/x", "no/such/folder/x cannot be written: No such file or directory."),
        (f"/save {tmp_path}", "cannot be written: it is a folder."),
        ("/save ~nobody-of-this-name/x", "cannot be written:"),
    ):
        screen.say(typed)
        screen.until(message, at_prompt=True)
    screen.say("/save 'an answer.md'")
    screen.until(f"Saved demo@1 to an answer.md ({len(CODE)} bytes).", at_prompt=True)
    kept = tmp_path / "an answer.md"
    assert kept.read_text("utf-8") == CODE
    plain = tmp_path / "plain"
    plain.touch()
    assert stat.S_IMODE(kept.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    screen.say("two")
    screen.until("another", at_prompt=True)
    for answer in (f"n{ENTER}", CTRL_C):
        screen.say("/save an\\ answer.md")
        screen.until("an answer.md exists. Overwrite it? [y/N]:")
        screen.type(answer)
        screen.until("an answer.md stays as it was.", at_prompt=True)
        assert kept.read_text("utf-8") == CODE
        screen.clear()
    screen.say("/save an\\ answer.md")
    screen.until("Overwrite it? [y/N]:")
    screen.type(f"y{ENTER}")
    screen.until("Saved demo@2 to an answer.md (7 bytes).", at_prompt=True)
    assert kept.read_text("utf-8") == "another"
    assert wire.turns_heard == ["one", "two"]


def test_saving_the_images_of_an_answer(
    open_chat: Open, wire: WireServer, sqlite_url: str, tmp_path: Path
) -> None:
    answering(wire, "Look.")
    screen = open_chat(*NEW)
    screen.say("one")
    screen.until("Look.", at_prompt=True)
    screen.say(f"/save {tmp_path}/")
    screen.until("written: ", at_prompt=True)  # the path before it may fill the line
    store = Store(sqlite_url)
    answered(store, "", IMAGE, name="demo")
    store.close()
    screen.say(f"/save {tmp_path}/pictures/")
    screen.until("cat.png (264", at_prompt=True)  # the path before it may fill the line
    assert (tmp_path / "pictures" / "cat.png").read_bytes() == PNG
