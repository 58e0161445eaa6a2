"""Markdown on a screen: an answer that streams ends as it looks in the history."""

import random

import pytest

from tests.terminal.markdown_samples import SAMPLES
from tests.terminal.virtual_screen import static, streamed

TALL = 400


def cut(text: str, rng: random.Random) -> list[str]:
    """A text in random pieces, most of them as short as a model's."""
    pieces, at = [], 0
    while at < len(text):
        size = rng.choice((1, 2, 3, 4, 5, 8, 13, 60)) * (1 + len(text) // 1000)
        pieces.append(text[at : at + size])
        at += size
    return pieces


@pytest.mark.parametrize("columns", [80, 200, 31])
@pytest.mark.parametrize("name", SAMPLES)
def test_a_stream_ends_as_the_whole_looks(name: str, columns: int) -> None:
    text = SAMPLES[name]
    wanted = static(text, columns, TALL)
    for seed in range(2):
        pieces = cut(text, random.Random(f"{name} {seed}"))
        shown = streamed(pieces, columns, TALL)
        assert shown.text == wanted.text
        assert shown.rows == wanted.rows
