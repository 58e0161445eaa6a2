"""The vocabulary of styles: every theme knows every style, and colour can be taken away from each."""

import os
import re
from typing import get_args

import pytest

from chatmgr.config.settings import SETTINGS
from chatmgr.terminal import theme
from chatmgr.terminal.theme import Look, choose_look, paint, sgr, styled
from tests.support.colours import colours


@pytest.fixture(autouse=True)
def default_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(theme, "_chosen", theme._ChosenLook())


def test_the_setting_has_the_themes_there_are() -> None:
    [setting] = [setting for setting in SETTINGS if setting.key == "theme"]
    assert setting.choices == theme.THEMES == tuple(theme._PALETTES)
    assert setting.default == Look().theme


@pytest.mark.parametrize("name", theme.THEMES)
def test_every_theme_knows_every_style(name: str) -> None:
    choose_look(lambda: Look(theme=name))
    assert set(get_args(theme.Style)) == {"", *theme._AUTO}
    for style in theme._AUTO:
        assert re.fullmatch(r"(\x1b\[[0-9;]+m)?words(\x1b\[0m)?", paint("words", style))


def test_auto_keeps_to_the_terminals_own_sixteen_colours() -> None:
    for style in theme._AUTO:
        assert "38;5" not in sgr(style)
        assert "48;5" not in sgr(style)


@pytest.mark.parametrize("name", theme.THEMES)
def test_no_color_leaves_attributes_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    choose_look(lambda: Look(theme=name))
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colours("".join(paint("x", style) for style in theme._AUTO))
    assert paint("x", "typed") == "\x1b[1mx\x1b[0m"
    assert paint("x", "match") == "\x1b[1mx\x1b[0m"
    assert paint("x", "accent") == "x"


def test_the_theme_none_has_no_colour() -> None:
    choose_look(lambda: Look(theme="none"))
    assert not colours("".join(paint("x", style) for style in theme._AUTO))
    assert paint("x", "strong link") == "\x1b[1;4mx\x1b[0m"


def test_a_dumb_terminal_and_a_pipe_get_text(monkeypatch: pytest.MonkeyPatch) -> None:
    assert styled("x", "accent", False) == "x"
    assert styled("x", "accent", True) == "\x1b[36mx\x1b[0m"
    assert os.environ["TERM"] != "dumb"
    monkeypatch.setenv("TERM", "dumb")
    assert styled("x", "accent", True) == "x"


def test_the_look_is_read_when_it_is_needed_and_once() -> None:
    read: list[int] = []

    def source() -> Look:
        read.append(1)
        return Look(theme="dark")

    choose_look(source)
    assert not read
    assert paint("x", "accent") == paint("x", "accent") == "\x1b[96mx\x1b[0m"
    assert read == [1]
