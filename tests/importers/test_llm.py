"""Databases that released versions of llm made; see the first line of each."""

from pathlib import Path

import pytest

from chatmgr.importers.tree import turns_of
from tests.importers.reading_back import FIXTURES, Imported, database, imported, items_of, tip_run, told

PERU = [
    ("What is the capital of Peru?", "Answer to: What is the capital of Peru?"),
    ("And of Chile?", "Answer to: And of Chile?"),
]


def of_version(folder: Path, name: str) -> Imported:
    return imported(database(folder, (FIXTURES / f"llm-{name}.sql").read_text(encoding="utf-8")))


@pytest.mark.parametrize(("version", "count"), [("0.19", 2), ("0.26", 4), ("0.36", 5)])
def test_conversations(tmp_path: Path, version: str, count: int) -> None:
    result = of_version(tmp_path, version)
    assert (len(result.conversations), result.faults) == (count, [])
    first = result.conversations[0]
    assert told(first) == PERU
    assert (first.title, first.instructions) == ("What is the capital of Peru?", "Be brief.")
    run = tip_run(turns_of(first))
    assert run.model == "fake"
    assert run.finished_at is not None
    assert run.finished_at.year == 2026
    assert told(result.conversations[1]) == [("A question alone", "Answer to: A question alone")]


def test_tokens(tmp_path: Path) -> None:
    run = tip_run(turns_of(of_version(tmp_path, "0.36").conversations[0]))
    assert (run.usage.input_tokens, run.usage.output_tokens) == (11, 5)


@pytest.mark.parametrize("version", ["0.26", "0.36"])
def test_a_picture_and_a_fragment(tmp_path: Path, version: str) -> None:
    result = of_version(tmp_path, version)
    by_opening = {told(conversation)[0][0]: conversation for conversation in result.conversations}
    [turn] = turns_of(by_opening["What is in it?"]).turns
    if turn.files:  # its bytes, where that version kept them
        assert turn.files[0].content_type == "image/png"
    else:
        assert [item.content["name"] for item in turn.items] == ["p.png"]
    assert "frag one\nWith a fragment" in by_opening


def test_a_tool(tmp_path: Path) -> None:
    run = tip_run(turns_of(of_version(tmp_path, "0.36").conversations[-1]))
    assert items_of(run) == ["tool_call:llm_version", "tool_result:0.36", "text:Answer to: 0.36"]


def test_one_that_went_on_after_an_upgrade_is_one(tmp_path: Path) -> None:
    before = of_version(tmp_path, "0.26")
    (tmp_path / "some.db").unlink()
    after = of_version(tmp_path, "upgraded")
    assert [entry.id for entry in after.conversations if entry.id in {old.id for old in before.conversations}]
    assert len(after.conversations) == len(before.conversations)
    [grown] = [
        conversation
        for conversation in after.conversations
        if told(conversation)[-1][0] == "Continued after the upgrade"
    ]
    [old] = [conversation for conversation in before.conversations if conversation.id == grown.id]
    assert told(grown)[:-1] == told(old)
    ids = [message.id for message in grown.messages]
    assert ids[: len(old.messages)] == [message.id for message in old.messages]


_OLDEST = """CREATE TABLE log (
provider TEXT, system TEXT, prompt TEXT, response TEXT, model TEXT, timestamp TEXT);
INSERT INTO log VALUES ('chatgpt', 'Be kind.', 'Hi', 'Hello', 'gpt-3.5-turbo', '2023-05-01 10:00:00.123456');
INSERT INTO log VALUES ('chatgpt', NULL, 'Bye', 'See you', 'gpt-3.5-turbo', '2023-05-01 10:01:00.123456');"""
_LOGS = """CREATE TABLE logs (id INTEGER PRIMARY KEY, model TEXT, prompt TEXT, system TEXT, prompt_json TEXT,
options_json TEXT, response TEXT, response_json TEXT, reply_to_id INTEGER, chat_id INTEGER,
duration_ms INTEGER, datetime_utc TEXT);
INSERT INTO logs
VALUES (1, 'm', 'one', 'Be kind.', NULL, NULL, 'first', NULL, NULL, NULL, 5, '2023-07-01T10:00:00');
INSERT INTO logs
VALUES (2, 'm', 'two', NULL, NULL, NULL, 'second', NULL, 1, 1, 5, '2023-07-01T10:01:00');
INSERT INTO logs
VALUES (3, 'm', 'else', NULL, NULL, NULL, 'third', NULL, NULL, NULL, 5, '2023-07-01T10:02:00');"""


def test_the_oldest_tables(tmp_path: Path) -> None:
    result = imported(database(tmp_path, _OLDEST + _LOGS))
    assert sorted(map(told, result.conversations)) == [
        [("Bye", "See you")],
        [("Hi", "Hello")],
        [("else", "third")],
        [("one", "first"), ("two", "second")],
    ]
    assert {conversation.instructions for conversation in result.conversations} == {"", "Be kind."}
    assert all(conversation.created_at for conversation in result.conversations)
