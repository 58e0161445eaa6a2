"""Completion in real shells: hostile names come out whole, quoted, and nothing in them is run."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.support.commands import Chatmgr
from tests.support.shells import SHELLS, Shell, without_chatmgr
from tests.support.store import Store, execute
from tests.support.tools import BASH_COMPLETION, require

# What is typed before Tab → the name that it stands for. Every one is the only name that begins so.
CASES = {
    "plan\\ t": "plan trip",
    "'plan t": "plan trip",
    '"plan t': "plan trip",
    "plan:": "plan:b",
    "x": "x$(touch pwned)",
    "'x": "x$(touch pwned)",
    '"x': "x$(touch pwned)",
    "y": "y`touch pwned`",
    '"y': "y`touch pwned`",
    "it": "it's; touch pwned",
    '"it': "it's; touch pwned",
    "'it": "it's; touch pwned",
    "q": 'q"uote',
    "'q": 'q"uote',
    "s": "s*",
    "bang": "bang!b",
    "'bang": "bang!b",
    "bac": "back\\slash",
    "'bac": "back\\slash",
    "dé": "déjà vu",
    "日": "日本 の",
    "\\~": "~tilde",
    "\\#": "#hash",
    "a=": "a=b",
    "c": "c,omma & <more> | $HOME",
    "'c": "c,omma & <more> | $HOME",
}
NAMES = sorted(set(CASES.values()))


@pytest.fixture
def named(chatmgr: Chatmgr) -> Chatmgr:
    """Conversations with hostile names."""
    for name in NAMES:  # some of which would be asked as a question
        chatmgr("new", "plain", "--provider", "ollama")
        chatmgr("rename", "plain", name)
    chatmgr.home.joinpath("words").unlink(missing_ok=True)
    return chatmgr


def load(chatmgr: Chatmgr, shell: str) -> str:
    """A line that brings the script in."""
    path = chatmgr.home.parent / f"script.{shell}"
    path.write_text(chatmgr("completion", "show", shell).out, encoding="utf-8")
    return f"source '{path}'"


@pytest.mark.parametrize("shell", SHELLS)
def test_names_complete_to_themselves(named: Chatmgr, shell: str) -> None:
    folder = named.home.parent
    with Shell(shell, without_chatmgr(named.environment()), folder, load(named, shell)) as at:
        for typed, name in CASES.items():
            assert at.complete(f"send {typed}") == ["send", name], typed
        assert at.complete("hist") == ["history"]
        assert at.complete("send x --wa") == ["send", "x", "--wait"]
        assert at.complete("send 'plan trip' --provider=ol") == ["send", "plan trip", "--provider=ollama"]
        assert at.complete("send nosuch") == ["send", "nosuch"]
        Path(folder / "work" / "a file").touch()
        assert at.complete("send x -f a\\ f") == ["send", "x", "-f", "a file"]
    assert {path.name for path in (folder / "work").iterdir()} == {"a file"}


@pytest.mark.parametrize("shell", SHELLS)
def test_paths_and_their_turns_complete(chatmgr: Chatmgr, shell: str) -> None:
    store = Store(f"sqlite:///{chatmgr.home}/chatmgr.db")
    for name in ("tree", "my: tree"):
        store.answer("$(touch pwned)", "yes", name)
    store.close()
    env = without_chatmgr(chatmgr.environment())
    with Shell(shell, env, chatmgr.home.parent, load(chatmgr, shell)) as at:
        assert at.complete("history tree~") == ["history", "tree~1"]
        assert at.complete("switch tree~1@") == ["switch", "tree~1@1"]
        assert at.complete("export tree 'my: tree~") == ["export", "tree", "my: tree~1"]
        assert at.complete("fork my:\\ tree~1@") == ["fork", "my: tree~1@1"]
        assert at.complete("history tree~2") == ["history", "tree~2"]
    assert list((chatmgr.home.parent / "work").iterdir()) == []


@pytest.mark.parametrize("shell", SHELLS)
def test_titles_stand_beside_names(named: Chatmgr, shell: str) -> None:
    red = "UPDATE conversations SET title = 'A: \x1b[31mred' WHERE name LIKE 'plan%'"
    execute(f"sqlite:///{named.home}/chatmgr.db", red)
    with Shell(shell, named.environment(), named.home.parent, load(named, shell)) as at:
        shown = at.listed("send plan", "A: ␛[31mred")
    assert "\x1b[31mred" not in shown


@pytest.mark.parametrize("shell", SHELLS)
def test_the_one_on_path_is_asked_where_there_is_one(named: Chatmgr, shell: str) -> None:
    folder = named.home.parent
    text = load(named, shell)
    script = Path(text.removeprefix("source ").strip("'"))
    script.write_text(
        script.read_text("utf-8").replace(str(Path(sys.executable).parent), "/nowhere"), "utf-8"
    )
    bin_ = folder / "bin"
    bin_.mkdir()
    (bin_ / "chatmgr").symlink_to(Path(sys.executable).with_name("chatmgr"))
    env = without_chatmgr(named.environment())
    with Shell(shell, env | {"PATH": f"{bin_}{os.pathsep}{env['PATH']}"}, folder, text) as at:
        assert at.complete("send bac") == ["send", "back\\slash"]


def a_home(person: Path, shell: str) -> dict[str, str]:
    """The environment of somebody who lives there."""
    empty = dict.fromkeys(("XDG_DATA_HOME", "XDG_CONFIG_HOME", "BASH_COMPLETION_USER_DIR"), "")
    return empty | {"HOME": str(person), "SHELL": shutil.which(shell) or "", "ZDOTDIR": str(person)}


@pytest.mark.parametrize("shell", SHELLS)
def test_installed_it_works_in_a_new_shell(named: Chatmgr, shell: str) -> None:
    person = named.home.parent / "person"
    person.mkdir()
    here = a_home(person, shell)
    named("completion", "install", shell, env=here)
    env = without_chatmgr(named.environment()) | here
    with Shell(shell, env, named.home.parent, "", bare=False) as at:
        assert at.complete("send x") == ["send", "x$(touch pwned)"]
    named("completion", "uninstall", shell, env=here)
    with Shell(shell, env, named.home.parent, "", bare=False) as at:
        assert at.complete("send x") == ["send", "x"]


# Where a shell looks by itself: its start-up file and what stands there, and the script's file.
OWN_PLACES = [
    ("zsh", ".zshrc", "autoload -Uz compinit; compinit -u\n", "functions/_chatmgr"),
    ("bash", ".bashrc", f". {BASH_COMPLETION}\n", ".local/share/bash-completion/completions/chatmgr"),
]


@pytest.mark.parametrize(("shell", "start_up", "text", "script"), OWN_PLACES, ids=["zsh", "bash"])
def test_where_the_shell_looks_by_itself_no_start_up_file_is_touched(
    named: Chatmgr, shell: str, start_up: str, text: str, script: str
) -> None:
    require(shell)
    if shell == "bash":
        require("bash-completion")
    person = named.home.parent / "person"
    (person / "functions").mkdir(parents=True)
    (person / ".zshenv").write_text("fpath=(~/functions $fpath)\n", "utf-8")
    (person / start_up).write_text(text, "utf-8")
    here = a_home(person, shell)
    named("completion", "install", shell, env=here)
    assert (person / script).is_file()
    assert (person / start_up).read_text("utf-8") == text
    env = without_chatmgr(named.environment()) | here
    with Shell(shell, env, named.home.parent, "", bare=False) as at:
        assert at.complete("send 'plan t") == ["send", "plan trip"]
    named("completion", "uninstall", shell, env=here)
    assert not (person / script).exists()
