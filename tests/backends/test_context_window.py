"""What of a conversation is sent."""

import pytest

from chatmgr.backends import context_window
from chatmgr.backends.context_window import (
    answer_reserve,
    corrected_ratio,
    fit_to_window,
    left_out_notice,
)
from chatmgr.backends.overflow import Overflow
from chatmgr.domain.model import Message


def _turns(count: int, size: int = 40) -> list[Message]:
    return [
        Message(role, f"{role[0]}{number}".ljust(size, "."))
        for number in range(1, count + 1)
        for role in ("user", "assistant")
    ]


def test_everything_is_sent_where_it_fits() -> None:
    fitted = fit_to_window("Be brief.", _turns(3), "new", budget=10_000)
    assert [message["role"] for message in fitted.messages] == ["system", *["user", "assistant"] * 3, "user"]
    assert (fitted.kept, fitted.left_out) == (3, 0)
    assert fitted.messages[-1] == {"role": "user", "content": "new"}


def test_the_newest_whole_turns_stay() -> None:
    one_turn = 2 * context_window.estimate_tokens("." * 40)
    base = context_window.estimate_tokens("Be brief.") + context_window.estimate_tokens("new")
    fitted = fit_to_window("Be brief.", _turns(5), "new", budget=base + 2 * one_turn + one_turn - 1)
    assert [message["content"][:2] for message in fitted.messages] == ["Be", "u4", "a4", "u5", "a5", "ne"]
    assert (fitted.kept, fitted.left_out) == (2, 3)
    assert fitted.tokens <= base + 3 * one_turn - 1


def test_a_turn_too_long_hides_all_before_it() -> None:
    history = [*_turns(1), Message("user", "x" * 9000), Message("assistant", "y"), *_turns(1)]
    fitted = fit_to_window("", history, "new", budget=500)
    assert (fitted.kept, fitted.left_out) == (1, 2)


def test_instructions_and_the_message_go_in_any_case() -> None:
    fitted = fit_to_window("i" * 400, _turns(2), "t" * 400, budget=10)
    assert [message["role"] for message in fitted.messages] == ["system", "user"]
    assert (fitted.kept, fitted.left_out) == (0, 2)


def test_blank_instructions_are_no_message() -> None:
    assert [message["role"] for message in fit_to_window(" \n", [], "new", budget=100).messages] == ["user"]


def test_an_unanswered_question_and_an_imported_opening_are_turns() -> None:
    history = [
        Message("assistant", "Welcome"),
        Message("user", "a"),
        Message("user", "b"),
        Message("tool", "c"),
    ]
    assert fit_to_window("", history, "new", budget=1000).kept == 3
    assert [
        message["content"] for message in fit_to_window("", history, "new", budget=1000, max_turns=1).messages
    ] == [
        "b",
        "c",
        "new",
    ]


@pytest.mark.parametrize("at_most", [0, 1, 2, 3, 99])
def test_at_most_caps_the_turns(at_most: int) -> None:
    fitted = fit_to_window("", _turns(3), "new", budget=10_000, max_turns=at_most)
    assert (fitted.kept, fitted.left_out) == (min(3, at_most), 3 - min(3, at_most))


def test_the_correction_makes_the_next_estimate_true() -> None:
    tried = fit_to_window("", _turns(50), "new", budget=10_000)
    ratio = corrected_ratio(4.0, tried, Overflow(tried.tokens * 2, 1000))
    again = fit_to_window("", _turns(50), "new", budget=1000, ratio=ratio)
    assert 1.8 < 4.0 / ratio < 2.2
    assert 0 < again.kept < tried.kept


@pytest.mark.parametrize("overflow", [Overflow(), Overflow(1, 1), Overflow(10**9, 5)])
def test_a_correction_always_shrinks(overflow: Overflow) -> None:
    assert 0 < corrected_ratio(4.0, fit_to_window("", _turns(2), "new", budget=999), overflow) < 4.0


def test_the_notice_counts_properly() -> None:
    assert left_out_notice(1, 8192) == (
        "1 earlier turn did not fit the model's context of 8192 tokens and was not sent."
    )
    assert left_out_notice(12, 512) == (
        "12 earlier turns did not fit the model's context of 512 tokens and were not sent."
    )


@pytest.mark.parametrize(("asked", "kept"), [(100, 100), (9000, 2048), (-1, 2048), (None, 2048), ("x", 2048)])
def test_room_is_left_for_the_answer(asked: object, kept: int) -> None:
    assert answer_reserve(asked, 8192) == kept
