"""What answers say, whatever shape their content has and whatever word they end with."""

from collections.abc import Iterable, Iterator

import pytest

from chatmgr.backends import completion_chunks
from chatmgr.backends.answer_end import end_of_answer
from chatmgr.backends.answer_text import Content, read_content, read_message
from chatmgr.backends.completion_chunks import read_usage
from chatmgr.backends.http.sse import BODY, DONE, UNREADABLE, Json
from chatmgr.domain.errors import NetworkDown
from chatmgr.domain.events import Delta, Event, Finished, Reasoning, Usage
from chatmgr.domain.states import RunState


def read_chunks(events: Iterable[tuple[str, Json]], *, together: bool = False) -> Iterator[Event]:
    batches = [list(events)] if together else ([event] for event in events)
    return completion_chunks.read_chunks(batches, lambda chunk, heard: Finished(RunState.FAILED))


THINKING = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("Hi", Content("Hi")),
        (None, Content()),
        ("", Content()),
        ([], Content()),
        ({}, Content()),
        (True, Content()),
        (42, Content("42")),
        (float("nan"), Content()),
        (["Hi ", "you"], Content("Hi you")),
        ([{"type": "text", "text": "Hi"}, None, 7], Content("Hi")),
        ([{"type": "text", "text": {"value": "Hi", "annotations": []}}], Content("Hi")),
        ([{"type": "text", "text": [{"value": "Hi"}, {"value": " you"}]}], Content("Hi you")),
        ([THINKING, {"type": "text", "text": "Hi"}], Content("Hi", "Hm.")),
        ([{"type": "thinking", "thinking": "Hm."}], Content("", "Hm.")),
        ([{"type": "reasoning.text", "text": "Hm."}], Content("", "Hm.")),
        ([{"thought": True, "text": "Hm."}, {"text": "Hi"}], Content("Hi", "Hm.")),
        ([{"type": "refusal", "refusal": "No."}], Content("No.", "", True)),
        ([IMAGE, {"type": "output_text", "text": "Hi"}], Content("Hi")),
        ([IMAGE], Content()),
        ([{"type": "image_file", "image_file": {"file_id": "f"}}], Content()),
        ([{"type": "tool_use", "input": {"a": 1}}], Content()),
        ({"text": "Hi"}, Content("Hi")),
        ({"type": "text", "text": "Hi"}, Content("Hi")),
        ({"parts": [{"text": "Hi"}]}, Content("Hi")),
        ({"city": "Zürich", "sunny": True}, Content('{"city": "Zürich", "sunny": true}')),
        ([[[["Hi"]]]], Content("Hi")),
    ],
)
def test_content_of_any_shape(content: object, expected: Content) -> None:
    assert read_content(content) == expected


def test_content_is_read_to_a_limited_depth() -> None:
    content: object = "Hi"
    for _ in range(5000):
        content = {"text": [content]}
    assert read_content(content) == Content()


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"role": "assistant"}, Content()),
        ({"role": "assistant", "content": None, "refusal": "No."}, Content("No.", "", True)),
        ({"content": "Hi", "refusal": None, "extra": {"a": 1}}, Content("Hi")),
        ({"extra": {"a": 1}}, Content()),
        ({"content": None, "reasoning_content": "Hm."}, Content("", "Hm.")),
        ({"content": "", "reasoning": {"text": "Hm."}}, Content("", "Hm.")),
        (
            {"reasoning_details": [{"type": "reasoning.text", "text": "Hm."}], "content": "Hi"},
            Content("Hi", "Hm."),
        ),
        ({"reasoning": ["H", "m."]}, Content("", "Hm.")),
        ({"reasoning": 7}, Content("", "7")),
        ({"text": "Hi"}, Content("Hi")),
        ("Hi", Content("Hi")),
        (["Hi"], Content("Hi")),
        (None, Content()),
    ],
)
def test_messages_and_deltas_of_any_shape(message: object, expected: Content) -> None:
    assert read_message(message) == expected


WHOLE = (
    "stop STOP Stop eos eos_token EOS_TOKEN stop_sequence end_turn endTurn end_of_turn eot FinishReason.STOP"
)
LENGTH = (
    "length LENGTH max_tokens MAX_TOKENS max_output_tokens max_completion_tokens max_new_tokens maxTokens "
    "model_length max_length token_limit context_length_exceeded model_context_window_exceeded truncated"
)
FILTERED = (
    "content_filter CONTENT_FILTER content_filtered SAFETY RECITATION PROHIBITED_CONTENT guardrail_intervened"
)


@pytest.mark.parametrize("reason", [*WHOLE.split(), "", None, "null", {"type": "eos_token"}, "stop "])
def test_words_for_a_whole_answer(reason: object) -> None:
    assert end_of_answer(reason) == (RunState.COMPLETED, "")


@pytest.mark.parametrize("reason", LENGTH.split())
def test_words_for_too_long(reason: str) -> None:
    assert end_of_answer(reason) == (RunState.INCOMPLETE, "length")


@pytest.mark.parametrize("reason", FILTERED.split())
def test_words_for_filtered(reason: str) -> None:
    assert end_of_answer(reason) == (RunState.INCOMPLETE, "content_filter")


@pytest.mark.parametrize("reason", ["tool_calls", "error", "whatever", 7, True, ["stop"], {"a": 1}])
def test_other_ends_are_no_whole_answer(reason: object) -> None:
    state, detail = end_of_answer(reason)
    assert state is RunState.FAILED
    assert detail in {"tool_calls", "error", "whatever", ""}


def choice(text: object = None, reason: object = None, key: str = "delta") -> tuple[str, Json]:
    body = {} if text is None else {"content": text}
    return "", {"id": "c1", "choices": [{"index": 0, key: body, "finish_reason": reason}]}


def outcome(*events: tuple[str, Json], together: bool = False) -> tuple[str, RunState | None]:
    read: list[Event] = list(read_chunks(events, together=together))
    text = "".join(event.text for event in read if isinstance(event, Delta))
    ends = [event.state for event in read if isinstance(event, Finished)]
    assert len(ends) <= 1
    return text, ends[0] if ends else None


COMPLETED, NOTHING = RunState.COMPLETED, None


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize(
    ("events", "text", "state"),
    [
        ([choice("a"), choice("b", "stop")], "ab", COMPLETED),
        ([choice("a"), choice("b")], "ab", NOTHING),
        ([choice("a"), (DONE, {})], "a", COMPLETED),
        ([choice("a"), choice(None, "")], "a", COMPLETED),
        ([choice("a"), choice("b", "")], "ab", COMPLETED),
        ([choice("a", ""), choice("b", "")], "ab", NOTHING),
        ([choice("a", ""), choice("b", ""), (DONE, {})], "ab", COMPLETED),
        ([choice("a", "null"), choice("b", "null"), choice(None, "length")], "ab", RunState.INCOMPLETE),
        ([choice("", ""), choice("a")], "a", NOTHING),
        ([(BODY, choice("ab", None, "message")[1])], "ab", COMPLETED),
        ([(BODY, choice("ab", "max_tokens", "message")[1])], "ab", RunState.INCOMPLETE),
        ([(BODY, {"choices": []})], "", NOTHING),
        ([choice("a"), choice("b"), choice("abc", "stop", "message")], "abc", COMPLETED),
        ([choice("a"), choice("a"), choice("aa", "stop", "message")], "aa", COMPLETED),
        ([choice("ha", None, "message"), choice("ha", "stop", "message")], "haha", COMPLETED),
        ([("", {"choices": [{"text": "ab", "finish_reason": "stop"}]})], "ab", COMPLETED),
        ([("", {"choices": {"delta": {"content": "ab"}, "finish_reason": "stop"}})], "ab", COMPLETED),
        ([("", {"choices": [{"delta": "ab", "finish_reason": "stop"}]})], "ab", COMPLETED),
    ],
)
def test_ends_of_chat_completions(
    events: list[tuple[str, Json]], text: str, state: RunState | None, *, together: bool
) -> None:
    assert outcome(*events, together=together) == (text, state)


def test_an_answer_with_a_gap_is_never_whole() -> None:
    for end in (choice(None, "stop"), (DONE, {})):
        events = read_chunks([choice("a"), (UNREADABLE, {}), choice("c"), end])
        with pytest.raises(NetworkDown, match="gap"):
            outcome(*[choice("a"), (UNREADABLE, {}), choice("c"), end])
        assert [
            event.text for event in (next(events), next(events), next(events)) if isinstance(event, Delta)
        ] == [
            "a",
            "c",
        ]


def test_reasoning_stays_beside_the_answer() -> None:
    chunk = {"choices": [{"delta": {"content": [THINKING, {"type": "text", "text": "Hi"}]}}]}
    events = list(read_chunks([("", chunk), (DONE, {})]))
    assert events[:2] == [Reasoning("Hm."), Delta("Hi")]


@pytest.mark.parametrize(
    "usage", ["12", 7, [], ["x"], {"prompt_tokens": "many"}, {"prompt_tokens": [1]}, True]
)
def test_usage_that_counts_nothing_is_passed_over(usage: object) -> None:
    assert read_usage(usage) is None


def test_usage_is_counted_where_it_can_be() -> None:
    counted = read_usage(
        {"prompt_tokens": "12", "completion_tokens": 3.0, "prompt_tokens_details": "none", "total": 10**40}
    )
    assert counted == Usage(12, 3)
    assert read_usage({"prompt_tokens": 10**40, "completion_tokens": -1, "total_tokens": 3}) is None
