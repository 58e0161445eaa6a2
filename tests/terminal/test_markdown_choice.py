"""Where Markdown is rendered, and with what: a pipe, a dumb terminal, NO_COLOR."""

import os
import re
from collections.abc import Iterator
from typing import TextIO

import pytest

from chatmgr.terminal.markdown import rendered_lines, wants_markdown
from tests.terminal.virtual_screen import plain

TEXT = "# Head\n\n**bold** `code` [link](http://a.example)\n\n```python\ndef f(): return 1\n```\n"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[TextIO]:
    """A stream that is a terminal."""
    monkeypatch.setenv("TERM", "xterm-256color")
    other, own = os.openpty()
    with os.fdopen(own, "w") as stream:
        yield stream
    os.close(other)


def test_at_a_terminal(terminal: TextIO) -> None:
    assert wants_markdown(terminal)


def test_not_when_it_is_wanted_plain(terminal: TextIO) -> None:
    assert not wants_markdown(terminal, plain=True)


def test_not_at_a_dumb_one(terminal: TextIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert not wants_markdown(terminal)


def test_not_in_a_pipe() -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream:
        assert not wants_markdown(stream)
    os.close(reader)


def test_no_color_leaves_structure(terminal: TextIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its standard is about colour alone: bold, italic and underline stay."""
    monkeypatch.setenv("NO_COLOR", "1")
    assert wants_markdown(terminal)
    written = "\n".join(rendered_lines(TEXT, 80))
    codes = {int(part) for result in re.findall(r"\x1b\[([0-9;]+)m", written) for part in result.split(";")}
    assert codes == {0, 1, 2, 4}
    assert "\x1b[1;4mHead" in written


def test_colours_are_the_terminals_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """None bright, no background, neither black nor white nor yellow: readable on dark and on light."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    written = "\n".join(rendered_lines(TEXT + "- x\n\n> *y*\n", 80))
    codes = {int(part) for result in re.findall(r"\x1b\[([0-9;]+)m", written) for part in result.split(";")}
    assert codes <= {0, 1, 2, 3, 4, 9, 31, 32, 34, 35, 36}


def test_code_can_be_copied() -> None:
    """Lines as they are between two rules: nothing beside them, none cut or broken."""
    long = "x = '" + "y" * 300 + "'  "
    head, *lines, foot = rendered_lines(f"```\nif x:\n\t{long}\n\n    end\n```\n", 80)
    assert plain([head, foot]) == "── 1\n──"
    assert lines[0] == "if x:"
    assert lines[1].startswith("\tx = 'yyy")
    assert lines[1].count("y") == 300
    assert lines[2:] == ["", "    end"]
