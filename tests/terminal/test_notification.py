"""Notifications: what the terminal is sent, and that no name can send it anything else."""

import pytest

from chatmgr.terminal.focus import WindowFocus
from chatmgr.terminal.notification import Way, notification, way_of

EVIL = "a\x07b\x1b]0;pwned\x1b\\c\x9c\x9b31md\n;e\u202e" + "x" * 500


@pytest.mark.parametrize(
    ("setting", "environment", "way"),
    [
        ("auto", {"TERM": "xterm-256color"}, "bell"),
        ("auto", {"TERM": "xterm-kitty"}, "osc9"),
        ("auto", {"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "osc9"),
        ("auto", {"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app", "TMUX": "x"}, "bell"),
        ("auto", {"TERM": "foot"}, "osc777"),
        ("auto", {"TERM": "rxvt-unicode-256color"}, "osc777"),
        ("auto", {"TERM": "dumb"}, "bell"),
        ("bell", {"TERM": "foot"}, "bell"),
        ("osc9", {"TERM": "dumb"}, "osc9"),
        ("osc777", {"TERM": "xterm-kitty"}, "osc777"),
    ],
)
def test_ways(setting: str, environment: dict[str, str], way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TMUX", "STY", "TERM_PROGRAM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert way_of(setting) == way


def test_sequences() -> None:
    assert notification("“demo” has an answer", "bell") == "\a"
    assert notification("“demo” has an answer", "osc9") == "\x1b]9;“demo” has an answer\x1b\\"
    assert notification("a; b", "osc777") == "\x1b]777;notify;chatmgr;a, b\x1b\\"


@pytest.mark.parametrize("way", ["osc9", "osc777"])
def test_a_name_stays_in_its_sequence(way: Way) -> None:
    sent = notification(EVIL, way)
    inner = sent.removeprefix("\x1b]").removesuffix("\x1b\\")
    assert inner.isprintable()
    assert inner.count(";") == (2 if way == "osc9" else 3) or way == "osc9"
    assert len(inner) <= 130


def test_reports() -> None:
    questions: list[bool] = []

    def knows_reports() -> bool:
        questions.append(True)
        return True

    focus = WindowFocus()
    assert focus.may_be_elsewhere(knows_reports)  # nothing is known, and nothing was to be reported
    focus.take_report("\x1b[O")
    assert focus.may_be_elsewhere(knows_reports)
    focus.take_report("\x1b[A")
    focus.take_report("\x1b[I")
    assert not focus.may_be_elsewhere(knows_reports)
    focus.forget()
    assert focus.may_be_elsewhere(knows_reports)
    assert not questions
    focus.wanted = True
    assert not focus.may_be_elsewhere(knows_reports)  # it would have been reported
    assert focus.may_be_elsewhere(lambda: False)
    assert questions
