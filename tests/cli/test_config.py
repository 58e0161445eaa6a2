"""Settings are shown, changed, unset and edited; the file stays the user's own."""

import shlex
import sys
from pathlib import Path

import pytest

from chatmgr.config.settings import SETTINGS, Setting
from tests.support.commands import Chatmgr
from tests.support.pseudo_terminal import TerminalProcess

MINE = """\
# my settings
tail = 7  # a week

[local]
# two of four
threads = 2

[providers.work]
api = "responses"
base_url = "https://llm.example.org/v1"
"""


@pytest.fixture
def path(chatmgr: Chatmgr) -> Path:
    """The settings file, with comments and a provider."""
    chatmgr.home.mkdir(mode=0o700)
    path = chatmgr.home / "config.toml"
    path.touch(0o600)
    path.write_text(MINE, "utf-8")
    return path


def use_editor(chatmgr: Chatmgr, *lines: str) -> None:
    """Make an editor of these lines of Python: ``path`` is the file, ``text`` what it holds."""
    script = chatmgr.home.parent / "editor.py"
    begin = ["import pathlib, sys", "path = pathlib.Path(sys.argv[-1])", "text = path.read_text('utf-8')"]
    script.write_text("\n".join([*begin, *lines, ""]), encoding="utf-8")
    chatmgr.env["VISUAL"] = shlex.join([sys.executable, str(script)])


def test_a_value_is_changed_and_nothing_else(chatmgr: Chatmgr, path: Path) -> None:
    done = chatmgr("config", "set", "tail", "5")
    assert done.err.startswith("tail is 5 now (was 7).")
    assert path.read_text("utf-8") == MINE.replace("tail = 7", "tail = 5")
    chatmgr("config", "set", "local.threads", "3")
    assert path.read_text("utf-8") == MINE.replace("tail = 7", "tail = 5").replace(
        "threads = 2", "threads = 3"
    )
    chatmgr("config", "set", "edit_mode", "vi")
    chatmgr("config", "set", "local.context", "4,096")
    [settings] = chatmgr.json("config", "show")
    assert (settings["edit_mode"], settings["local.context"], settings["local.threads"]) == ("vi", 4096, 3)
    assert chatmgr.json("provider", "show", "work")
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row.key)
def test_every_setting_is_shown_set_and_unset(chatmgr: Chatmgr, row: Setting) -> None:
    key, default = row.key, row.default
    shown = chatmgr("config", "show", key)
    assert row.help in shown.err
    value = shown.out.removesuffix("\n")
    other_choices = [choice for choice in row.choices if choice != default]
    changed = {"": "openai", "true": "off", "false": "yes"}.get(value, (other_choices or ["7"])[0])
    chatmgr("config", "set", key, changed)
    [settings] = chatmgr.json("config", "show", key)
    assert settings[key] != default
    assert type(settings[key]) is type(default)
    chatmgr("config", "unset", key)
    assert chatmgr.json("config", "show", key) == [{key: default}]
    assert "is not set" in chatmgr("config", "unset", key).err


@pytest.mark.parametrize(
    ("code", "words", "parts"),
    [
        (5, ("tale", "5"), ("no setting “tale”", "“tail”")),
        (2, ("tail", "five"), ("“tail” must be a whole number, not “five”", "Turns shown")),
        (2, ("tail", "-1"), ("between 0 and",)),
        (2, ("tail", "9" * 5_000), ("must be a whole number",)),
        (2, ("plain", "maybe"), ("must be true or false",)),
        (2, ("timeout", "nan"), ("must be a number",)),
        (2, ("edit_mode", "vim"), ("emacs or vi", "Did you mean “vi”?")),
        (5, ("provider", "opnai"), ("no provider “opnai”", "“openai”")),
        (2, ("providers.work.api", "responses"), ("chatmgr provider add work",)),
        (2, ("openai_api_key", "sk-proj-4f9a8b7c6d5e4f3a2b1c"), ("chatmgr config set-key",)),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_cannot_be_set(
    chatmgr: Chatmgr, path: Path, code: int, words: tuple[str, str], parts: tuple[str, ...]
) -> None:
    error = chatmgr.refused(code, "config", "set", *words)
    assert all(part in error for part in parts), error
    assert "4f9a8b7c" not in error
    assert path.read_text("utf-8") == MINE


def test_a_wrong_file_is_mended(chatmgr: Chatmgr, path: Path) -> None:
    path.write_text(MINE.replace("7", '"seven"') + "[nonsense]\nx = 1\n", "utf-8")
    assert "line 2" in chatmgr.refused(7, "config", "show")
    assert "nothing is changed" in chatmgr.refused(7, "config", "set", "tail", "5")
    assert "nothing is changed" in chatmgr.refused(7, "config", "unset", "nonsense.x")
    path.write_text(MINE.replace("7", '"seven"'), "utf-8")
    chatmgr("config", "set", "tail", "5")
    assert path.read_text("utf-8") == MINE.replace("7", "5")
    path.write_text(MINE.replace("tail", "tale"), "utf-8")
    assert chatmgr("config", "unset", "tale").err == "Removed tale.\n"
    path.write_text("local = 3\n", "utf-8")
    assert "“local” must be a table" in chatmgr.refused(7, "config", "set", "local.threads", "2")
    chatmgr("config", "unset", "local")
    path.write_text("tail = = 3\n", "utf-8")
    assert "not valid TOML" in chatmgr.refused(7, "config", "set", "tail", "5")


def test_editing(chatmgr: Chatmgr, path: Path) -> None:
    use_editor(chatmgr, "path.write_text(text.replace('7', '4'), 'utf-8')")
    assert chatmgr("config", "edit").err == f"Saved in {path}.\n"
    assert path.read_text("utf-8") == MINE.replace("7", "4")
    assert chatmgr("config", "edit").err == "Nothing was changed.\n"


def test_editing_a_file_that_is_not_there(chatmgr: Chatmgr) -> None:
    path = chatmgr.home / "config.toml"
    use_editor(chatmgr, "assert all(key in text for key in ('tail', 'local.threads'))")
    assert chatmgr("config", "edit").err == "Nothing was changed.\n"
    assert not path.exists()
    use_editor(chatmgr, "import re", "path.write_text(re.sub('# (?=[a-z_.]+ = )', '', text), 'utf-8')")
    chatmgr("config", "edit")
    assert chatmgr.json("config", "show") == [{row.key: row.default for row in SETTINGS}]
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_edited_wrong_is_said_and_not_saved(chatmgr: Chatmgr, path: Path) -> None:
    use_editor(chatmgr, "path.write_text(text.replace('tail', 'tale'), 'utf-8')")
    error = chatmgr.refused(7, "config", "edit")
    assert "line 2: “tale” is not a setting. Nothing was changed. Did you mean “tail”?" in error
    use_editor(chatmgr, r"path.write_bytes(b'tail = 3\n# caf\xe9\n')")
    assert "line 2 is not UTF-8 text. Nothing was changed." in chatmgr.refused(7, "config", "edit")
    assert path.read_text("utf-8") == MINE


def test_at_a_terminal_it_can_be_edited_again(chatmgr: Chatmgr, path: Path) -> None:
    use_editor(
        chatmgr,
        "wrong = 'tale' in text",
        "path.write_text(text.replace(*(('tale', 'tail') if wrong else ('tail = 7', 'tale = 8'))), 'utf-8')",
    )
    for answer, tail in (("n", "7"), ("", "8")):
        environ = chatmgr.environment(TERM="xterm-256color")
        args = ["-m", "chatmgr", "config", "edit"]
        with TerminalProcess(args, environ, chatmgr.home.parent, size=(45, 200)) as process:
            process.read_until("line 2: “tale” is not a setting")
            process.read_until("[Y/n]")
            process.send(f"{answer}\r")
            process.read_until(None)
            assert process.wait() == 0
        assert path.read_text("utf-8") == MINE.replace("7", tail)


def test_a_change_by_another_command_meanwhile_stays(chatmgr: Chatmgr, path: Path) -> None:
    command = shlex.join([sys.executable, "-m", "chatmgr", "config", "set", "tail", "9"])
    use_editor(
        chatmgr, "path.write_text(text.replace('7', '4'), 'utf-8')", "import os", f"os.system({command!r})"
    )
    error = chatmgr("config", "edit", code=7).err
    assert "was changed by another command meanwhile" in error
    assert path.read_text("utf-8") == MINE.replace("7", "9")
    aside = path.with_name("config.toml.edited")
    assert aside.read_text("utf-8") == MINE.replace("7", "4")
    assert aside.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("chatmgr config set ta", ["tail"]),
        ("chatmgr config show local.", ["local.threads", "local.context", "local.max_tokens"]),
        ("chatmgr config unset edit", ["edit_mode"]),
        ("chatmgr config set edit_mode ", ["emacs", "vi"]),
        ("chatmgr config set plain t", ["true"]),
        ("chatmgr config set provider o", ["openai", "ollama"]),
        ("chatmgr config set tail ", []),
    ],
)
def test_completion(chatmgr: Chatmgr, line: str, offered: list[str]) -> None:
    words = line.split(" ")
    env = {"_CHATMGR_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    assert chatmgr(env=env).out.split() == [f"plain,{value}" for value in offered]
