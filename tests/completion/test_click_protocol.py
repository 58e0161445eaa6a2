"""Names complete in the shell, through Click's own protocol."""

import pytest

from tests.support.commands import Chatmgr
from tests.support.store import connected

NAMES = ["demo", "demo two", "déjà vu", "it's; $(rm -rf)", "a:b", "100%", "日本"]


@pytest.fixture
def named(chatmgr: Chatmgr) -> Chatmgr:
    """Conversations with names of every kind, and assistants of the same; no server is needed for that."""
    for name in NAMES:
        chatmgr("new", name, "-i", "x", "--provider", "ollama")
    return chatmgr


def completed(chatmgr: Chatmgr, shell: str, words: str, at: int) -> list[str]:
    """What a shell is told to offer for the word at ``at``."""
    env = {"_CHATMGR_COMPLETE": f"{shell}_complete", "COMP_WORDS": words, "COMP_CWORD": str(at)}
    done = chatmgr(env=env)
    assert done.err == ""
    lines = done.out.strip().splitlines()
    return lines[1::3] if shell == "zsh" else [line.removeprefix("plain,") for line in lines]


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_conversations(named: Chatmgr, shell: str) -> None:
    assert set(completed(named, shell, "chatmgr send ", 2)) == set(NAMES)
    for verb in ("send", "resume", "history"):
        assert completed(named, shell, f"chatmgr {verb} de", 2) == ["demo", "demo two"]
    assert completed(named, shell, "chatmgr send dé", 2) == ["déjà vu"]
    assert completed(named, shell, "chatmgr send 日", 2) == ["日本"]
    assert completed(named, shell, "chatmgr send nothing", 2) == []


def test_everything_else(named: Chatmgr) -> None:
    assert completed(named, "bash", "chatmgr his", 1) == ["history"]
    assert completed(named, "bash", "chatmgr assistant sh", 2) == ["show"]
    assert completed(named, "bash", "chatmgr assistant show demo", 3) == ["demo", "demo two"]
    assert completed(named, "bash", "chatmgr new x -a dé", 4) == ["déjà vu"]
    assert completed(named, "bash", "chatmgr send --w", 2) == ["--wait"]


def test_without_a_database(chatmgr: Chatmgr) -> None:
    assert completed(chatmgr, "bash", "chatmgr send ", 2) == []
    assert not chatmgr.home.exists()


def test_with_a_database_that_is_none(chatmgr: Chatmgr) -> None:
    chatmgr.home.mkdir()
    (chatmgr.home / "chatmgr.db").write_text("no database\n" * 100)
    env = {"_CHATMGR_COMPLETE": "bash_complete", "COMP_WORDS": "chatmgr send ", "COMP_CWORD": "2"}
    done = chatmgr(env=env)
    assert (done.out.strip(), done.err) == ("", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_the_script_for_the_shell_is_ours(chatmgr: Chatmgr, shell: str) -> None:
    shown = chatmgr("completion", "show", shell).out
    assert f"Made by: chatmgr completion show {shell}" in shown
    assert "@PROGRAM@" not in shown
    assert chatmgr(env={"_CHATMGR_COMPLETE": f"{shell}_source"}).out == shown


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_a_hostile_answer_is_harmless(named: Chatmgr, shell: str) -> None:
    """A title cannot forge a candidate or reach the terminal; a name that holds such is left out."""
    with connected(f"sqlite:///{named.home}/chatmgr.db") as db:
        db.execute(
            "UPDATE conversations SET title = ? WHERE name = 'demo'", ("x\x1b[31m\ny\tplain\nevil\n_",)
        )
        db.execute(
            "UPDATE conversations SET name = ? WHERE name = 'demo two'", ("demo\x1b]0;x\x07\nplain,rm",)
        )
    env = {"_CHATMGR_COMPLETE": f"{shell}_complete", "COMP_WORDS": "chatmgr send de", "COMP_CWORD": "2"}
    if shell == "fish":
        env["COMP_CWORD"] = "de"
    lines = named(env=env).out.rstrip("\n").split("\n")
    told = "x␛[31m y plain evil _"
    expected = {"bash": ["plain,demo"], "fish": [f"plain,demo\t{told}"]}
    assert lines == expected.get(shell, ["plain", "demo", told])


def test_providers_models_and_descriptions(named: Chatmgr) -> None:
    def zsh(words: str, at: int) -> list[str]:
        env = {"_CHATMGR_COMPLETE": "zsh_complete", "COMP_WORDS": words, "COMP_CWORD": str(at)}
        return named(env=env).out.strip().splitlines()

    assert zsh("chatmgr provider show lo", 3) == ["plain", "local", "local · in this process"]
    assert zsh("chatmgr send demo --provider ol", 4)[1] == "ollama"
    assert zsh("chatmgr send demo --provider local -m smol", 6)[1:] == [
        "smollm2-135m-instruct",
        "the default of local",
    ]
    assert zsh("chatmgr assistant show dé", 3) == ["plain", "déjà vu", "x"]
    assert zsh("chatmgr send demo -f ./x", 4) == ["file", "./x", "_"]
    assert zsh("chatmgr completion install f", 3)[1] == "fish"
