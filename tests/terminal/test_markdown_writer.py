"""The screen while an answer is drawn: small screens, resizing, notices and linear cost."""

import itertools
import os
import random
import re
import time

import pytest

from chatmgr.terminal.markdown.inline import _parser, inline_styled
from chatmgr.terminal.markdown.streaming_writer import MarkdownWriter
from tests.terminal.markdown_samples import SAMPLES
from tests.terminal.test_markdown import cut
from tests.terminal.virtual_screen import Paper, static, streamed

LONG = ["long list", "long fence", "long paragraph", "long line", "long table", "no blanks"]
WORDS = " ".join(f"word{number}" for number in range(400))
ROWS = "".join(f"- item {number} of them\n" for number in range(60))
CODE = "```python\n" + "".join(f"line_{number} = {number}\n" for number in range(60)) + "```\n"


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("name", LONG)
def test_taller_than_the_screen(name: str, columns: int) -> None:
    """What scrolled away is there once, and in order."""
    shown = streamed(cut(SAMPLES[name], random.Random(name)), columns, 24)
    assert shown.text == static(SAMPLES[name], columns, 24).text


@pytest.mark.parametrize("name", LONG)
def test_what_is_written_grows_with_the_text(name: str) -> None:
    """Twice the text is twice the output, or the open block would be drawn whole each time."""
    written = []
    for times in (1, 2):
        text = SAMPLES[name] * times
        paper = streamed([text[at : at + 20] for at in range(0, len(text), 20)], 80, 24)
        written.append(sum(map(len, paper.raw)))
    assert written[1] < 2.3 * written[0]


@pytest.mark.parametrize("text", [WORDS, ROWS, CODE], ids=["paragraph", "list", "code"])
@pytest.mark.parametrize("sizes", [(80, 50), (50, 80), (80, 200), (200, 80), (80, 30, 120, 60)])
def test_resized_in_the_middle(text: str, sizes: tuple[int, ...]) -> None:
    """Every sign is there once, in its order, whatever was drawn for another width before."""
    pieces = cut(text, random.Random(str(sizes)))
    turns = dict(zip(range(10, len(pieces), len(pieces) // len(sizes)), sizes[1:], strict=False))
    paper = Paper(sizes[0], 24)
    writer = MarkdownWriter(paper, paper.size)
    for number, piece in enumerate(pieces):
        writer.draw(piece)
        if number in turns:
            paper.resize(turns[number], 24)
    writer.finish()
    assert "".join(paper.text.split()) == "".join(static(text, 80).text.split())


@pytest.mark.parametrize("sizes", [(80, 50), (80, 200), (200, 60, 90)])
def test_resized_where_long_rows_are_cut_off(sizes: tuple[int, ...]) -> None:
    """Some terminals cut rows off instead: what is above the answer stays, and no row is there twice."""
    paper = Paper(sizes[0], 24)
    paper.out("\n".join(f"above {number}" for number in range(30)))
    writer = MarkdownWriter(paper, paper.size)
    pieces = cut(ROWS + "\n" + WORDS, random.Random(1))
    for number, piece in enumerate(pieces):
        writer.draw(piece)
        if number % 100 == 99:
            paper.screen.resize(24, sizes[number // 100 % len(sizes)])
    writer.finish()
    words = re.findall(r"word\d+(?= )|item \d+|above \d+", paper.text)
    assert words == list(dict.fromkeys(words))
    assert [word for word in words if word[0] in "ai"] == re.findall(
        r"above \d+|item \d+", "\n".join(f"above {number}" for number in range(30)) + ROWS
    )


def test_a_lower_screen_loses_nothing() -> None:
    paper = Paper(80, 24)
    writer = MarkdownWriter(paper, paper.size)
    text = "para\n" * 15
    writer.draw(text)
    paper.resize(80, 8)
    writer.draw("more of it\n\nend\n")
    writer.finish()
    assert paper.text.count("more of it") == 1
    assert paper.text.endswith("end")


def test_a_notice_stands_between_and_nothing_is_lost() -> None:
    paper = Paper(80, 24)
    writer = MarkdownWriter(paper, paper.size)
    writer.draw("Whole.\n\nA paragraph that **is")
    with writer.suspended():
        paper.out("[a notice]")
    writer.write(" not** whole.")
    writer.finish()
    assert paper.text.split("\n") == ["Whole.", "", "[a notice]", "A paragraph that is not whole."] or (
        paper.text.split("\n") == ["Whole.", "[a notice]", "", "A paragraph that is not whole."]
    )


def test_other_output_beside_an_answer() -> None:
    paper = Paper(80, 24)
    writer = MarkdownWriter(paper, paper.size)
    writer.draw("A paragraph that **is")
    writer.beside(lambda: paper.out("[a notice]"))
    writer.write(" not** whole.")
    writer.finish()
    assert paper.text.split("\n") == ["[a notice]", "A paragraph that is not whole."]


def test_what_is_settled_is_not_touched() -> None:
    paper = Paper(80, 24)
    writer = MarkdownWriter(paper, paper.size)
    writer.draw("One two")
    writer.freeze()
    paper.out("thought for 2 s")
    writer.write(" three")
    writer.finish()
    assert paper.text.split("\n") == ["One two", "thought for 2 s", " three"]


def test_a_piece_is_drawn_without_another_coming() -> None:
    paper = Paper(80, 24)
    writer = MarkdownWriter(paper, paper.size)
    writer.write("One")
    writer.write(" two")
    until = time.monotonic() + 30
    while "One two" not in paper.text:
        assert time.monotonic() < until
        os.sched_yield()
    writer.finish()


def test_an_end_without_a_beginning_writes_nothing() -> None:
    paper = Paper(80, 24)
    MarkdownWriter(paper, paper.size).finish()
    assert paper.raw == []


def test_the_short_way_finds_what_the_parser_finds() -> None:
    """Bold words and code alone are not given to the parser; it would say the same of them."""
    parts = [
        "**a b**",
        "`x y`",
        "word",
        " ",
        "\n",
        ".",
        "(",
        ")",
        "**",
        "`",
        "**a **",
        "a**b**",
        "**b:**",
        "*",
    ]
    for chosen in itertools.product(parts, repeat=4):
        source = "".join(chosen).strip()
        if not source:
            continue
        told = _parser().parseInline(source)[0].children or ()
        kinds = {"softbreak": "\n", "hardbreak": "\n"}
        wanted = "".join(kinds.get(token.type, token.content) for token in told)
        assert re.sub(r" *\n *", "\n", inline_styled(source)[0]) == re.sub(r" *\n *", "\n", wanted), source
