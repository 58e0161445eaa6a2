"""Blocks of code: their rule with language and number, their frame, and patches in colour."""

import random
from collections.abc import Iterator

import pytest

from chatmgr.terminal import theme
from chatmgr.terminal.markdown import code_blocks, rendered_lines
from chatmgr.terminal.theme import Look, choose_look
from tests.terminal.markdown_samples import SAMPLES
from tests.terminal.test_markdown import cut
from tests.terminal.virtual_screen import plain, static, streamed

CODE = (
    "Look:\n\n```python\nimport gc\n\ngc.freeze()\n```\n"
    "and\n\n    indented\n\n- item\n  ```\n  nested\n  ```\n"
)
UNFRAMED = """Look:

── python ─ 1
import gc

gc.freeze()
──

and

── 2
indented
──

• item
  ── 3
  nested
  ──"""
FRAMED = """Look:

┌ python ─ 1
│ import gc
│
│ gc.freeze()
└

and

┌ 2
│ indented
└

• item
  ┌ 3
  │ nested
  └"""
PATCH = "```\ndiff --git a/x b/x\n@@ -1 +1 @@\n-old\n+new\n same\n```\n"


@pytest.fixture(autouse=True)
def colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(theme, "_chosen", theme._ChosenLook())


@pytest.fixture
def framed() -> None:
    choose_look(lambda: Look(code_frame=True))


def test_a_rule_has_language_and_number_and_nothing_is_left_of_the_code() -> None:
    assert static(CODE, 80).text == UNFRAMED


@pytest.mark.usefixtures("framed")
def test_a_frame_where_it_is_wanted() -> None:
    assert static(CODE, 80).text == FRAMED


@pytest.mark.usefixtures("framed")
@pytest.mark.parametrize("columns", [80, 31])
@pytest.mark.parametrize("name", [name for name in SAMPLES if "fence" in name or "code" in name])
def test_a_framed_stream_ends_as_the_whole_looks(name: str, columns: int) -> None:
    pieces = cut(SAMPLES[name], random.Random(name))
    assert streamed(pieces, columns, 400).rows == static(SAMPLES[name], columns, 400).rows


@pytest.mark.usefixtures("framed")
@pytest.mark.parametrize("lines", [6, 24])
def test_a_framed_block_taller_than_the_screen_is_there_once(lines: int) -> None:
    text = "```python\n" + "".join(f"line_{number} = {number}\n" for number in range(60)) + "```\nEnd.\n"
    shown = streamed([text[at : at + 7] for at in range(0, len(text), 7)], 40, lines)
    assert shown.text == static(text, 40, lines).text
    assert shown.text.count("┌ python ─ 1") == shown.text.count("└") == 1


def _numbers(text: str) -> Iterator[int]:
    """The numbers in the rules above the blocks of code."""
    choose_look(lambda: Look(code_frame=True))
    for line in plain(rendered_lines(text, 200)).split("\n"):
        if (head := line.lstrip("│ •0123456789.)")).startswith("┌ "):
            yield int(head.split()[-1])


@pytest.mark.parametrize("name", SAMPLES)
def test_the_numbers_are_those_of_the_command(name: str) -> None:
    text = SAMPLES[name]
    assert list(_numbers(text)) == list(range(1, len(list(code_blocks(text))) + 1))


@pytest.mark.parametrize("head", ["", "diff", "patch"])
def test_a_patch_is_coloured(head: str) -> None:
    lines = list(rendered_lines(PATCH.replace("```\n", f"```{head}\n", 1), 80))
    assert "\x1b[31m-old\x1b[0m" in lines
    assert "\x1b[32m+new\x1b[0m" in lines
    assert "\x1b[36m@@ -1 +1 @@\x1b[0m" in lines
    assert plain(lines[:1]) == f"── {head or 'diff'} ─ 1"


def test_prose_has_a_width_of_its_own() -> None:
    words, code = "word " * 100, "x = 1  # " + "y" * 150
    lines = list(rendered_lines(f"{words}\n\n```py\n{code}\n```\n", 200))
    assert max(map(len, lines[:5])) <= 100
    assert code in plain(lines)
    choose_look(lambda: Look(prose_width=0))
    assert len(next(iter(rendered_lines(words, 200)))) > 190
