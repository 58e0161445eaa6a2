"""Files with a message: kept once, mapped to each API, and there again whenever the history travels."""

import hashlib
from typing import Any

import pytest

from chatmgr.backends.message_format import plain_message
from chatmgr.domain.model import Attachment, Message
from tests.support.commands import Chatmgr, last_body
from tests.support.sample_files import NOTES, PDF, PNG, SAMPLES, data_url
from tests.wire import Fault, WireServer
from tests.wire.files import Upload

pytestmark = pytest.mark.usefixtures("files")  # they lie where the commands run

INLINED = f"[notes.txt]\n{NOTES}"
THREE = ("-f", "dot.png", "-f", "plan.pdf", "-f", "notes.txt")
SEARCH = {"type": "file_search"}


def content(api: str, text: str, ids: dict[str, str]) -> list[dict[str, Any]]:
    """What a message with the three files must be made of, in each API's words."""
    if api == "responses":
        return [
            {"type": "input_image", "image_url": data_url("dot.png"), "detail": "auto"},
            {"type": "input_file", "filename": "plan.pdf", "file_data": data_url("plan.pdf")},
            {"type": "input_text", "text": INLINED},
            {"type": "input_text", "text": text},
        ]
    if api == "completions":
        return [
            {"type": "image_url", "image_url": {"url": data_url("dot.png")}},
            {"type": "file", "file": {"filename": "plan.pdf", "file_data": data_url("plan.pdf")}},
            {"type": "text", "text": INLINED},
            {"type": "text", "text": text},
        ]
    return [
        {"type": "image_file", "image_file": {"file_id": ids["dot.png"]}},
        {"type": "text", "text": INLINED},
        {"type": "text", "text": text},
    ]


def bodies(wire: WireServer, ending: str) -> list[Any]:
    """The bodies of the POST requests to paths that end so."""
    return [
        request.body
        for request in wire.requests
        if request.method == "POST" and request.path.endswith(ending)
    ]


def uploads(wire: WireServer) -> list[tuple[str, str, str, bytes]]:
    """What was uploaded: purpose, name, type and bytes."""
    collected = []
    for body in bodies(wire, "/files"):
        file = body["file"]
        assert isinstance(file, Upload)
        collected.append((body["purpose"], file.filename, file.content_type, file.data))
    return collected


def ids(wire: WireServer) -> dict[str, str]:
    """The ids of uploaded files by their names."""
    return {body["filename"]: identifier for identifier, body in wire.world.files.items()}


def messages(wire: WireServer, api: str) -> list[Any]:
    """The messages that clients made, wherever this API takes them."""
    if api == "completions":
        return list(bodies(wire, "/chat/completions")[-1]["messages"])
    if api == "responses":
        return list(bodies(wire, "/responses")[-1]["input"])
    return bodies(wire, "/messages")


def test_each_kind_in_the_words_of_each_api(talking: Chatmgr, wire: WireServer, api: str) -> None:
    done = talking("send", "demo", *THREE, "compare")
    assert done.out.endswith("compare'\n")
    message = messages(wire, api)[-1]
    assert message["content"] == content(api, "compare", ids(wire))
    if api == "assistants":
        assert message["attachments"] == [{"file_id": ids(wire)["plan.pdf"], "tools": [SEARCH]}]
        assert uploads(wire) == [
            ("vision", "dot.png", "image/png", PNG),
            ("assistants", "plan.pdf", "application/pdf", PDF),
        ]
        assert bodies(wire, "/runs")[-1]["tools"] == [SEARCH]
    else:
        assert uploads(wire) == []


@pytest.mark.parametrize(
    "name", ["photo.JPG", "move.gif", "small.webp", "table.csv", "facts.json", "tool.py"]
)
def test_every_kind_travels(talking: Chatmgr, wire: WireServer, api: str, name: str) -> None:
    talking("send", "demo", "-f", name, "look")
    first = messages(wire, api)[-1]["content"][0]
    kind, data = SAMPLES[name]
    if kind.startswith("image/"):
        expected = {"responses": "input_image", "completions": "image_url", "assistants": "image_file"}
        assert first["type"] == expected[api]
        if api == "assistants":
            assert uploads(wire) == [("vision", name, kind, data)]
    else:
        assert first["text"] == f"[{name}]\n{data.decode()}"


def test_a_file_is_kept_once_and_shown_everywhere(talking: Chatmgr, wire: WireServer, api: str) -> None:
    (talking.home.parent / "copy.png").write_bytes(PNG)
    first = talking("send", "demo", "-f", "dot.png", "-f", "copy.png", "twice", "--json").json()
    talking("new", "other", "-i", "x", "--provider", "wire", "-f", "dot.png", "thrice")
    sha256 = hashlib.sha256(PNG).hexdigest()
    assert talking.rows("SELECT sha256, size, data FROM blobs") == [(sha256, len(PNG), PNG)]
    assert talking.rows("SELECT count(*) FROM attachments") == [(3,)]
    assert first[0]["attachments"] == [
        {"name": name, "content_type": "image/png", "sha256": sha256, "size": len(PNG), "pixels": [1, 1]}
        for name in ("dot.png", "copy.png")
    ]
    assert talking.turn("demo@2") == first[0]
    assert talking.turn("demo@1")["attachments"] == []
    shown = talking("history", "demo@2").out
    assert f"> twice\n> + dot.png (1×1, {len(PNG)} bytes)\n> + copy.png (1×1" in shown
    assert "> +" not in talking("history", "demo@1").out
    if api == "assistants":
        assert len(uploads(wire)) == 1  # once per endpoint, whichever conversation
        [row] = talking.rows("SELECT sha256, provider, endpoint, remote_id FROM remote_files")
        assert row == (sha256, "wire", wire.base_url, ids(wire)["dot.png"])


def test_files_stay_in_the_history(talking: Chatmgr, wire: WireServer, api: str) -> None:
    """Where the history is sent, they are sent with it; where a thread lives, they are in it already."""
    if api == "responses":
        wire.fault(Fault(kind="status", match=("POST", "/conversations"), status=404, times=0))
        talking("new", "stateless", "-i", "x", "--provider", "wire", "zero")
    name = "stateless" if api == "responses" else "demo"
    talking("send", name, *THREE, "compare")
    talking("send", name, "and now?")
    posted = messages(wire, api)
    if api == "assistants":
        assert posted[-1] == {"role": "user", "content": "and now?"}
        assert bodies(wire, "/runs")[-1]["tools"] == [SEARCH]  # the document is there to be searched
        return
    assert posted[-3]["content"] == content(api, "compare", {})
    assert (posted[-1]["role"], posted[-1]["content"]) == ("user", "and now?")


@pytest.mark.parametrize("api", ["responses", "assistants"])
def test_a_thread_is_rebuilt_with_its_files(talking: Chatmgr, wire: WireServer, api: str) -> None:
    talking("send", "demo", *THREE, "compare")
    talking("resume", "demo", stdin="".join(f"line {number}\n" for number in range(10)).encode())
    talking("send", "demo", "-f", "dot.png", "the same again")
    wire.requests.clear()
    path = {"responses": "/conversations/[^/]+/items", "assistants": "/threads/[^/]+/messages"}[api]
    wire.fault(Fault(kind="forget", match=("GET", path)))
    done = talking("send", "demo", "still there?")
    assert "is gone; rebuilding it from the transcript." in done.err
    assert done.out == "14 user turns; you said: 'still there?'\n"
    made = bodies(wire, "/messages")[:-1]
    if api == "responses":
        calls = [body["items"] for body in [*bodies(wire, "/conversations"), *bodies(wire, "/items")]]
        assert [len(items) for items in calls] == [20, 6]
        made = [item for items in calls for item in items]
    assert len(made) == 26
    assert made[2]["content"] == content(api, "compare", ids(wire))
    assert made[24]["content"][0] == content(api, "", ids(wire))[0]
    assert uploads(wire) == []  # the server has them still


@pytest.mark.parametrize("api", ["responses", "assistants"])
def test_a_thread_that_is_behind_is_completed_with_files(
    talking: Chatmgr, wire: WireServer, api: str
) -> None:
    talking.provider("completions", wire.base_url, "elsewhere")
    talking("send", "demo", "--provider", "elsewhere", *THREE, "compare")
    wire.requests.clear()
    done = talking("send", "demo", "--provider", "wire", "back again")
    assert "is 1 turn behind; adding what is missing." in done.err
    assert done.out == "3 user turns; you said: 'back again'\n"
    added = bodies(wire, "/items")[0]["items"] if api == "responses" else bodies(wire, "/messages")
    assert added[0]["content"] == content(api, "compare", ids(wire))
    if api == "assistants":
        assert len(uploads(wire)) == 2
        assert bodies(wire, "/runs")[-1]["tools"] == [SEARCH]


@pytest.mark.parametrize("api", ["responses", "assistants"])
def test_a_thread_with_files_is_synced(talking: Chatmgr) -> None:
    talking("send", "demo", *THREE, "compare")
    assert "different histories" not in talking("thread", "sync", "demo").err


@pytest.mark.parametrize("api", ["assistants"])
def test_a_file_that_the_server_has_lost_is_uploaded_again(talking: Chatmgr, wire: WireServer) -> None:
    talking("send", "demo", *THREE, "compare")
    wire.world.files.clear()
    talking("send", "demo", *THREE, "compare again")
    assert len(uploads(wire)) == 4
    assert len(wire.turns_heard) == 3
    known = {remote for [remote] in talking.rows("SELECT remote_id FROM remote_files")}
    assert known == set(wire.world.files)


@pytest.mark.parametrize("api", ["assistants"])
def test_a_server_without_files_says_so_at_once(talking: Chatmgr, wire: WireServer) -> None:
    wire.fault(Fault(kind="status", match=("POST", "/files"), status=404))
    line = talking.refused(8, "send", "demo", "-f", "dot.png", "look")
    assert (
        line == "chatmgr: wire takes no files, so dot.png cannot go. Send it as text, or to another provider."
    )
    assert talking.turn("demo@2")["state"] == "failed"
    assert talking("send", "demo", "without").out == "2 user turns; you said: 'without'\n"


@pytest.mark.parametrize("api", ["assistants"])
def test_an_upload_waits_for_a_busy_server(talking: Chatmgr, wire: WireServer) -> None:
    wire.fault(Fault(kind="status", match=("POST", "/files"), status=429, retry_after="0"))
    talking("send", "demo", "-f", "dot.png", "look")
    assert [request.status for request in wire.requests if request.path == "/files"] == [429, 200]


@pytest.mark.parametrize("api", ["completions"])
def test_a_model_that_cannot_see_is_told_the_names(talking: Chatmgr, wire: WireServer) -> None:
    talking("send", "demo", *THREE, "compare")
    wire.world.sees = False
    done = talking("send", "demo", "go on")
    assert done.err == "The model cannot read the files of 1 earlier turn; only their names were sent.\n"
    told = last_body(wire)["messages"][3]["content"]
    assert [part["text"] for part in told] == [
        INLINED,
        "[dot.png: image/png, not shown to this model]\n\n"
        "[plan.pdf: application/pdf, not shown to this model]\n\ncompare",
    ]
    assert [attachment["name"] for attachment in talking.turn("demo@2")["attachments"]] == [
        "dot.png",
        "plan.pdf",
        "notes.txt",
    ]


@pytest.mark.parametrize("api", ["completions"])
def test_an_image_for_a_model_that_cannot_see(talking: Chatmgr, wire: WireServer) -> None:
    wire.world.sees = False
    line = talking.refused(8, "send", "demo", "-f", "dot.png", "look")
    assert line == (
        "chatmgr: The model cannot read dot.png: wire refused (500): image input is not supported - hint: if "
        "this is unexpected, you may need to provide the mmproj. Choose one that can, with -m or --provider, "
        "or send text."
    )
    turn = talking.turn("demo@2")
    assert (turn["state"], turn["cost"]) == ("failed", 0)
    assert talking("send", "demo", "without").out == "2 user turns; you said: 'without'\n"


def test_what_the_embedded_model_is_shown() -> None:
    picture = Attachment("dot.png", "image/png", "1", PNG)
    notes = Attachment("notes.txt", "text/plain", "2", NOTES.encode())
    shown = plain_message(Message("user", "look", (picture, notes)))
    assert shown == Message("user", f"{INLINED}\n\n[dot.png: image/png, not shown to this model]\n\nlook")
    assert plain_message(Message("user", "look")) == Message("user", "look")
