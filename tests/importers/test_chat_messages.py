"""Lists of roles and contents: fine-tuning, ShareGPT, OpenAI's own lists."""

from pathlib import Path
from typing import Any

import pytest

from chatmgr.importers.tree import turns_of
from tests.importers.reading_back import imported, items_of, tip_run, told, write

HELLO = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]


@pytest.mark.parametrize(
    "content",
    [
        HELLO,
        tuple(HELLO),
        {"messages": HELLO},
        [{"messages": HELLO}],
        {"prompt": "Hi", "completion": "Hello"},
        {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]},
        [
            {
                "id": "x_0",
                "conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}],
            }
        ],
    ],
)
def test_forms(tmp_path: Path, content: Any) -> None:
    assert told(imported(write(tmp_path, "x.json", content)).only) == [("Hi", "Hello")]


def test_one_line_is_one_conversation(tmp_path: Path) -> None:
    system = {"role": "system", "content": "Be brief."}
    lines = ({"messages": [system, *HELLO]}, {"messages": HELLO}, {"messages": HELLO[:1]})
    result = imported(write(tmp_path, "chats.jsonl", lines))
    assert [source.instructions for source in result.conversations] == ["Be brief.", "", ""]
    assert len({source.id for source in result.conversations}) == 3
    assert told(result.conversations[2]) == [("Hi", "")]


def test_parts_and_tools(tmp_path: Path) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "See"}, image]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "seen"},
        {"role": "assistant", "content": "A cat.", "reasoning_content": "Hm."},
    ]
    source = imported(write(tmp_path, "x.json", {"id": 7, "title": "Cats", "messages": messages})).only
    assert (source.id, source.title, told(source)) == ("7", "Cats", [("See", "A cat.")])
    [turn] = turns_of(source).turns
    assert turn.files[0].content_type == "image/png"
    assert items_of(turn.runs[0])[:2] == ["tool_call:look", "tool_result:seen"]
    assert turn.runs[0].reasoning == "Hm."


def test_a_list_that_grew_is_the_same_one(tmp_path: Path) -> None:
    before = imported(write(tmp_path, "x.json", HELLO)).only
    after = imported(write(tmp_path, "x.json", [*HELLO, {"role": "user", "content": "Bye"}])).only
    assert before.id == after.id
    assert imported(write(tmp_path, "other.json", HELLO)).only.id != before.id


def test_messages_of_threads_newest_first(tmp_path: Path) -> None:
    def message(number: int, role: str, text: str, thread: str = "t1") -> dict[str, Any]:
        annotation = {"type": "file_citation", "text": "†", "start_index": 0, "end_index": 1}
        annotation |= {"file_citation": {"file_id": "file-1"}}
        content = [{"type": "text", "text": {"value": text, "annotations": [annotation]}}]
        row = {"id": f"msg_{number}", "object": "thread.message", "thread_id": thread, "role": role}
        return row | {"content": content, "created_at": 1_767_000_000 + number // 2, "status": "completed"}

    rows = [
        message(5, "assistant", "Bye"),
        message(4, "user", "See you"),
        message(3, "assistant", "Hello"),
        message(2, "user", "Hi"),
        message(1, "user", "Else", "t2"),
    ]
    page = {"object": "list", "data": rows, "has_more": False}
    for content in (page, rows, tuple(rows)):
        result = imported(write(tmp_path, "x.json", content))
        by_id = {source.id: source for source in result.conversations}
        assert told(by_id["t1"]) == [("Hi", "Hello"), ("See you", "Bye")]
        assert told(by_id["t2"]) == [("Else", "")]
    run = tip_run(turns_of(by_id["t1"]))
    assert run.items[0].content["citations"][0]["file_id"] == "file-1"


def test_items_of_a_conversation(tmp_path: Path) -> None:
    items = [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello"}]},
        {"type": "novelty", "x": 1},
    ]
    source = imported(write(tmp_path, "conv.json", {"object": "list", "data": items[:3]})).only
    assert (source.kind, told(source)) == ("openai-items", [("Hi", "Hello")])
    assert tip_run(turns_of(source)).reasoning == "Hm."
