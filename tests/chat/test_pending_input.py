"""What was typed and not sent: the queue, the text in the line, and its rows on the screen."""

import pytest

from chatmgr.chat.input.pending_input import Draft, PendingInput
from chatmgr.chat.input.typed_rows import TypedRows, typed_rows


def test_the_queue_comes_first_in_first_out() -> None:
    pending = PendingInput(queue=["one", "two"])
    assert [pending.take_queued(), pending.take_queued(), pending.take_queued()] == ["one", "two", None]


def test_a_text_to_be_looked_at_comes_before_the_queue() -> None:
    pending = PendingInput(Draft("rest", 2), ["one"])
    pending.put("refused")
    assert pending.take_queued() is None
    assert pending.take_draft() == Draft("refused\nrest", 7)
    assert pending.take_queued() == "one"


@pytest.mark.parametrize(
    ("draft", "held"),
    [(Draft("rest", 1), Draft("one\ntwo\nrest", 9)), (Draft(), Draft("one\ntwo", 7))],
)
def test_a_queue_that_is_held_back_stands_in_the_line(draft: Draft, held: Draft) -> None:
    pending = PendingInput(draft, ["one", "two"])
    pending.hold_back()
    assert pending.queue == []
    assert pending.take_draft() == held
    pending.hold_back()
    assert pending.take_draft() == Draft()


ROWS = {
    "empty": ("", 0, TypedRows(("❯ ",), (0, 2))),
    "in a word": ("word", 2, TypedRows(("❯ word",), (0, 4))),
    "two lines": ("one\ntwo", 4, TypedRows(("❯ one", "  two"), (1, 2))),
    "a full row": ("12345678", 8, TypedRows(("❯ 12345678", "  "), (1, 2))),
    "a wide character at the edge": ("1234567日", 8, TypedRows(("❯ 1234567", "  日"), (1, 4))),
    "before it": ("1234567日", 7, TypedRows(("❯ 1234567", "  日"), (1, 2))),
    "a combining mark": ("e\u0301x", 3, TypedRows(("❯ e\u0301x",), (0, 4))),
    "a tab": ("\tx", 1, TypedRows(("❯     x",), (0, 6))),
    "hostile": ("a\x1b\u202eb", 3, TypedRows(("❯ a␛\ufffdb",), (0, 5))),
    "the end of many lines": ("1\n2\n3\n4\n5", 9, TypedRows(("  3", "  4", "  5"), (2, 3))),
    "the beginning of many lines": ("1\n2\n3\n4\n5", 0, TypedRows(("❯ 1", "  2", "  3"), (0, 2))),
    "the middle": ("1\n2\n3\n4\n5", 6, TypedRows(("  2", "  3", "  4"), (2, 2))),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_text_as_rows(name: str) -> None:
    text, position, expected = ROWS[name]
    assert typed_rows(text, position, 10, 3) == expected


def test_rows_around_the_cursor_are_those_of_the_whole_text() -> None:
    text = "\n".join(f"{number} " + "x" * (number * 7 % 31) for number in range(40))
    whole = typed_rows(text, len(text), 20, 10_000)
    for position in range(len(text) + 1):
        rows, (row, column) = typed_rows(text, position, 20, 5)
        assert len(rows) <= 5
        assert "\n".join(rows) in "\n".join(whole.rows)
        assert 0 <= row < len(rows)
        assert column <= 20
