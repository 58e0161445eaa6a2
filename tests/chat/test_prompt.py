"""The chat's input line: line breaks, pastes, histories, the editor, the two modes, the toolbar."""

from pathlib import Path

import pytest

from tests.support.colours import colours
from tests.support.screen import ALT_ENTER, CTRL_D, CTRL_R, EDITOR_KEYS, ENTER, ESC, PATIENCE, UP, Open
from tests.wire import WireServer

NEW = ("new", "demo", "-i", "Be brief.")


def heard(wire: WireServer) -> str:
    """What the server was told last."""
    return wire.turns_heard[-1]


def test_alt_enter_breaks_the_line(open_chat: Open, wire: WireServer) -> None:
    screen = open_chat(*NEW)
    screen.until(at_prompt=True)
    screen.type(f"first{ALT_ENTER}second")
    screen.until("❯ first\n  second")
    assert wire.turns_heard == []
    screen.type(ENTER)
    screen.until("1 user turns", at_prompt=True)
    assert heard(wire) == "first\nsecond"


def test_three_quotes_go_on_to_three_quotes(open_chat: Open, wire: WireServer) -> None:
    screen = open_chat(*NEW)
    screen.until(at_prompt=True)
    screen.type(f'"""{ENTER}/one{ENTER}{ENTER}two')
    screen.until('❯ """\n  /one\n', "  two")
    screen.type(f'{ENTER}"""{ENTER}')
    screen.until("1 user turns", at_prompt=True)
    assert heard(wire) == "/one\n\ntwo"
    screen.say('"""on one line"""')
    screen.until("2 user turns", at_prompt=True)
    assert heard(wire) == "on one line"


def test_a_paste_keeps_its_lines_and_sends_nothing(open_chat: Open, wire: WireServer) -> None:
    screen = open_chat(*NEW)
    screen.until(at_prompt=True)
    screen.paste("def f():\n\treturn 1\n\nf()\n")
    screen.until("❯ def f():", "return 1", "  f()")
    assert wire.turns_heard == []
    screen.type(ENTER)
    screen.until("1 user turns", at_prompt=True)
    assert heard(wire) == "def f():\n\treturn 1\n\nf()\n"


@pytest.mark.parametrize(
    ("typed", "sent"),
    [("/etc/hosts what is this", "/etc/hosts what is this"), ("//model x", "/model x"), ("/1", "/1")],
)
def test_what_is_no_command_is_a_message(open_chat: Open, wire: WireServer, typed: str, sent: str) -> None:
    screen = open_chat(*NEW)
    screen.say(typed)
    screen.until("1 user turns", at_prompt=True)
    assert heard(wire) == sent


def test_ctrl_r_searches_all_conversations(open_chat: Open, wire: WireServer) -> None:
    assert open_chat("new", "other", "-i", "", "the quick brown fox").end() == 0
    assert open_chat("new", "third", "-i", "", "the quick brown fox").end() == 0
    screen = open_chat(*NEW, "something else")
    assert screen.end() == 0
    screen = open_chat("resume", "demo")
    screen.until("'something else'", at_prompt=True)
    screen.type(UP + UP)
    screen.until("❯ something else")  # what was said elsewhere is not above it
    screen.type("\x15" + CTRL_R)
    screen.until("2 of 2 · your messages")
    screen.type("quibr")
    screen.until("1 of 2", "▌ the quick brown fox")
    screen.type(ENTER)
    screen.until("❯ the quick brown fox")
    assert wire.turns_heard.count("the quick brown fox") == 2
    screen.type(f"!{ENTER}")
    screen.until("2 user turns; you said: 'the quick brown fox!'", at_prompt=True)


def test_ctrl_r_left_with_escape_changes_nothing(open_chat: Open) -> None:
    assert open_chat(*NEW, "one").end() == 0
    screen = open_chat("resume", "demo")
    screen.until("'one'", at_prompt=True)
    screen.type("draft")
    screen.until("❯ draft")
    screen.type(CTRL_R)
    screen.until("0 of 1 · your messages")
    screen.type(ESC)
    screen.until("❯ draft\ndemo")


def script(folder: Path, body: str) -> str:
    """An editor that is a small shell script."""
    path = folder / "my editor"
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o700)
    return f"'{path}' --wait"


def test_the_editor_gets_the_line_and_gives_it_back(
    open_chat: Open, wire: WireServer, tmp_path: Path
) -> None:
    note = tmp_path / "note"
    editor = script(tmp_path, f'ls -l "$2" > {note}; echo "$2" >> {note}; echo "and more" >> "$2"')
    screen = open_chat(*NEW, VISUAL=editor, EDITOR="false")
    screen.until(at_prompt=True)
    screen.type("half")
    screen.until("❯ half")
    screen.type(EDITOR_KEYS)
    screen.until("❯ halfand more")
    screen.type(ENTER)
    screen.until("1 user turns", at_prompt=True)
    assert heard(wire) == "halfand more"
    listed, name = note.read_text(encoding="utf-8").splitlines()
    assert listed.startswith("-rw-------")
    assert not Path(name).exists()
    screen.say("/edit given")
    screen.until("❯ givenand more")
    screen.type(ENTER)
    screen.until("2 user turns", at_prompt=True)
    assert heard(wire) == "givenand more"


@pytest.mark.parametrize(
    ("editor", "error"),
    [("/no/such/editor", "The editor /no/such/editor cannot be started: No such file or directory."),
     ("false", "The editor false exited with code 1; the text is unchanged.")],
)  # fmt: skip
def test_an_editor_that_fails_says_so(open_chat: Open, editor: str, error: str) -> None:
    screen = open_chat(*NEW, VISUAL=editor)
    screen.until(at_prompt=True)
    screen.type("half")
    screen.until("❯ half")
    screen.type(EDITOR_KEYS)
    screen.until(error, "❯ half")
    screen.type("\x15")
    screen.until(at_prompt=True)
    screen.say("/edit")
    screen.until(error, at_prompt=True)


def test_vi_mode(open_chat: Open, home: Path, wire: WireServer) -> None:
    first = open_chat(*NEW)
    first.until(at_prompt=True)
    first.type(CTRL_D)
    assert first.end() == 0
    settings = home / "config.toml"
    settings.write_text(f'edit_mode = "vi"\n{settings.read_text("utf-8")}', encoding="utf-8")
    screen = open_chat("resume", "demo")
    screen.until(at_prompt=True)
    screen.type("one two")
    screen.until("❯ one two")
    screen.type(ESC)
    screen.type("0")
    screen.type("dw")
    screen.until("❯ two")
    screen.type(ENTER)
    screen.until("1 user turns", at_prompt=True)
    assert heard(wire) == "two"


def test_another_mode_is_refused(open_chat: Open, home: Path) -> None:
    screen = open_chat(*NEW, "one")
    assert screen.end() == 0
    settings = home / "config.toml"
    settings.write_text(f'edit_mode = "nano"\n{settings.read_text("utf-8")}', encoding="utf-8")
    screen = open_chat("resume", "demo")
    assert screen.end() == 7
    assert "line 1: “edit_mode” must be emacs or vi, not 'nano'." in " ".join(screen.lines)


def test_the_toolbar_tells_where_one_is_and_gives_way(open_chat: Open) -> None:
    screen = open_chat(*NEW, "-a", "tutor", "-m", "gpt-4.1", "one")
    assert screen.end() == 0
    screen = open_chat("resume", "demo")
    screen.until("demo · tutor · gpt-4.1", at_prompt=True)
    assert screen.toolbar.startswith("demo · tutor · gpt-4.1 · ")
    assert screen.toolbar.endswith(" tokens")
    screen.resize(20)
    while screen.toolbar != "demo · gpt-4.1":
        assert screen.read(PATIENCE)


def test_the_toolbar_tells_the_model_that_the_provider_chose(open_chat: Open) -> None:
    screen = open_chat(*NEW)
    screen.until("demo · default model of wire", at_prompt=True)
    assert screen.toolbar == "demo · default model of wire"
    screen.say("hello")
    screen.until("you said: 'hello'", "demo · gpt-4.1 · ", at_prompt=True)
    assert "default model" not in screen.toolbar
    screen.type(CTRL_D)
    assert screen.end() == 0
    screen = open_chat("resume", "demo")
    screen.until("demo · gpt-4.1 · ", at_prompt=True)


def test_the_toolbar_tells_the_model_that_is_set_before_the_first_answer(open_chat: Open) -> None:
    screen = open_chat(*NEW, "-m", "gpt-4o-mini")
    screen.until("demo · gpt-4o-mini", at_prompt=True)
    assert screen.toolbar == "demo · gpt-4o-mini"


def test_a_dumb_terminal_gets_plain_lines(open_chat: Open, wire: WireServer) -> None:
    screen = open_chat(*NEW, term="dumb")
    screen.until("❯")
    screen.type(f"hello{ENTER}")
    screen.until("1 user turns; you said: 'hello'")
    screen.type(CTRL_D)
    assert screen.end() == 0
    assert "\x1b" not in screen.raw


def test_hostile_history_is_shown_harmless(open_chat: Open) -> None:
    evil = "a\x1b]0;pwned\x07b\u202ec\u200bd"
    assert open_chat(*NEW, evil).end() == 0
    screen = open_chat("resume", "demo")
    screen.until(at_prompt=True)
    screen.type(UP)
    screen.until("❯ a␛]0;pwned␇b\ufffdc\ufffdd")
    screen.type(CTRL_R)
    screen.until("▌ a␛]0;pwned␇b<202E>c<200B>d")
    screen.type(ESC)
    screen.until("❯ a␛]0;pwned␇b")
    for sequence in ("\x1b]", "\u202e", "\u200b"):
        assert sequence not in screen.raw


def test_no_color_is_respected(open_chat: Open) -> None:
    screen = open_chat(*NEW, NO_COLOR="1")
    screen.until(at_prompt=True)
    screen.type("/")
    screen.until("/switch", "switch to another conversation")
    assert colours(screen.raw) == []


def test_a_database_that_is_gone_is_told_once(open_chat: Open, home: Path) -> None:
    """Histories and toolbar have nothing to say then; the search says why."""
    assert open_chat(*NEW, "one").end() == 0
    screen = open_chat("resume", "demo")
    screen.until("'one'", at_prompt=True)
    (home / "chatmgr.db").write_bytes(b"this is no database, whatever its name may say" * 100)
    screen.type(f"draft{CTRL_R}")
    screen.until("chatmgr.db", "❯ draft")
    assert "Traceback" not in screen.raw
