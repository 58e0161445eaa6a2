"""All layouts of ChatGPT's export hold the same conversations, and what holds none is said to hold none."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.importers.chatgpt.export import PNG, archive, chain, conversation, conversations, read

SAID = (("user", "Hello"), ("assistant", "Hi."))
RECORDS = [conversation(chain(*SAID), f"c-{number}") for number in range(3)]
SHELL = {"id": "c-9", "title": "Empty", "default_model_slug": "gpt-5"}
SHARED = {"id": "s-1", "conversation_id": "c-1", "title": "Shared", "is_anonymous": True}
PAGE = (
    b"<html><head><style>body {}</style></head><body><script>\n// Create a JSON object\nvar jsonData = "
    + json.dumps(RECORDS).encode()
    + b";\nvar assetsJson = {'file-service://file-A': 'file-A.png',};\n</script></body></html>"
)

LAYOUTS: dict[str, dict[str, Any]] = {
    "one file": {
        "conversations.json": RECORDS,
        "chat.html": PAGE,
        "user.json": {"email": "x", "chatgpt_plus_user": 1},
    },
    "shards": {"conversations-000.json": RECORDS[:2], "conversations-001.json": RECORDS[2:]},
    "with a manifest": {
        "x/export_manifest.json": {"export_files": [{"path": "x/conversations-000.json", "size_bytes": 1}]},
        "x/conversations-000.json": RECORDS,
        "x/library_files.json": [{"file_id": "file_1", "file_name": "a.pdf"}],
        "x/shared_conversations.json": [SHARED],
        "x/chat.html": PAGE,
    },
    "a wrapper": {"saved.json": {"version": 1, "conversations": RECORDS}},
    "single objects": {f"{record['id']}.json": record for record in RECORDS},
    "a page alone": {"chat.html": PAGE},
    "with shells": {"conversations.json": [SHELL, *RECORDS, SHELL]},
    "lines": {"all.jsonl": "\n".join(map(json.dumps, RECORDS)).encode()},
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("as_folder", [False, True])
def test_layouts(tmp_path: Path, layout: str, as_folder: bool) -> None:
    path = tmp_path / "export"
    if as_folder:
        for name, content in LAYOUTS[layout].items():
            file = path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    else:
        archive(path, LAYOUTS[layout])
    found, left_out = read(path)
    assert sorted(entry.id for entry in found) == ["c-0", "c-1", "c-2"]
    assert {entry.kind for entry in found} == {"chatgpt"}
    assert not any(left.fault for left in left_out), left_out


def test_each_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps(RECORDS[0]))
    (tmp_path / "file-A-cat.png").write_bytes(PNG)
    record = conversation(chain(("user", {"content_type": "multimodal_text", "parts": [
        {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-A"}]})))  # fmt: skip
    path.write_text(json.dumps([record]))
    (only,) = conversations(path)
    assert [file.data for message in only.messages for file in message.files] == [PNG]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([SHARED, SHARED], "shared links: it names a conversation, no more (2 times)"),
        ([SHELL], "without its messages"),
        ({"export_files": []}, "manifest of a ChatGPT export"),
        ([conversation(chain(("system", "x")))], "it has no messages"),
        ([], "no conversation is in it"),
    ],
)
def test_what_holds_no_conversation(tmp_path: Path, content: Any, words: str) -> None:
    path = tmp_path / "given.json"
    path.write_text(json.dumps(content))
    found, left_out = read(path)
    assert found == []
    assert any(words in left.reason for left in left_out), left_out
    assert left_out[-1].fault


def test_a_digest_changes_with_the_conversation_and_with_files_beside_it(tmp_path: Path) -> None:
    def digest(record: Any, beside: dict[str, Any]) -> str:
        found, _ = read(archive(tmp_path / "x.zip", {"conversations.json": [record], **beside}))
        return found[0].digest

    first = digest(RECORDS[0], {})
    assert first == digest(RECORDS[0], {"other.txt": b"x"})
    assert (
        len({first, digest({**RECORDS[0], "title": "New"}, {}), digest(RECORDS[0], {"file-A.png": PNG})}) == 3
    )


def test_one_bad_conversation_does_not_stop_the_rest(tmp_path: Path) -> None:
    bad = [
        {**RECORDS[1], "mapping": {"a": 3, "b": {"message": {"content": 1, "author": {"role": "user"}}}}},
        {"mapping": {"x": {"message": {"content": {}, "author": {"role": "user"}}}}},
    ]
    path = archive(tmp_path / "x.zip", {"conversations.json": [RECORDS[0], *bad, RECORDS[2]]})
    found, left_out = read(path)
    assert [entry.id for entry in found] == ["c-0", "c-1", "c-2"]
    assert [(left.place.member, left.place.index, left.fault) for left in left_out] == [
        ("conversations.json", 3, False)
    ]
