"""Which files can go along: what is read, for what it is taken, what is refused before anything is kept."""

from pathlib import Path

import pytest

from chatmgr.domain.errors import NetworkDown, UsageFault
from chatmgr.ui.attachments import attachments, content_type
from tests.support.commands import Chatmgr, one_line
from tests.support.sample_files import PNG, SAMPLES, UNSENDABLE, FileServer
from tests.wire import WireServer

pytestmark = pytest.mark.usefixtures("files")  # they lie where the commands run


@pytest.fixture
def api() -> str:
    return "responses"


@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_is_what_its_first_bytes_or_its_name_say(name: str) -> None:
    kind, data = SAMPLES[name]
    assert content_type(name, data) == kind
    if not kind.startswith("text/") and kind != "application/json":
        assert content_type("misnamed.txt", data) == kind


@pytest.mark.parametrize("name", UNSENDABLE)
def test_what_is_neither_text_nor_known_is_said_to_be_so(name: str) -> None:
    assert content_type(name, UNSENDABLE[name]) == "application/octet-stream"


def test_a_nameless_file_is_given_the_suffix_of_its_type(
    files: Path, monkeypatch: pytest.MonkeyPatch, file_server: FileServer
) -> None:
    (files / "picture").write_bytes(PNG)
    [picture] = attachments((str(files / "picture"),))
    assert (picture.name, picture.content_type) == ("picture.png", "image/png")
    [plain] = attachments((str(files / "Makefile"),))
    assert plain.name == "Makefile"


def test_addresses_are_fetched(file_server: FileServer) -> None:
    attached = attachments(
        (
            file_server("a/plan.pdf?v=2"),
            file_server("moved"),
            file_server("notes.txt").replace("http", "HTTP"),
        )
    )
    assert [(item.name, item.content_type) for item in attached] == [
        ("plan.pdf", "application/pdf"),
        ("moved.png", "image/png"),
        ("notes.txt", "text/plain"),
    ]
    with pytest.raises(UsageFault, match=r"nothing\.png cannot be fetched: it answers 404"):
        attachments((file_server("nothing.png"),))
    with pytest.raises(UsageFault, match="is larger than 32 MB"):
        attachments((file_server("endless"),))
    with pytest.raises(NetworkDown, match="cannot be fetched"):
        attachments(("http://127.0.0.1:1/x.png",))
    with pytest.raises(UsageFault, match="is no address"):
        attachments(("http://[::x/a.png",))


def test_names_that_no_database_takes_are_mended(files: Path) -> None:
    odd = files / "caf\udce9.txt"
    odd.write_text("x")
    [attached] = attachments((str(odd),))
    assert attached.name == "caf\ufffd.txt"


REFUSED = {
    "missing.txt": "The file missing.txt cannot be read: No such file or directory.",
    "folder": "The file folder cannot be read: Is a directory.",
    "empty.txt": "The file empty.txt is empty.",
    "big.txt": "The file big.txt is larger than 32 MB. Send a part of it.",
    "~nobody-here/x": "The file ~nobody-here/x cannot be read: Could not determine home directory.",
    "/dev/zero": "The file /dev/zero is larger than 32 MB. Send a part of it.",
    "box.zip": "box.zip is application/octet-stream, which no model here can read. "
    "Images (PNG, JPEG, WebP, GIF), PDF and text can be sent.",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_file_leaves_no_trace(talking: Chatmgr, wire: WireServer, files: Path, name: str) -> None:
    (files / "folder").mkdir()
    (files / "empty.txt").touch()
    with (files / "big.txt").open("wb") as big:
        big.truncate(33 * 1024 * 1024)
    (files / "box.zip").write_bytes(UNSENDABLE["box.zip"])
    before = len(wire.requests)
    assert talking.refused(2, "send", "demo", "-f", name, "look") == f"chatmgr: {REFUSED[name]}"
    refused = talking("new", "other", "-i", "x", "--provider", "wire", "-f", name, "look", code=2)
    assert one_line(refused) == f"chatmgr: {REFUSED[name]}"
    assert talking.said() == ["one"]
    assert [conversation["name"] for conversation in talking.json("history")] == ["demo"]
    assert [assistant["name"] for assistant in talking.json("assistant", "list")] == ["demo"]
    assert len(wire.requests) == before


@pytest.mark.parametrize("name", ["dot.png", "plan.pdf", "box.zip"])
def test_the_embedded_model_refuses_before_anything_is_kept(talking: Chatmgr, files: Path, name: str) -> None:
    (files / "box.zip").write_bytes(UNSENDABLE["box.zip"])
    line = talking.refused(2, "send", "demo", "--provider", "local", "-f", name, "look")
    assert name in line
    assert talking.json("history")[0]["provider"] == "wire"  # it was not moved either
    talking("new", "other", "-i", "x", "--provider", "local", "-f", name, "look", code=2)
    assert talking.said() == ["one"]
    assert talking.rows("SELECT count(*) FROM blobs") == [(0,)]
    assert [conversation["name"] for conversation in talking.json("history")] == ["demo"]


def test_standard_input_is_a_file_or_a_message(talking: Chatmgr) -> None:
    talking("send", "demo", "-f", "-", "what is it?", stdin=PNG)
    talking("send", "demo", "-f", "-", "-f", "notes.txt", "and these?", stdin=b"a;b\n")
    turns = talking.json("history", "demo")
    assert [(attachment["name"], attachment["content_type"]) for attachment in turns[1]["attachments"]] == [
        ("stdin.png", "image/png")
    ]
    assert [attachment["name"] for attachment in turns[2]["attachments"]] == ["stdin", "notes.txt"]
    assert [turn["user"] for turn in turns] == ["one", "what is it?", "and these?"]
    talking("send", "demo", "-f", "notes.txt", "so?", stdin=b"piped")
    assert talking.said()[-1] == "piped\n\nso?"
    line = talking.refused(2, "send", "demo", "-f", "-", "-f", "-", "twice", stdin=PNG)
    assert line == "chatmgr: The file - is empty."


def test_a_file_wants_a_message(talking: Chatmgr) -> None:
    line = "chatmgr: The message is empty. Type something, or pipe it in."
    missing = "The message for “demo” is missing."
    assert missing in talking.refused(2, "send", "demo", "-f", "notes.txt")
    assert missing in talking.refused(2, "send", "demo", "-f", "-", stdin=b"text")
    assert "The question is missing." in talking.refused(2, "ask", "-f", "notes.txt")
    assert talking.refused(2, "new", "other", "-i", "x", "--provider", "wire", "-f", "notes.txt") == line
    assert [conversation["name"] for conversation in talking.json("history")] == ["demo"]


def test_in_the_chat_files_wait_for_the_next_message(talking: Chatmgr, files: Path) -> None:
    (files / "box.zip").write_bytes(UNSENDABLE["box.zip"])
    lines = [
        "/file",
        "/file dot.png",
        "/file box.zip",
        "/file gone.txt",
        "/file notes.txt",
        "look",
        "and now?",
    ]
    lines += ["/file plan.pdf", "/file", "no file after all"]
    done = talking("resume", "demo", stdin="\n".join(lines).encode() + b"\n")
    turns = talking.json("history", "demo")[1:]
    assert [[attachment["name"] for attachment in turn["attachments"]] for turn in turns] == [
        ["dot.png", "notes.txt"],
        [],
        [],
    ]
    assert "Name a file: /file PATH" in done.err
    assert f"dot.png (1×1, {len(PNG)} bytes) goes with the next message." in done.err
    assert "box.zip is application/octet-stream" in done.err
    assert "The file gone.txt cannot be read" in done.err
    assert "No file goes with the next message." in done.err


def test_in_the_chat_a_provider_that_cannot_take_a_file_is_no_trap(talking: Chatmgr) -> None:
    lines = "/file dot.png\n/provider local\nlook\n/provider wire\nlook\n"
    done = talking("resume", "demo", stdin=lines.encode())
    assert "The embedded model reads text only, and dot.png is image/png." in done.err
    [_, turn] = talking.json("history", "demo")
    assert (turn["user"], turn["provider"]) == ("look", "wire")
    assert [attachment["name"] for attachment in turn["attachments"]] == ["dot.png"]
