"""Claude.ai's export."""

from pathlib import Path
from typing import Any

from chatmgr.importers.tree import turns_of
from tests.importers.reading_back import imported, items_of, tip_run, told, write

ROOT = "00000000-0000-4000-8000-000000000000"


def message(key: str, sender: str, parent: str = ROOT, minute: int = 0, **more: Any) -> dict[str, Any]:
    """A message that says its own id, unless it has blocks."""
    blocks = more.pop("content", [{"type": "text", "text": key}])
    at = f"2026-01-02T03:{minute:02}:00.000001Z"
    return {
        "uuid": key,
        "sender": sender,
        "content": blocks,
        "parent_message_uuid": parent,
        "created_at": at,
    } | more


def conversation(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"uuid": "c1", "name": "A trip", "chat_messages": list(messages), "created_at": None} | more


def test_retries_are_runs_and_edits_are_paths(tmp_path: Path) -> None:
    source = imported(
        write(
            tmp_path,
            "conversations.json",
            [
                conversation(
                    message("q1", "human", minute=1),
                    message("first answer", "assistant", "q1", 2),
                    message("second answer", "assistant", "q1", 3),
                    message("q2", "human", "second answer", 4),
                    message("a2", "assistant", "q2", 5),
                    message("q2 edited", "human", "second answer", 6),
                )
            ],
        )
    ).only
    assert told(source) == [("q1", "second answer"), ("q2 edited", "")]
    turns = turns_of(source)
    assert {run.text for run in turns.turns[0].runs} == {"first answer", "second answer"}
    assert turns.branches == 2


def test_blocks(tmp_path: Path) -> None:
    made = {"id": "a", "title": "Plan", "content": "one two"}
    changed = {"id": "a", "old_str": "two", "new_str": "three"}
    pasted = {"file_name": "", "extracted_content": "pasted"}
    blocks = [
        {"type": "thinking", "thinking": "Let me see."},
        {
            "type": "text",
            "text": "See this.",
            "citations": [{"start_index": 0, "end_index": 3, "url": "https://x.org"}],
        },
        {"type": "tool_use", "id": None, "name": "web_search", "input": {"query": "x"}},
        {"type": "tool_result", "tool_use_id": None, "content": [{"type": "text", "text": "found"}]},
        {"type": "tool_use", "id": "t", "name": "artifacts", "input": made},
        {"type": "tool_use", "id": "u", "name": "artifacts", "input": changed},
        {"type": "mystery", "x": 1},
    ]
    asked = message("", "human", text="Typed", content=[])
    asked |= {
        "uuid": "q",
        "attachments": [pasted],
        "files": [{"file_name": "a.png"}],
    }
    answer = message("a", "assistant", "q", content=blocks, text="This block is not supported")
    source = imported(write(tmp_path, "x.json", [conversation(asked, answer)])).only
    turns = turns_of(source)
    run = tip_run(turns)
    assert run.text == "See this."
    assert run.reasoning == "Let me see."
    assert "tool_result:found" in items_of(run)
    assert run.items[1].content["citations"] == [{"start": 0, "end": 3, "url": "https://x.org"}]
    [artifact] = [item for item in run.items if item.data]
    assert (artifact.content["name"], artifact.data) == ("Plan", b"one three")
    assert source.unmapped == {"mystery": 1}
    [turn] = turns.turns
    assert (turn.text, turn.files[0].data, turn.items[0].content["name"]) == ("Typed", b"pasted", "a.png")


def test_without_parents_it_is_a_line(tmp_path: Path) -> None:
    messages = [message(key, sender) for key, sender in (("q", "human"), ("a", "assistant"), ("r", "human"))]
    for each in messages:
        del each["parent_message_uuid"]
    assert told(imported(write(tmp_path, "x.json", [conversation(*messages)])).only) == [
        ("q", "a"),
        ("r", ""),
    ]


def test_projects_are_tags_and_empty_ones_are_empty(tmp_path: Path) -> None:
    write(
        tmp_path, "projects.json", [{"uuid": "p1", "name": "Garden plans", "docs": [], "prompt_template": ""}]
    )
    empty = conversation(uuid="c2", name="")
    full = conversation(message("q", "human"), project_uuid="p1", is_starred=True)
    write(tmp_path, "conversations.json", [full, empty])
    result = imported(tmp_path)
    assert result.conversations[0].tags == ("Garden plans", "starred")
    assert turns_of(result.conversations[1]).turns == ()


def test_a_manifest_says_where_the_data_is(tmp_path: Path) -> None:
    result = imported(
        write(tmp_path, "manifest.json", {"files": [{"url": "https://x.org/conversations-000.zip"}]})
    )
    assert "behind the links" in " ".join([*result.left_out, *result.faults])
