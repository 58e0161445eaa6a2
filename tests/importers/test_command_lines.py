"""Logs of programs at the command line: Codex, Claude Code, Gemini, gptme, shell_gpt, aichat."""

from pathlib import Path
from typing import Any

from chatmgr.domain.states import RunState
from chatmgr.importers.tree import turns_of
from tests.importers.reading_back import FIXTURES, imported, items_of, tip_run, told, write

AT = "2026-01-02T03:04:05.678Z"


def _codex(kind: str, **payload: Any) -> dict[str, Any]:
    return {"timestamp": AT, "type": kind, "payload": payload}


def _message(role: str, text: str) -> dict[str, Any]:
    kind = "output_text" if role == "assistant" else "input_text"
    return _codex("response_item", type="message", role=role, content=[{"type": kind, "text": text}])


def test_codex_says_each_thing_once(tmp_path: Path) -> None:
    lines = (
        _codex("session_meta", id="s-1", timestamp=AT, cwd="/x"),
        _codex("turn_context", model="gpt-x"),
        _message("user", "<environment_context>/x</environment_context>"),
        _message("user", "Fix it"),
        _codex("event_msg", type="user_message", message="Fix it"),
        _codex("response_item", type="reasoning", summary=[{"text": "Let me look."}], encrypted_content="x"),
        _codex("response_item", type="function_call", name="shell", arguments="{}", call_id="c"),
        _codex("response_item", type="function_call_output", call_id="c", output="ok"),
        _codex("event_msg", type="agent_message", message="Fixed."),
        _message("assistant", "Fixed."),
        _codex(
            "event_msg",
            type="token_count",
            info={"last_token_usage": {"input_tokens": 9, "output_tokens": 2}},
        ),
    )
    source = imported(write(tmp_path, "rollout.jsonl", lines)).only
    assert (source.kind, source.id, told(source)) == ("codex", "s-1", [("Fix it", "Fixed.")])
    run = tip_run(turns_of(source))
    assert items_of(run)[-3:] == ["tool_call:shell", "tool_result:ok", "text:Fixed."]
    assert (run.model, run.reasoning, run.usage.input_tokens) == ("gpt-x", "Let me look.", 9)


def test_codex_of_newer_and_older_versions(tmp_path: Path) -> None:
    item = {"type": "UserMessage", "content": [{"type": "Text", "text": "New words"}]}
    newer = (
        _codex("session_meta", id="s-2"),
        _codex("event_msg", type="item_completed", item=item),
        _message("assistant", "Yes."),
    )
    assert told(imported(write(tmp_path, "new.jsonl", newer)).only) == [("New words", "Yes.")]
    bare = [
        {"id": "s-3", "timestamp": AT, "instructions": None, "git": {}},
        {"record_type": "state"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Old words"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Yes."}]},
    ]
    assert told(imported(write(tmp_path, "old.jsonl", tuple(bare))).only) == [("Old words", "Yes.")]
    oldest = {"session": bare[0], "items": bare[2:]}
    assert told(imported(write(tmp_path, "oldest.json", oldest)).only) == [("Old words", "Yes.")]


def _claude(key: str, parent: str | None, kind: str, content: Any, **more: Any) -> dict[str, Any]:
    message = {"role": kind, "content": content} | more.pop("message", {})
    line = {"uuid": key, "parentUuid": parent, "sessionId": "s", "type": kind, "message": message}
    return line | {"timestamp": AT, "isSidechain": False} | more


def test_claude_code(tmp_path: Path) -> None:
    usage = {"id": "m1", "model": "opus", "usage": {"input_tokens": 5, "output_tokens": 7}}
    lines = (
        {"type": "summary", "summary": "A repair", "leafUuid": "a2"},
        _claude("x", None, "user", "<command-name>/init</command-name>", isMeta=True),
        _claude("q1", "x", "user", "Fix it<system-reminder>not mine</system-reminder>"),
        _claude("a1", "q1", "assistant", [{"type": "thinking", "thinking": "Hm."}], message=usage),
        _claude(
            "a2",
            "a1",
            "assistant",
            [{"type": "tool_use", "id": "t", "name": "Bash", "input": {}}],
            message=usage,
        ),
        _claude("r1", "a2", "user", [{"type": "tool_result", "tool_use_id": "t", "content": "done"}]),
        _claude("a3", "r1", "assistant", [{"type": "text", "text": "Fixed."}]),
        _claude("dead", "a3", "user", "a way not taken"),
        _claude("q2", "a3", "user", "Thanks"),
        _claude("e", "q2", "assistant", [{"type": "text", "text": "API Error"}], isApiErrorMessage=True),
        {"type": "file-history-snapshot", "snapshot": {}},
    )
    source = imported(write(tmp_path, "s.jsonl", lines)).only
    assert (source.kind, source.title) == ("claude-code", "A repair")
    assert [pair[0] for pair in told(source)] == ["Fix it", "Thanks"]
    turns = turns_of(source)
    first = turns.turns[0].runs[0]
    assert (first.text, first.reasoning, first.usage.output_tokens) == ("Fixed.", "Hm.", 7)
    assert tip_run(turns).state is RunState.FAILED
    assert turns.branches == 2


def test_claude_code_sub_agents_are_no_conversations(tmp_path: Path) -> None:
    lines = tuple(_claude(key, None, "user", key, isSidechain=True) for key in ("a", "b"))
    source = imported(write(tmp_path, "agent-1.jsonl", lines)).only
    assert turns_of(source).turns == ()


def test_gemini_cli_as_a_document_and_as_a_log(tmp_path: Path) -> None:
    def said(key: str, kind: str, text: str) -> dict[str, Any]:
        return {"id": key, "timestamp": AT, "type": kind, "content": [{"text": text}], "model": "gemini"}

    head = {"sessionId": "s", "projectHash": "h", "startTime": AT, "lastUpdated": AT}
    messages = [said("1", "user", "Hi"), said("2", "gemini", "Hello"), said("3", "info", "note")]
    messages[1] |= {
        "thoughts": [{"subject": "Greet", "description": "back"}],
        "tokens": {"input": 3, "output": 4},
    }
    document = imported(write(tmp_path, "session-1.json", head | {"messages": messages})).only
    assert told(document) == [("Hi", "Hello")]
    assert tip_run(turns_of(document)).reasoning == "Greet: back"
    log = (
        head,
        *messages[:2],
        said("4", "user", "gone"),
        {"$rewindTo": "4"},
        {"$set": {"summary": "Greeting"}},
    )
    source = imported(write(tmp_path, "session-2.jsonl", (*log, said("5", "user", "Bye")))).only
    assert (told(source), source.title) == ([("Hi", "Hello"), ("Bye", "")], "Greeting")


def test_ai_studio(tmp_path: Path) -> None:
    chunks = [
        {"role": "user", "driveImage": {"id": "f1"}},
        {"role": "user", "text": "What is it?"},
        {"role": "model", "text": "Hm.", "isThought": True},
        {"role": "model", "text": "A cat."},
    ]
    record = {
        "runSettings": {"model": "models/gemini-x"},
        "systemInstruction": {"parts": [{"text": "Be kind."}]},
    }
    record |= {"chunkedPrompt": {"chunks": chunks, "pendingInputs": [{"text": "draft"}]}}
    source = imported(write(tmp_path, "Cat", record)).only
    assert (told(source), source.model) == ([("What is it?", "A cat.")], "gemini-x")
    assert (source.instructions, source.unmapped) == ("Be kind.", {"draft": 1})
    assert tip_run(turns_of(source)).reasoning == "Hm."


def test_gptme_as_it_was_written(tmp_path: Path) -> None:
    result = imported(FIXTURES / "gptme")
    source = result.only
    assert (source.kind, source.title, told(source)[0][0]) == ("gptme", "demo", "Where is Lima?")
    run = turns_of(source).turns[0].runs[0]
    assert "Answer to: files" in run.text
    assert run.model == "local/fake-model"
    assert "gptme" in source.instructions


def test_gptme_branches_are_paths(tmp_path: Path) -> None:
    def line(role: str, content: str) -> dict[str, Any]:
        return {"role": role, "content": content, "timestamp": "2026-01-02T03:04:05.678"}

    begin = (line("system", "Be kind."), line("user", "One"), line("assistant", "1"))
    write(tmp_path, "demo/conversation.jsonl", (*begin, line("user", "Two"), line("assistant", "2")))
    write(tmp_path, "demo/branches/other.jsonl", (*begin, line("user", "Three")))
    write(tmp_path, "demo/views/short.jsonl", (line("system", "Be kind."), line("user", "compacted")))
    result = imported(tmp_path)
    trees = [turns_of(conversation) for conversation in result.conversations]
    assert max(tree.branches for tree in trees) == 2
    assert not any("compacted" in turn.text for tree in trees for turn in tree.turns)


def test_shell_gpt_as_it_was_written() -> None:
    source = imported(FIXTURES / "shell-gpt-trip").only
    assert told(source) == [
        ("Where is Lima?", "Answer to: Where is Lima?"),
        ("And Quito?", "Answer to: And Quito?"),
    ]
    assert source.instructions.startswith("You are ShellGPT")


def test_aichat(tmp_path: Path) -> None:
    session = """model: openai:gpt-x
compressed_messages:
- role: user
  content: One
- role: assistant
  content: '1'
messages:
- role: system
  content: a summary
- role: user
  content:
  - type: text
    text: Two
  - type: image_url
    image_url:
      url: hash
- role: assistant
  content: '2'
data_urls:
  hash: data:image/png;base64,iVBORw0KGgo=
"""
    source = imported(write(tmp_path, "trip.yaml", session)).only
    assert (source.title, source.model, told(source)) == ("trip", "gpt-x", [("One", "1"), ("Two", "2")])
    assert turns_of(source).turns[1].files[0].content_type == "image/png"
    log = "# CHAT: Greeting [2026-01-02T03:04:05+01:00] (coder)\nHi --------\n--------\nHello\n--------\n\n"
    result = imported(write(tmp_path, "messages.md", log + log.replace("Hi", "Ho")))
    assert [told(source) for source in result.conversations] == [
        [("Hi --------", "Hello")],
        [("Ho --------", "Hello")],
    ]
