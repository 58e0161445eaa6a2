"""The words that a citation stands for, whatever its provider means by its place."""

import pytest

from chatmgr.domain.cited_words import LONGEST, cited_words

LINKED = "Cats sleep a lot. ([example.com](https://example.com/?a=1)) They eat."
FILE = "Cats sleep【4:0†cats.pdf】."


@pytest.mark.parametrize(
    ("text", "start", "end", "words"),
    [
        ("Cats sleep. They eat.", 0, 11, "Cats sleep."),
        ("Cats sleep. They eat.", None, 21, "Cats sleep. They eat."),
        ("Cats sleep. They eat.", 15, 3, "Cat"),
        (LINKED, LINKED.index("("), LINKED.index(" They"), "Cats sleep a lot."),
        (LINKED, LINKED.index("["), LINKED.index(") They"), "Cats sleep a lot."),
        (FILE, FILE.index("【"), FILE.index("】") + 1, "Cats sleep"),
        ("# Cats\n\n- **They** `sleep`", 0, 26, "- They sleep"),
        ("[1](http://a.example)", 0, 21, ""),
        ("   ", 0, 3, ""),
        ("a" * 50, 0, 50, "…" + "a" * LONGEST),
        ("word " * 20, 0, 100, "…" + ("word " * 6).strip()),
    ],
)
def test_words(text: str, start: int | None, end: int, words: str) -> None:
    assert cited_words(text, start, end) == words


def test_a_long_text_costs_no_more() -> None:
    assert cited_words("x " * 1_000_000, None, 2_000_000) == "…" + ("x " * 16).strip()
