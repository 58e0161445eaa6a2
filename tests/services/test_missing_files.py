"""Files of answers that could not be fetched: they are named with the reason, and can be fetched again."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import Chatmgr
from tests.support.item_server import PNG, ItemServer, said, streamed
from tests.support.output_items import FILE
from tests.support.reply_server import Reply, event_stream
from tests.support.screen import CTRL_D, ENTER, Screen, environment

CONTAINER = ("GET", "/containers/cntr_1/files/cfile_1/content")
BROKEN = Reply(500, {"error": {"message": "No disk."}})
WORKING = Reply(200, PNG, "application/octet-stream")
AGAIN = "To fetch it again: chatmgr history demo@1 --save DIR\n"


@pytest.fixture
def server(chatmgr: Chatmgr) -> Iterator[ItemServer]:
    """A server of the Responses API whose containers are broken, and ``demo@1``, which names a file there."""
    with ItemServer() as running:
        chatmgr.provider("responses", running.server.base_url)
        chatmgr("new", "demo", "-i", "x", "--provider", "wire")
        running.replies[CONTAINER] = BROKEN
        running.turns.append(streamed(said("See chart.png", FILE)))
        sent = chatmgr("send", "demo", "plot")
        assert "not kept: wire refused (500): No disk." in sent.err
        assert "To fetch it again: chatmgr history demo@-1 --save DIR\n" in sent.err
        yield running


def image_of(chatmgr: Chatmgr, turn: str = "demo@1") -> dict[str, object]:
    """The image among the items of a turn, as JSON."""
    [image] = [item for item in chatmgr.turn(turn)["items"] if item["kind"] == "image"]
    return dict(image)


def test_a_file_that_arrives_is_saved_and_kept(chatmgr: Chatmgr, server: ItemServer, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    for option in ((), ("--items",)):
        assert chatmgr("history", "demo@1", *option).err == AGAIN
    failed = chatmgr("history", "demo@1", "--save", str(folder))
    assert failed.err == "@1: chart.png was not kept: wire refused (500): No disk.\n"
    server.replies[CONTAINER] = WORKING
    done = chatmgr("history", "demo@1", "--save", str(folder))
    assert done.err == f"Saved {folder / 'chart.png'} ({len(PNG)} bytes), fetched just now.\n"
    assert (folder / "chart.png").read_bytes() == PNG
    image = image_of(chatmgr)
    assert image["sha256"] == hashlib.sha256(PNG).hexdigest()
    assert image["content"] == {"name": "chart.png", "content_type": "image/png", "size": len(PNG)}
    asked = len(server.server.requests)
    assert chatmgr("history", "demo@1").err == ""
    assert chatmgr("history", "demo@1", "--save", str(folder)).err.endswith(" bytes).\n")
    assert len(server.server.requests) == asked


def test_one_that_is_gone_says_so_and_is_not_offered(
    chatmgr: Chatmgr, server: ItemServer, tmp_path: Path
) -> None:
    del server.replies[CONTAINER]
    done = chatmgr("history", "demo@1", "--save", str(tmp_path))
    assert done.err == "@1: chart.png was not kept: the server does not have it (404).\n"
    shown = chatmgr("history", "demo@1")
    assert "chart.png · application/octet-stream · not kept: the server does not have it (404)]" in shown.out
    assert shown.err == ""


def test_a_server_that_is_away_is_asked_once(chatmgr: Chatmgr, server: ItemServer, tmp_path: Path) -> None:
    server.replies["GET", "/containers/cntr_1/files/cfile_2/content"] = BROKEN
    server.turns.append(streamed(said("See it once more.", {**FILE, "file_id": "cfile_2"}, id="msg_2")))
    chatmgr("send", "demo", "again")
    chatmgr.provider("responses", "http://127.0.0.1:9/v1")
    done = chatmgr("history", "demo", "--save", str(tmp_path))
    first, second = done.err.splitlines()
    assert first.startswith("@1: chart.png was not kept: ")
    assert second == first.replace("@1", "@2")
    assert "No disk." in str(image_of(chatmgr)["content"])
    assert "To fetch them again: chatmgr history demo --save DIR\n" in chatmgr("history", "demo").err


def test_without_its_provider_it_says_why(chatmgr: Chatmgr, server: ItemServer, tmp_path: Path) -> None:
    chatmgr("provider", "remove", "wire", "--yes")
    done = chatmgr("history", "demo@1", "--save", str(tmp_path))
    assert done.err == "@1: chart.png was not kept: There is no provider “wire”.\n"


def test_an_address_at_chat_completions(chatmgr: Chatmgr, tmp_path: Path) -> None:
    with ItemServer() as server:
        url = f"http://{server.server.address}/pictures/cat.png"
        message = {
            "role": "assistant",
            "content": "Here.",
            "images": [{"type": "image_url", "image_url": {"url": url}}],
        }
        choice = {"index": 0, "delta": message, "finish_reason": "stop"}
        server.turns.append(event_stream({"id": "c1", "choices": [choice]}, "data: [DONE]"))
        chatmgr.provider("completions", server.server.base_url)
        chatmgr("new", "demo", "-i", "x", "--provider", "wire")
        server.replies["GET", "/pictures/cat.png"] = BROKEN
        assert "it answers 500" in chatmgr("send", "demo", "draw").err
        server.replies["GET", "/pictures/cat.png"] = WORKING
        chatmgr("history", "demo@1", "--save", str(tmp_path / "out"))
        assert [path.read_bytes() for path in (tmp_path / "out").iterdir()] == [PNG]
        assert image_of(chatmgr)["content"] == {
            "name": "image.png",
            "content_type": "image/png",
            "size": len(PNG),
            "url": url,
        }


def test_in_the_chat(chatmgr: Chatmgr, server: ItemServer, tmp_path: Path) -> None:
    server.replies[CONTAINER] = WORKING
    variables = environment(chatmgr.home, **chatmgr.env)
    with Screen(["-m", "chatmgr", "resume", "demo"], variables, tmp_path) as screen:
        screen.until(at_prompt=True)
        screen.type(f"/save out/{ENTER}")
        screen.until("Saved out/chart.png (228 bytes), fetched just now.", at_prompt=True)
        assert (tmp_path / "out" / "chart.png").read_bytes() == PNG
        screen.type(CTRL_D)
        assert screen.end() == 0
