"""What answers the shell at once says what Click would have said, byte for byte, or leaves it to Click."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.shell_completion import get_completion_class
from platformdirs import user_config_dir, user_data_dir

from chatmgr.cli.help import completion_table
from chatmgr.cli.main import cli
from chatmgr.completion import fast_path, shells
from chatmgr.config import platform_folders
from chatmgr.store.writer import Writer
from chatmgr.ui import context
from tests.support.store import Store

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_CHATMGR_COMPLETE"
NAMES = {
    "demo": "A plan",
    "demo two": "",
    "demo:3": "with: colon\tand tab\nand more",
    "déjà vu": "déjà",
    "it's; $(rm -rf)": "",
    "100%": "_",
    "日本": "東京の話",
    "back\\slash": "x",
    "_under": "",
}
# Answered at once: a name, or a command.
QUICK = [
    "chatmgr send ",
    "chatmgr send de",
    "chatmgr send demo:",
    "chatmgr resume d",
    "chatmgr history dé",
    "chatmgr history de\u0301",  # typed as two code points, kept as one
    "chatmgr history 日",
    "chatmgr history nothing",
    "chatmgr send @",
    "chatmgr history @la",
    "chatmgr history @lost",
    "chatmgr history 100%",
    "chatmgr history =",
    "chatmgr history a=b",
    "chatmgr move demo d",
    "chatmgr move demo nosuch d",
    "chatmgr runs wait d",
    "chatmgr thread show ",
    "chatmgr assistant show p",
    "chatmgr assistant show ",
    "chatmgr assistant show P",
    "chatmgr\nsend\nde",  # as bash joins them
    "chatmgr  send \t de",
    "chatmgr ",
    "chatmgr h",
    "chatmgr x",
    "chatmgr s",
    "chatmgr l",
    "chatmgr rm d",
    "chatmgr rm demo d",
    "chatmgr show d",
    "chatmgr ls ",
    "chatmgr history tree~",
    "chatmgr history tree~1",
    "chatmgr history tree~3",
    "chatmgr history tree~0",
    "chatmgr history tree~x",
    "chatmgr history nosuch~",
    "chatmgr history ~",
    "chatmgr history tree~1@",
    "chatmgr history tree~2@",
    "chatmgr switch tree~1@1",
    "chatmgr fork tree~2@7",
    "chatmgr fork tree~2@0",
    "chatmgr export demo tree~",
    "chatmgr send tree~",
    "chatmgr history arbre\u0301~1@2",
    "chatmgr assistant ",
    "chatmgr assistant s",
    "chatmgr db b",
]
# Left to Click.
SLOW = [
    "chatmgr --",
    "chatmgr -",
    "chatmgr send --w",
    "chatmgr send demo ",
    "chatmgr send demo x",
    "chatmgr send --provider o",
    "chatmgr --debug send d",
    "chatmgr send -- d",
    "chatmgr new x -a p",
    "chatmgr nosuch d",
    "chatmgr nosuch verb d",
    "chatmgr send 'de",
    'chatmgr send "demo t',
    "chatmgr send demo\\ t",
    "chatmgr history demo d",
    "chatmgr assistant nosuch p",
    "chatmgr provider show o",
    "chatmgr _",
    "chatmgr help ",
    "chatmgr help config s",
    "chatmgr search d",
    "chatmgr provider rm o",
]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with names of every kind; it is only read."""
    home = tmp_path_factory.mktemp("home")
    writer = Writer(f"sqlite:///{home / 'chatmgr.db'}")
    for name in ("persona", "Persona", "plain"):
        writer.assistants.create(name, f"You are {name}.\nBe  \x1b[2Jbrief. " * 9, "m", "ollama", {})
    for pk, (name, title) in enumerate(NAMES.items(), start=1):
        writer.conversations.create(name, 1, "", "ollama")
        writer.conversations.set_title(pk, title)
    writer.close()
    for name in ("tree", "arbr\u00e9"):
        add_paths(Store(f"sqlite:///{home / 'chatmgr.db'}"), name)
    return home


def add_paths(store: Store, name: str) -> None:
    """A conversation of seventy turns that left a path after its second turn, and again at its end."""
    pk = store.conversation(name).pk
    for number in range(1, 71):
        store.answer(f"question {number}\x1b[2J\nin  two lines", f"answer {number}", name)
    for position in (3, 70):
        store.writer.tree.move_tip(pk, position - 1, "undo")
        store.answer(f"other question {position}", "yes", name)
        if position == 3:
            store.writer.tree.switch(pk, store.reader.tree.named_paths(name)[0][0], 70)
    store.close()


def live_in(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Take a folder for the home."""
    monkeypatch.setenv("CHATMGR_HOME", str(home))
    monkeypatch.delenv("CHATMGR_DATABASE_URL", raising=False)


@pytest.fixture
def home(filled: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That home, lived in."""
    live_in(monkeypatch, filled)
    return filled


def ask(monkeypatch: pytest.MonkeyPatch, shell: str, line: str) -> None:
    """What a shell sets: fish names the word itself, the others its number."""
    words = line.split()
    begun = "" if line[-1:].isspace() else words[-1]
    at = begun if shell == "fish" else str(len(words) - bool(begun))
    for name, value in {VARIABLE: f"{shell}_complete", "COMP_WORDS": line, "COMP_CWORD": at}.items():
        monkeypatch.setenv(name, value)


def clicks(shell: str) -> bytes:
    """What Click's own completion prints."""
    shells.register_shells()
    form = get_completion_class(shell)
    assert form is not None
    context.app.cache_clear()
    try:
        return form(cli, {}, "chatmgr", VARIABLE).complete().encode() + b"\n"
    finally:
        context.close_app()
        context.app.cache_clear()


def test_what_is_offered_of_paths(home: Path) -> None:
    assert offered("tree~") == [
        ("tree~1", "to @70: question 1"),
        ("tree~2", "to @3: other question 3"),
        ("tree~3", "to @70: other question 70"),
    ]
    assert offered("tree~2@") == [
        *((f"tree~2@{number}", f"question {number}") for number in (1, 2)),
        ("tree~2@3", "other question 3"),
    ]
    assert [name for name, _ in offered("tree~3@")] == [f"tree~3@{number}" for number in range(21, 71)]
    assert [name for name, _ in offered("tree~1@7")] == ["tree~1@7", "tree~1@70"]
    assert len(offered("tree~1@1")) == 11
    assert offered("tree~4") == offered("tree~1@8x") == offered("tree~@1") == []


def offered(typed: str) -> list[tuple[str, str]]:
    """What the quick answer offers, with the first line of what was asked."""
    candidates = fast_path._candidates(["history"], typed) or []
    return [(name, about.partition("\x1b")[0]) for name, about in candidates]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("line", QUICK)
def test_the_answer_is_clicks(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
    shell: str,
    line: str,
) -> None:
    ask(monkeypatch, shell, line)
    expected = clicks(shell)
    answered = fast_path.answer_completion()
    printed = capfdbinary.readouterr().out
    assert answered is not line.endswith("=")
    assert printed == (expected if answered else b"")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("line", SLOW)
def test_the_rest_is_left_to_click(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
    shell: str,
    line: str,
) -> None:
    ask(monkeypatch, shell, line)
    assert not fast_path.answer_completion()
    assert capfdbinary.readouterr().out == b""


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        (VARIABLE, "bash_source"),
        (VARIABLE, "powershell_complete"),
        (VARIABLE, "tcsh_complete"),
        (VARIABLE, ""),
        ("COMP_CWORD", "x"),
        ("COMP_CWORD", "-1"),
        ("COMP_CWORD", "0"),
        ("COMP_CWORD", ""),
        ("COMP_WORDS", "chatmgr send d\udcff"),
        ("CHATMGR_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none"),
        ("CHATMGR_HOME", "~/elsewhere"),
    ],
)
def test_what_is_not_plain_is_left_to_click(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
    variable: str,
    value: str,
) -> None:
    ask(monkeypatch, "bash", "chatmgr send d")
    monkeypatch.setenv(variable, value)
    assert not fast_path.answer_completion()
    assert capfdbinary.readouterr().out == b""


def test_a_schema_of_another_version_is_left_to_click(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_in(monkeypatch, tmp_path)
    shutil.copy(filled / "chatmgr.db", tmp_path)
    with closing(sqlite3.connect(tmp_path / "chatmgr.db")) as db:
        db.execute("UPDATE alembic_version SET version_num = '0002'")
        db.commit()
    ask(monkeypatch, "bash", "chatmgr send d")
    assert not fast_path.answer_completion()


def test_a_file_that_is_no_database_is_left_to_click(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    live_in(monkeypatch, tmp_path)
    (tmp_path / "chatmgr.db").write_text("no database\n" * 100)
    ask(monkeypatch, "bash", "chatmgr send d")
    assert not fast_path.answer_completion()


@pytest.mark.parametrize("empty", [True, False])
def test_without_a_database_there_is_no_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes], empty: bool
) -> None:
    live_in(monkeypatch, tmp_path)
    if empty:
        (tmp_path / "chatmgr.db").touch()
    ask(monkeypatch, "zsh", "chatmgr send ")
    assert fast_path.answer_completion()
    assert capfdbinary.readouterr().out == clicks("zsh") == b"\n"
    assert (tmp_path / "chatmgr.db").exists() is empty


@pytest.mark.parametrize("folder", ["a b", "100%", "what?", "a#b", "日本", "%41"])
def test_a_home_of_any_name(
    filled: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
    folder: str,
) -> None:
    shutil.copytree(filled, tmp_path / folder)
    live_in(monkeypatch, tmp_path / folder)
    ask(monkeypatch, "bash", "chatmgr send dé")
    assert fast_path.answer_completion()
    assert capfdbinary.readouterr().out.decode() == "plain,déjà vu\n"
    assert [path.name for path in tmp_path.iterdir()] == [folder]


def test_the_table_is_what_the_commands_say() -> None:
    table = Path(fast_path.__file__).with_name("command_table.py").read_text(encoding="utf-8")
    assert table == completion_table.render(), "type: python -m chatmgr.cli.help.reference"


@pytest.mark.parametrize("home", ["/home/ann", "/", "/home/ann/", "", "ann", None])
@pytest.mark.parametrize("moved", [None, "", "/elsewhere", "relative"])
def test_the_platforms_own_folders(
    monkeypatch: pytest.MonkeyPatch, home: str | None, moved: str | None
) -> None:
    for name, value in {"HOME": home, "XDG_DATA_HOME": moved, "XDG_CONFIG_HOME": moved}.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert platform_folders.data_folder() == user_data_dir("chatmgr", appauthor=False)
    assert platform_folders.config_folder() == user_config_dir("chatmgr", appauthor=False)
