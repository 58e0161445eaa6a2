"""Open WebUI, LibreChat, chatbot-ui and LM Studio: programs that keep trees of messages."""

import json
from pathlib import Path
from typing import Any

from chatmgr.domain.states import RunState
from chatmgr.importers.tree import turns_of
from tests.importers.reading_back import database, imported, items_of, tip_run, told, write

PNG = "data:image/png;base64,iVBORw0KGgo="


def _web_ui_message(key: str, parent: str | None, role: str, **more: Any) -> dict[str, Any]:
    said = {"id": key, "parentId": parent, "childrenIds": ["gone"], "role": role, "content": key}
    return said | {"timestamp": 1_767_000_000} | more


def _web_ui(*messages: dict[str, Any], current: str = "") -> dict[str, Any]:
    history = {"messages": {message["id"]: message for message in messages}, "currentId": current}
    chat = {"title": "Pears", "models": ["m"], "system": "Be kind.", "history": history, "tags": ["fruit"]}
    row = {"id": "row-1", "title": "Pears", "chat": chat, "created_at": 1_767_000_000, "archived": True}
    return row | {"updated_at": 1_767_000_100, "meta": {"tags": ["fruit", "garden"]}}


def test_open_webui_has_several_answers_to_one_question(tmp_path: Path) -> None:
    row = _web_ui(
        _web_ui_message("q", None, "user", files=[{"type": "image", "url": PNG, "name": "p.png"}]),
        _web_ui_message("a1", "q", "assistant", model="one"),
        _web_ui_message(
            "a2", "q", "assistant", model="two", usage={"prompt_tokens": 3, "completion_tokens": 4}
        ),
        current="a2",
    )
    for content in ([row], row):
        source = imported(write(tmp_path, "export.json", content)).only
        assert told(source) == [("q", "a2")]
        assert (source.id, source.tags, source.archived) == ("row-1", ("fruit", "garden"), True)
        assert source.instructions == "Be kind."
        [turn] = turns_of(source).turns
        assert [run.model for run in turn.runs] == ["two", "one"] or turn.runs[turn.run].model == "two"
        assert tip_run(turns_of(source)).usage.output_tokens == 4
        assert turn.files[0].data == b"\x89PNG\r\n\x1a\n"


def test_open_webui_details_and_output(tmp_path: Path) -> None:
    details = (
        '<details type="reasoning" done="true" duration="3">\n<summary>Thought</summary>\n&gt; I wonder\n'
        '</details>\n<details type="tool_calls" done="true" id="c1" name="look" arguments="&quot;{}&quot;" '
        'result="&quot;seen&quot;">\n<summary>Tool</summary>\n</details>\nThe end.'
    )
    output = [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Because"}]},
        {"type": "message", "content": [{"type": "output_text", "text": "New form."}]},
    ]
    row = _web_ui(
        _web_ui_message("q", None, "user"),
        _web_ui_message("a", "q", "assistant", content=details),
        _web_ui_message("r", "a", "user"),
        _web_ui_message("b", "r", "assistant", content="old form", output=output),
        current="b",
    )
    turns = turns_of(imported(write(tmp_path, "x.json", row)).only)
    first, last = turns.turns[0].runs[0], tip_run(turns)
    assert (first.text, first.reasoning) == ("The end.", "I wonder")
    assert [line.partition(":")[0] for line in items_of(first)][1:] == ["tool_call", "tool_result", "text"]
    assert (last.text, last.reasoning) == ("New form.", "Because")


def test_open_webui_by_itself_and_in_its_database(tmp_path: Path) -> None:
    row = _web_ui(_web_ui_message("q", None, "user"), _web_ui_message("a", "q", "assistant"), current="stale")
    assert told(imported(write(tmp_path, "chat.json", row["chat"])).only) == [("q", "a")]
    chat = json.dumps(row["chat"]).replace("'", "''")
    source = imported(
        database(
            tmp_path,
            "CREATE TABLE folder (id TEXT, name TEXT); INSERT INTO folder VALUES ('f', 'Garden');"
            "CREATE TABLE chat (id TEXT, user_id TEXT, title TEXT, chat TEXT, created_at INTEGER,"
            "updated_at INTEGER, archived INTEGER, folder_id TEXT, meta TEXT);"
            f"INSERT INTO chat VALUES ('row-1', 'u', 'Pears', '{chat}', "
            "1767000000, 1767000100, 0, 'f', '{}');",
        )
    ).only
    assert (told(source), source.tags) == ([("q", "a")], ("fruit", "Garden"))


def _libre(key: str, parent: str, **more: Any) -> dict[str, Any]:
    is_user = key.startswith("q")
    said = {"messageId": key, "parentMessageId": parent, "isCreatedByUser": is_user, "text": key}
    return said | {"createdAt": "2026-01-02T03:04:05.678Z", "model": "gpt-x"} | more


def test_librechat_as_a_list_and_as_a_tree(tmp_path: Path) -> None:
    root = "00000000-0000-0000-0000-000000000000"
    parts = [
        {"type": "think", "think": "Hm."},
        {"type": "text", "text": {"value": "Done."}},
        {"type": "tool_call", "tool_call": {"id": "c", "name": "look", "args": "{}", "output": "seen"}},
        {"type": "error", "error": "x"},
    ]
    messages = [
        _libre("q1", root),
        _libre("a1", "q1", text="", content=parts),
        _libre("q2", "a1"),
        _libre("a2", "q2", error=True, text="It broke."),
        _libre("q edited", root, createdAt="2026-01-01T00:00:00.000Z"),
    ]
    head = {"conversationId": "c-1", "title": "Trip", "options": {"promptPrefix": "Be kind.", "model": "m"}}
    flat = imported(write(tmp_path, "flat.json", head | {"messages": messages})).only
    children = {message["messageId"]: message | {"children": []} for message in messages}
    for message in messages:
        if message["parentMessageId"] != root:
            children[message["parentMessageId"]]["children"].append(children[message["messageId"]])
    trees = [children["q1"], children["q edited"]]
    nested = imported(write(tmp_path, "tree.json", head | {"messagesTree": trees})).only
    for source in (flat, nested):
        turns = turns_of(source)
        assert [pair[0] for pair in told(source)] == ["q1", "q2"]
        assert turns.turns[0].runs[0].text == "Done."
        assert turns.turns[0].runs[0].reasoning == "Hm."
        assert turns.branches == 2
        assert source.instructions == "Be kind."


def test_chatbot_ui(tmp_path: Path) -> None:
    messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    history = [
        {
            "id": "x",
            "name": "Greeting",
            "messages": messages,
            "model": {"id": "gpt-3.5"},
            "prompt": "Be kind.",
        }
    ]
    source = imported(write(tmp_path, "x.json", {"version": 4, "history": history})).only
    assert (source.kind, source.title, told(source)) == ("chatbot-ui", "Greeting", [("Hi", "Hello")])
    assert (source.model, source.instructions) == ("gpt-3.5", "Be kind.")


def test_lm_studio_versions_are_runs(tmp_path: Path) -> None:
    def step(text: str, **style: Any) -> dict[str, Any]:
        content = [{"type": "text", "text": text}]
        made = {"identifier": "qwen"}
        return {"type": "contentBlock", "stepIdentifier": "1780959836856-0.2", "content": content} | {
            "genInfo": made,
            "style": style or None,
        }

    def answer(*texts: str) -> dict[str, Any]:
        steps = [step("Hm.", type="thinking"), *map(step, texts)]
        return {"type": "multiStep", "role": "assistant", "steps": [*steps, {"type": "debugInfoBlock"}]}

    def asked(text: str) -> dict[str, Any]:
        return {"type": "singleStep", "role": "user", "content": [{"type": "text", "text": text}]}

    messages = [
        {"versions": [asked("old words"), asked("How?")], "currentlySelected": 1},
        {"versions": [answer("So."), answer("Otherwise.")], "currentlySelected": 0},
        {"versions": [asked("And then?")], "currentlySelected": 0},
    ]
    record = {
        "name": "Bike",
        "createdAt": 1_780_959_000_000,
        "systemPrompt": "Be kind.",
        "messages": messages,
    }
    source = imported(write(tmp_path, "1780959000000.conversation.json", record)).only
    assert told(source) == [("How?", "So."), ("And then?", "")]
    first = turns_of(source).turns[0]
    assert {run.text for run in first.runs} == {"So.", "Otherwise."}
    assert (first.runs[first.run].reasoning, first.runs[first.run].model) == ("Hm.", "qwen")
    assert first.runs[first.run].state is RunState.COMPLETED
    assert source.created_at is not None
