"""Rows at the bottom of the screen: what is written above them is as if they had never been there."""

import random
import threading

import pytest

from chatmgr.terminal.bottom_area import BottomArea, Picture, Row, reflows
from chatmgr.terminal.console import Console
from chatmgr.terminal.markdown.streaming_writer import MarkdownWriter
from tests.terminal.markdown_samples import SAMPLES
from tests.terminal.virtual_screen import Paper


class Above(Console):
    """Writes to a screen of paper, above some rows that can be changed."""

    def __init__(self, paper: Paper, count: int = 4) -> None:
        super().__init__()
        self.rows = count
        self.picture_number = 0
        self.area = BottomArea(paper.write, lambda size: self.picture(), paper.size)

    def picture(self) -> Picture:
        """As many rows as there are to be, with the cursor in the last but one."""
        rows = tuple(Row(f"row {number} of {self.picture_number}", 12) for number in range(self.rows))
        return Picture(rows, (max(self.rows - 2, 0), 5))

    def write(self, text: str) -> None:
        self.area.write_above(text)


def streamed_above(text: str, columns: int, lines: int, seed: int) -> tuple[Paper, Paper]:
    """A text in pieces, above an area that changes all the time, and the same text without one."""
    chance = random.Random(seed)
    pieces, rest = [], text
    while rest:
        size = chance.randint(1, 30)
        pieces.append(rest[:size])
        rest = rest[size:]
    paper, alone = Paper(columns, lines), Paper(columns, lines)
    above = Above(paper)
    writer = MarkdownWriter(above, above.area.free_size, above.area.lock)
    writer_alone = MarkdownWriter(alone, alone.size)
    with above.area.shown():
        for piece in pieces:
            writer.draw(piece)
            writer_alone.draw(piece)
            above.picture_number += 1
            above.rows = chance.choice((3, 4, 4, 5, 7))
            if chance.random() < 0.5:
                above.area.refresh()
        writer.finish()
    writer_alone.finish()
    return paper, alone


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", SAMPLES)
def test_an_answer_is_what_it_is_without_the_area(name: str, seed: int) -> None:
    """On a screen that takes its longest block; a block that is higher is settled a few rows earlier."""
    paper, alone = streamed_above(SAMPLES[name], 80, 90 if name.startswith("long") else 40, seed)
    assert paper.text == alone.text


def test_nothing_of_it_reaches_the_scrollback() -> None:
    text = "\n\n".join(f"paragraph {number} with **some** words in it" for number in range(60))
    paper, alone = streamed_above(text, 40, 12, 1)
    assert paper.text == alone.text
    assert "row" not in paper.text


def test_a_line_that_has_not_ended_is_not_cut_by_it() -> None:
    paper = Paper(40)
    above = Above(paper)
    with above.area.shown():
        above.write("one ")
        above.area.refresh()
        assert "row" not in paper.text
        above.write("line")
        above.write("\n")
        assert paper.text.split("\n")[:2] == ["one line", "row 0 of 0"]
    assert paper.text == "one line"


def test_what_has_not_changed_is_not_drawn_again() -> None:
    paper = Paper(40)
    above = Above(paper)
    with above.area.shown():
        written = len(paper.raw)
        for _ in range(5):
            above.area.refresh()
        assert len(paper.raw) == written
        above.picture_number = 1
        above.area.refresh()
        assert len(paper.raw) == written + 1


def test_each_change_is_one_piece_that_is_shown_at_once() -> None:
    paper = Paper(40)
    above = Above(paper)
    with above.area.shown():
        written = len(paper.raw)
        above.write("line\n")
        (piece,) = paper.raw[written:]
    assert piece.startswith("\x1b[?2026h")
    assert piece.endswith("\x1b[?2026l")


def test_a_question_has_the_screen_to_itself() -> None:
    paper = Paper(40)
    above = Above(paper)
    with above.area.shown():
        above.write("above\n")
        with above.area.hidden():
            above.write("a question: ")
            assert paper.text == "above\na question:"
            above.area.refresh()
            above.write("answer\n")
        assert paper.text.startswith("above\na question: answer\nrow 0")


def test_two_threads_write_whole_lines() -> None:
    paper = Paper(60, 20)
    above = Above(paper)

    def write(name: str) -> None:
        for number in range(100):
            above.write(f"{name} {number}\n")
            above.area.refresh()

    threads = [threading.Thread(target=write, args=(name,)) for name in ("left", "right")]
    with above.area.shown():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    lines = paper.text.split("\n")
    assert sorted(lines) == sorted(f"{name} {number}" for name in ("left", "right") for number in range(100))


def test_only_some_terminals_are_known_to_wrap_anew() -> None:
    assert reflows({"TMUX": "/tmp/tmux", "TERM": "xterm"})
    assert reflows({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"})
    assert reflows({"TERM": "alacritty"})
    assert not reflows({"TERM": "xterm-256color"})
    assert not reflows({"TERM": "xterm-256color", "VTE_VERSION": ""})


@pytest.mark.parametrize("program", ["", "iTerm.app"])
def test_it_is_removed_whole_from_a_narrower_screen(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Where rows wrap anew, it takes more of them; where they are cut off, as many as before."""
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.setenv("TERM_PROGRAM", program)
    monkeypatch.setenv("TERM", "xterm-256color")
    paper = Paper(40, 20)
    wide = Picture((Row("x" * 30, 30), Row("typed", 5)), (1, 0))
    area = BottomArea(paper.write, lambda size: wide, paper.size)
    with area.shown():
        area.write_above("above 1\nabove 2\n")
        if program:
            paper.screen.reset()
            paper.screen.resize(20, 20)
            paper.write("above 1\nabove 2\n" + "x" * 30 + "\ntyped\r")
        else:
            paper.screen.resize(20, 20)
    assert paper.text == "above 1\nabove 2"
