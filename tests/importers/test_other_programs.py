"""crush, elia, oterm, TypingMind, Grok, and lists with times."""

import json
from pathlib import Path
from typing import Any

from chatmgr.domain.states import RunState
from chatmgr.importers.tree import turns_of
from tests.importers.reading_back import database, imported, items_of, tip_run, told, write


def _quoted(value: object) -> str:
    return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"


def _insert(table: str, *rows: tuple[object, ...]) -> str:
    return "".join(f"INSERT INTO {table} VALUES ({', '.join(map(_quoted, row))});" for row in rows)


def _part(kind: str, **data: Any) -> dict[str, Any]:
    return {"type": kind, "data": data}


def test_crush(tmp_path: Path) -> None:
    asked = [
        _part("text", text="Fix it"),
        _part("binary", Path="/x/a.png", MIMEType="image/png", Data="iVBORw0KGgo="),
    ]
    answer = [
        _part("reasoning", thinking="Hm."),
        _part("tool_call", id="c", name="bash", input="{}"),
        _part("finish", reason="tool_use", time=1),
    ]
    result = [_part("tool_result", tool_call_id="c", content="ok"), _part("shell_command", x=1)]
    last = [_part("text", text="Fixed."), _part("finish", reason="max_tokens", time=1)]
    at = 1_767_000_000
    sql = (
        "CREATE TABLE sessions (id TEXT, parent_session_id TEXT, title TEXT, summary_message_id TEXT,"
        "created_at INTEGER, updated_at INTEGER);"
        "CREATE TABLE messages (id TEXT, session_id TEXT, role TEXT, parts TEXT, model TEXT,"
        "created_at INTEGER);"
    )
    sql += _insert("sessions", ("s", None, "Repair", None, at, at), ("t", "s", "helper", None, at, at))
    sql += _insert(
        "messages",
        ("1", "s", "user", json.dumps(asked), None, at),
        ("2", "s", "assistant", json.dumps(answer), "m", at + 1),
        ("3", "s", "tool", json.dumps(result), None, at + 2),
        ("4", "s", "assistant", json.dumps(last), "m", at + 3),
    )
    source = imported(database(tmp_path, sql)).only
    assert (source.kind, source.title, told(source)) == ("crush", "Repair", [("Fix it", "Fixed.")])
    run = tip_run(turns_of(source))
    assert items_of(run)[1:3] == ["tool_call:bash", "tool_result:ok"]
    assert (run.state, run.reasoning) == (RunState.INCOMPLETE, "Hm.")
    assert source.created_at is not None
    assert source.created_at.year == 2025
    assert turns_of(source).turns[0].files[0].name == "a.png"
    assert source.unmapped == {"shell_command": 1}


def test_elia(tmp_path: Path) -> None:
    sql = (
        "CREATE TABLE chat (id INTEGER, model TEXT, title TEXT, started_at TEXT, archived INTEGER);"
        "CREATE TABLE message (id INTEGER, chat_id INTEGER, role TEXT, content TEXT, timestamp TEXT,"
        "meta TEXT, parent_id INTEGER, model TEXT);"
    )
    at = "2026-01-02 03:04:05.678"
    sql += _insert("chat", (1, "gpt-x", "Pears", at, 1))
    sql += _insert(
        "message",
        (1, 1, "system", "Be kind.", at, "{}", None, None),
        (2, 1, "user", "Hi", at, "{}", 1, None),
        (3, 1, "assistant", "Hello", at, "{}", 2, "gpt-x"),
        (4, 1, "assistant", "Hi yourself", at, "{}", 2, "gpt-x"),
    )
    source = imported(database(tmp_path, sql)).only
    assert (source.kind, source.instructions, source.archived) == ("elia", "Be kind.", True)
    assert {run.text for run in turns_of(source).turns[0].runs} == {"Hello", "Hi yourself"}


def test_oterm(tmp_path: Path) -> None:
    sql = (
        "CREATE TABLE chat (id INTEGER, name TEXT, model TEXT, system TEXT);"
        "CREATE TABLE message (id INTEGER, chat_id INTEGER, author TEXT, text TEXT, images TEXT);"
    )
    sql += _insert("chat", (1, "Cats", "llava", "Be kind."))
    sql += _insert("message", (1, 1, "user", "See", '["iVBORw0KGgo="]'), (2, 1, "assistant", "A cat.", "[]"))
    source = imported(database(tmp_path, sql)).only
    assert (source.kind, source.title, told(source)) == ("oterm", "Cats", [("See", "A cat.")])
    assert turns_of(source).turns[0].files[0].content_type == "image/png"


def test_typingmind(tmp_path: Path) -> None:
    messages = [
        {"uuid": "1", "role": "user", "content": "Hi", "createdAt": "2026-01-02T03:04:05Z"},
        {"uuid": "2", "role": "assistant", "content": [{"type": "text", "text": "Hello"}]},
    ]
    chat = {"chatID": "c", "chatTitle": "Pears", "messages": messages, "createdAt": 1_767_000_000_000}
    chat |= {"modelInfo": {"id": "gpt-x"}, "chatParams": {"systemMessage": "Be kind."}}
    source = imported(write(tmp_path, "export.json", {"data": {"chats": [chat], "folders": []}})).only
    assert (source.id, source.title, told(source)) == ("c", "Pears", [("Hi", "Hello")])
    assert (source.model, source.instructions) == ("gpt-x", "Be kind.")


def test_grok(tmp_path: Path) -> None:
    def response(key: str, before: str, sender: str, text: str) -> dict[str, Any]:
        at = {"$date": {"$numberLong": "1767000000000"}}
        said = {
            "_id": key,
            "sender": sender,
            "message": text,
            "create_time": at,
            "parent_response_id": before,
        }
        return {"response": said | {"thinking_trace": "Hm." if sender != "human" else ""}}

    responses = [
        response("1", "", "human", "Hi"),
        response("2", "1", "assistant", "Hello"),
        response("3", "1", "ASSISTANT", "Hey"),
    ]
    head = {"id": "c", "title": "Greeting", "create_time": "2026-01-02T03:04:05Z", "leaf_response_id": "2"}
    record = {"conversations": [{"conversation": head, "responses": responses}], "projects": []}
    source = imported(write(tmp_path, "prod-grok-backend.json", record)).only
    assert (source.kind, told(source)) == ("grok", [("Hi", "Hello")])
    assert tip_run(turns_of(source)).reasoning == "Hm."


def test_geminis_activity(tmp_path: Path) -> None:
    def record(minute: int, title: str, html: str, url: str = "") -> dict[str, Any]:
        head = {"header": "Gemini Apps", "title": title, "time": f"2026-01-02T03:{minute:02}:00.000Z"}
        return head | {"products": ["Gemini Apps"], "safeHtmlItem": [{"html": html}], "titleUrl": url}

    chat = "https://gemini.google.com/app/c/abcdef123456"
    records = [
        record(58, "Prompted Later", "<p>Much later.</p>"),
        record(9, "Prompted Two", "<p>2</p><script>x</script>", chat),
        record(6, "Prompted Alone", "<ul><li>a</li><li>b &amp; c</li></ul>"),
        record(5, "Prompted One", "<p>1</p>", chat),
        record(1, "Used an app", ""),
    ]
    result = imported(write(tmp_path, "MyActivity.json", records))
    assert {source.kind for source in result.conversations} == {"gemini"}
    assert sorted(map(told, result.conversations)) == [
        [("Alone", "- a\n\n- b & c")],
        [("Later", "Much later.")],
        [("One", "1"), ("Two", "2")],
    ]
    assert sum(bool(source.unmapped) for source in result.conversations) == 2


def test_a_list_with_times_is_a_chat(tmp_path: Path) -> None:
    messages = [
        {"role": "system", "content": "Be kind.", "timestamp": "0001-01-01T00:00:00Z"},
        {"role": "user", "content": "Hi", "timestamp": "2026-01-02T03:04:05Z"},
        {"role": "assistant", "content": "Hello", "timestamp": "2026-01-02T03:04:06Z"},
    ]
    source = imported(write(tmp_path, "trip.json", messages)).only
    assert (source.kind, told(source), source.instructions) == ("chat", [("Hi", "Hello")], "Be kind.")
    assert source.messages[0].at is not None
