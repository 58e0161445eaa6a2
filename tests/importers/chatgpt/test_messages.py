"""What each kind of message of ChatGPT becomes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chatmgr.domain.items import Item, ItemKind, open_calls
from chatmgr.domain.states import RunState
from chatmgr.importers.tree import turns_of
from tests.importers.chatgpt.export import PNG, START, WEBP, chain, conversation, node, only, turns

ANSWER = ("assistant", "Answer.", {"metadata": {"model_slug": "gpt-4o"}})


def kinds(items: tuple[Item, ...]) -> list[str]:
    return [str(item.kind) for item in items]


def test_a_plain_conversation(tmp_path: Path) -> None:
    read = turns(tmp_path, ("user", "Hello"), ANSWER, ("user", "More"), ("assistant", "Again."))
    first, second = read.turns
    assert (first.text, first.runs[0].text, first.runs[0].model) == ("Hello", "Answer.", "gpt-4o")
    assert (second.text, second.runs[0].text, second.runs[0].model) == ("More", "Again.", "gpt-5")
    assert first.runs[0].items == ()
    assert (second.parent, read.tip, read.branches) == (0, 1, 1)
    assert first.at == datetime(2023, 11, 14, 22, 13, 21, 123456, tzinfo=UTC)
    assert first.runs[0].finished_at == first.at + timedelta(seconds=1)


def test_what_is_said_of_the_conversation(tmp_path: Path) -> None:
    record = conversation(
        chain(("user", "x"), ANSWER), is_archived=True, is_starred=True, gizmo_id="g-p-67abcdef01"
    )
    read = only(tmp_path, record)
    assert (read.kind, read.id, read.title, read.provider) == ("chatgpt", "c-1", "A title", "chatgpt.com")
    assert read.archived
    assert read.tags == ("project-67abcdef", "starred")
    assert read.updated_at == read.created_at + timedelta(seconds=1000)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("more", "tags"),
    [
        ({"gizmo_id": "g-Ab12Cd34Ef"}, ("gpt-Ab12Cd34",)),
        ({"conversation_template_id": "g-p-99"}, ("project-99",)),
        ({"gizmo_id": "g-xyz", "gizmo_type": "snorlax"}, ("project-gxyz",)),
        ({"pinned_time": START}, ("pinned",)),
        ({"gizmo_id": None}, ()),
    ],
)
def test_tags(tmp_path: Path, more: dict[str, Any], tags: tuple[str, ...]) -> None:
    assert only(tmp_path, conversation(chain(("user", "x"), ANSWER), **more)).tags == tags


@pytest.mark.parametrize(
    "hidden",
    [
        ("system", ""),
        (
            "user",
            {
                "content_type": "user_editable_context",
                "user_profile": "I am Ada.",
                "user_instructions": "Be brief.",
            },
        ),
        (
            "system",
            "",
            {
                "metadata": {
                    "is_user_system_message": True,
                    "user_context_message_data": {
                        "about_user_message": "I am Ada.",
                        "about_model_message": "Be brief.",
                    },
                }
            },
        ),
    ],
)
def test_instructions_are_no_message(tmp_path: Path, hidden: Any) -> None:
    record = conversation(chain(hidden, ("user", "Hello"), hidden, ANSWER))
    read = only(tmp_path, record)
    (turn,) = turns_of(read).turns
    assert (turn.text, turn.runs[0].text) == ("Hello", "Answer.")
    assert read.instructions == ("" if hidden == ("system", "") else "I am Ada.\n\nBe brief.")


@pytest.mark.parametrize(
    "hidden",
    [
        ("user", "Secret", {"metadata": {"is_visually_hidden_from_conversation": True}}),
        ("assistant", {"content_type": "model_editable_context", "model_set_context": "x"}),
        ("assistant", {"content_type": "reasoning_recap", "content": "Thought for 7 seconds"}),
        ("assistant", ""),
    ],
)
def test_what_nobody_said(tmp_path: Path, hidden: Any) -> None:
    (turn,) = turns(tmp_path, ("user", "Hello"), hidden, ANSWER).turns
    assert (turn.text, turn.runs[0].text) == ("Hello", "Answer.")


def test_reasoning(tmp_path: Path) -> None:
    thoughts = [{"summary": "Planning", "content": "First this.", "chunks": [], "finished": True}]
    said = ("assistant", {"content_type": "thoughts", "thoughts": thoughts})
    (turn,) = turns(tmp_path, ("user", "Hello"), said, ANSWER).turns
    assert turn.runs[0].reasoning == "**Planning**\n\nFirst this."
    assert (turn.runs[0].text, turn.runs[0].items) == ("Answer.", ())


def test_calls_and_their_results(tmp_path: Path) -> None:
    call = (
        "assistant",
        {"content_type": "code", "language": "python", "text": "1 + 1"},
        {"recipient": "python"},
    )
    result = ("tool", {"content_type": "execution_output", "text": "2"}, {"author": "python"})
    page = {"content_type": "sonic_webpage", "url": "https://a.example", "title": "A", "text": "Words"}
    read = turns(
        tmp_path, ("user", "?"), call, result, ("tool", page, {"author": "web"}), ("assistant", "Two.")
    )
    (run,) = read.turns[0].runs
    assert kinds(run.items) == ["tool_call", "tool_result", "tool_call", "text"]
    assert run.items[0].content["call_id"] == run.items[1].content["call_id"]
    assert (run.items[0].content["name"], run.items[0].content["arguments"]) == ("python", "1 + 1")
    assert run.items[1].content["output"] == "2"
    assert run.items[2].content["output"] == "A\nhttps://a.example\nWords"
    assert run.text == "Two."
    assert open_calls(run.items) == ()


def test_a_call_without_a_result_waits_for_nobody(tmp_path: Path) -> None:
    call = ("assistant", {"content_type": "code", "text": "x"}, {"recipient": "python"})
    (run,) = turns(tmp_path, ("user", "?"), call).turns[0].runs
    assert kinds(run.items) == ["tool_call"]
    assert open_calls(run.items) == ()


def test_code_that_is_said_is_a_block(tmp_path: Path) -> None:
    code = {"content_type": "code", "language": "python", "text": "print('```')\n```\n"}
    (run,) = turns(tmp_path, ("user", "?"), ("assistant", code)).turns[0].runs
    assert run.text == "````python\nprint('```')\n```\n````"


@pytest.mark.parametrize("end", ["", '"}'])
def test_a_canvas_is_a_text(tmp_path: Path, end: str) -> None:
    document = '{"name": "plan", "type": "code/python", "content": "x = 1' + end
    call = ("assistant", document, {"recipient": "canmore.create_textdoc"})
    done = ("tool", "Successfully created text document", {"author": "canmore.create_textdoc"})
    (run,) = turns(tmp_path, ("user", "?"), call, done, ("assistant", "There.")).turns[0].runs
    assert run.text == "**plan**\n\n```python\nx = 1\n```\n\nThere."
    assert run.items == ()


def test_a_canvas_that_changes_is_a_call(tmp_path: Path) -> None:
    call = ("assistant", '{"updates": []}', {"recipient": "canmore.update_textdoc"})
    (run,) = turns(tmp_path, ("user", "?"), call, ("tool", "Done", {"author": "canmore"})).turns[0].runs
    assert kinds(run.items) == ["tool_call", "tool_result"]


def test_voice(tmp_path: Path) -> None:
    def spoken(text: str, direction: str) -> dict[str, Any]:
        words = {"content_type": "audio_transcription", "text": text, "direction": direction}
        sound = {
            "content_type": "audio_asset_pointer",
            "asset_pointer": f"sediment://file_{direction}",
            "format": "wav",
        }
        return {"content_type": "multimodal_text", "parts": [words, sound]}

    record = conversation(chain(("user", spoken("Hi", "in")), ("assistant", spoken("Hello!", "out"))))
    read = only(tmp_path, record, {"c-1/audio/file_out-1.wav": b"RIFF\0\0\0\0WAVEfmt "})
    (turn,) = turns_of(read).turns
    assert (turn.text, turn.runs[0].text) == ("Hi", "Hello!")
    assert read.unmapped == {"audio": 1}
    (sound,) = (item for item in turn.runs[0].items if item.kind is ItemKind.AUDIO)
    assert sound.content["transcript"] == "Hello!"
    assert sound.content["content_type"] == "audio/wav"


def pointer(file_id: str, scheme: str = "sediment") -> dict[str, Any]:
    return {
        "content_type": "image_asset_pointer",
        "asset_pointer": f"{scheme}://{file_id}",
        "size_bytes": 9,
        "metadata": None,
    }


def test_images_that_the_user_sent_come_once(tmp_path: Path) -> None:
    content = {"content_type": "multimodal_text", "parts": [pointer("file_00a"), None, "What is it?"]}
    attachments = [
        {"id": "file_00a", "name": "cat.png", "mime_type": "image/png"},
        {"id": "file-B", "name": "notes.txt", "mimeType": "text/plain"},
        {"id": "file-gone", "name": "old.pdf", "mime_type": "application/pdf"},
    ]
    said = ("user", content, {"metadata": {"attachments": attachments}})
    beside = {"file_00a.dat": PNG, "file-B-notes.txt": b"Notes", "file-BB-other.txt": b"no"}
    (turn,) = turns(tmp_path, said, ANSWER, beside=beside).turns
    assert turn.text == "What is it?"
    assert [(file.name, file.content_type, file.data) for file in turn.files] == [
        ("cat.png", "image/png", PNG),
        ("notes.txt", "text/plain", b"Notes"),
    ]
    (missing,) = turn.items
    assert (missing.kind, missing.content["name"]) == (ItemKind.FILE, "old.pdf")
    assert missing.content["missing"]


def test_an_image_alone_is_a_message(tmp_path: Path) -> None:
    said = ("user", {"content_type": "multimodal_text", "parts": [pointer("file-A", "file-service")]})
    (turn,) = turns(tmp_path, said, ANSWER, beside={"file-A-a picture.webp": WEBP}).turns
    assert turn.text == ""
    assert [(file.name, file.content_type) for file in turn.files] == [("a picture.webp", "image/webp")]


@pytest.mark.parametrize(
    "member", ["dalle-generations/file-D-0000.webp", "user-x/file-D-1.png", "file-D.dat", ""]
)
def test_images_that_were_made(tmp_path: Path, member: str) -> None:
    part = {**pointer("file-D", "file-service"), "metadata": {"dalle": {"prompt": "A cat"}}}
    made = ("tool", {"content_type": "multimodal_text", "parts": [part]}, {"author": "dalle.text2im"})
    call = (
        "assistant",
        {"content_type": "text", "parts": ['{"prompt": "A cat"}']},
        {"recipient": "dalle.text2im"},
    )
    (run,) = (
        turns(tmp_path, ("user", "Draw"), call, made, beside={member: WEBP} if member else None).turns[0].runs
    )
    image = run.items[-1]
    assert (image.kind, image.content["prompt"]) == (ItemKind.IMAGE, "A cat")
    assert (image.data, "missing" in image.content) == ((WEBP, False) if member else (None, True))


def test_images_of_the_code_interpreter(tmp_path: Path) -> None:
    drawn = [{"message_type": "image", "image_url": "file-service://file-P"}, {"message_type": "stream"}]
    output = (
        "tool",
        {"content_type": "execution_output", "text": ""},
        {"metadata": {"aggregate_result": {"messages": drawn}}},
    )
    (run,) = turns(tmp_path, ("user", "Plot"), output, ANSWER, beside={"file-P-1.png": PNG}).turns[0].runs
    assert kinds(run.items) == ["image", "text"]
    assert run.items[0].data == PNG


def test_names_are_in_lists_beside(tmp_path: Path) -> None:
    row = b'{"file_id": "file_1", "file_name": "report.pdf", "origination_message_id": "m-n1"}'
    lists = {
        "library_files.json": b"[" + row + b"]",
        "conversation_asset_file_names.json": b'{"file_2.dat": "photo.png"}',
    }
    said = ("user", {"content_type": "multimodal_text", "parts": [pointer("file_2"), "x"]})
    beside = {**lists, "file_1.dat": b"%PDF-1.7", "file_2.dat": PNG}
    (turn,) = turns(tmp_path, said, ANSWER, beside=beside).turns
    assert [file.name for file in turn.files] == ["photo.png"]
    (file,) = (item for item in turn.runs[0].items if item.kind is ItemKind.FILE)
    assert (file.content["name"], file.data) == ("report.pdf", b"%PDF-1.7")


def test_unknown_content_is_kept_and_counted(tmp_path: Path) -> None:
    record = conversation(
        chain(("user", "?"), ("assistant", {"content_type": "hologram", "text": "Look", "depth": 3}))
    )
    read = only(tmp_path, record)
    (run,) = turns_of(read).turns[0].runs
    assert (run.text, kinds(run.items), read.unmapped) == ("Look", ["text", "other"], {"hologram": 1})
    assert run.items[1].raw == '{"content_type":"hologram","depth":3,"text":"Look"}'


def test_errors_of_tools(tmp_path: Path) -> None:
    call = ("assistant", {"content_type": "code", "text": "x"}, {"recipient": "browser"})
    error = (
        "tool",
        {"content_type": "system_error", "name": "Timeout", "text": "Too slow"},
        {"author": "browser"},
    )
    (run,) = turns(tmp_path, ("user", "?"), call, error, ANSWER).turns[0].runs
    assert run.items[1].content["output"] == "Timeout: Too slow"


@pytest.mark.parametrize(
    ("more", "state", "detail"),
    [
        ({"metadata": {"finish_details": {"type": "max_tokens"}}}, RunState.INCOMPLETE, "length"),
        ({"metadata": {"finish_details": {"type": "interrupted"}}}, RunState.INCOMPLETE, "cancelled"),
        ({"metadata": {"finish_details": {"type": "stop"}}}, RunState.COMPLETED, ""),
        ({"status": "finished_partial_completion"}, RunState.INCOMPLETE, "incomplete"),
        ({"status": "in_progress"}, RunState.INCOMPLETE, "in_progress"),
        ({"status": "error"}, RunState.FAILED, ""),
    ],
)
def test_states(tmp_path: Path, more: dict[str, Any], state: RunState, detail: str) -> None:
    (run,) = turns(tmp_path, ("user", "?"), ("assistant", "So", more)).turns[0].runs
    assert (run.state, run.detail) == (state, detail)


def test_an_answer_that_goes_on_is_joined_without_a_gap(tmp_path: Path) -> None:
    said = (("assistant", "One, tw"), ("assistant", "o."), ("assistant", "Final.", {"channel": "final"}))
    (run,) = turns(tmp_path, ("user", "?"), *said).turns[0].runs
    assert run.text == "One, two.\n\nFinal."


def test_a_conversation_begun_by_the_assistant(tmp_path: Path) -> None:
    first, second = turns(tmp_path, ("assistant", "Good morning!"), ("user", "Hi"), ANSWER).turns
    assert (first.text, first.runs[0].text, second.parent) == ("", "Good morning!", 0)


def branched() -> list[dict[str, Any]]:
    return [
        node("root", None),
        node("q1", "root", "user", "One"),
        node("a1", "q1", "assistant", "First"),
        node("b1", "q1", "assistant", "Second"),
        node("q2", "b1", "user", "Two"),
        node("a2", "q2", "assistant", "Good"),
        node("q2b", "b1", "user", "Two, edited"),
        node("q3", "a1", "user", "Other"),
    ]


def test_regenerations_edits_and_other_paths(tmp_path: Path) -> None:
    read = turns_of(only(tmp_path, conversation(branched(), current_node="a2")))
    by_text = {turn.text: turn for turn in read.turns if turn.copy < 0}
    one = by_text["One"]
    assert [run.text for run in one.runs] == ["First", "Second"]
    assert one.runs[one.run].text == "Second"
    assert read.turns[read.tip].text == "Two"
    assert read.turns[by_text["Two, edited"].parent] is one
    copy = read.turns[by_text["Other"].parent]
    assert (copy.text, [run.text for run in copy.runs], read.turns[copy.copy]) == ("One", ["First"], one)


@pytest.mark.parametrize("current", [None, "nowhere", 7])
def test_without_a_current_node_the_newest_leaf_counts(tmp_path: Path, current: Any) -> None:
    record = conversation(branched(), current_node=current)
    expected = turns_of(only(tmp_path, record))
    assert expected.turns[expected.tip].text == "Other"
    record["mapping"] = dict(reversed(record["mapping"].items()))
    assert turns_of(only(tmp_path, record)) == expected


def test_the_slim_layout(tmp_path: Path) -> None:
    record = conversation(branched(), current_node="a2")
    whole = turns_of(only(tmp_path, record))
    for member in record["mapping"].values():
        del member["children"]
        if member["message"]:
            del member["message"]["metadata"]
    assert turns_of(only(tmp_path, record)) == whole


@pytest.mark.parametrize(
    "content",
    [None, 7, "text", [], {"content_type": 3}, {"content_type": "text", "parts": "no"}, {"parts": [[1], 5]}],
)
@pytest.mark.parametrize("role", ["user", "assistant", "tool"])
def test_odd_contents(tmp_path: Path, content: Any, role: str) -> None:
    record = conversation(chain(("user", "Hello"), ("assistant", "x"), ANSWER))
    record["mapping"]["n1"]["message"].update(
        content=content, author={"role": role}, metadata=[], recipient=4, channel={}
    )
    assert turns_of(only(tmp_path, record)).turns[0].text == "Hello"


def test_cycles_and_missing_parents(tmp_path: Path) -> None:
    nodes = [
        node("a", "b", "user", "A"),
        node("b", "a", "assistant", "B"),
        node("c", "nowhere", "user", "C"),
        node("d", "d", "tool", "D"),
        node("e", "f", "tool", "E"),
        node("f", "e"),
    ]
    read = turns_of(only(tmp_path, conversation(nodes)))
    assert {turn.text for turn in read.turns} >= {"A", "C"}


def test_message_ids_may_repeat(tmp_path: Path) -> None:
    record = conversation(chain(("user", "Hello"), ANSWER))
    record["mapping"]["n1"]["message"]["id"] = "m-n0"
    (turn,) = turns_of(only(tmp_path, record)).turns
    assert (turn.text, turn.runs[0].text) == ("Hello", "Answer.")


def test_message_ids_that_are_keys_of_other_nodes(tmp_path: Path) -> None:
    record = conversation(chain(("user", "Hello"), ANSWER, ("user", "More"), ANSWER))
    for key, name in (("n1", "n0"), ("n2", "n0"), ("n0", "n2"), ("n3", "n2")):
        record["mapping"][key]["message"]["id"] = name
    first, second = turns_of(only(tmp_path, record)).turns
    assert (first.text, first.runs[0].text, second.text, second.runs[0].text) == (
        "Hello",
        "Answer.",
        "More",
        "Answer.",
    )
