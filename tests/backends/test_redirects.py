"""Redirects: followed within the same server, and refused elsewhere before the conversation leaves."""

import pytest

from tests.support.commands import Chatmgr
from tests.support.reply_server import ReceivedRequest, Reply, ReplyServer, chat_answer

NEW = ("new", "demo", "hello", "-i", "x", "--provider", "wire", "-m", "m")


def redirecting(status: int, location: str) -> ReplyServer:
    """A server that redirects every request below ``/v1`` to ``location``; ``/moved`` answers."""

    def answer(request: ReceivedRequest) -> Reply:
        if request.path.startswith("/moved"):
            return chat_answer("here")
        return Reply(status, headers={"Location": location})

    return ReplyServer(answer)


@pytest.mark.parametrize("status", [307, 308])
def test_a_post_is_followed_within_the_same_server(chatmgr: Chatmgr, status: int) -> None:
    with redirecting(status, "/moved/chat/completions") as server:
        chatmgr.provider("completions", server.base_url)
        assert chatmgr(*NEW).out == "here\n"
        first, second = server.posts
        assert second.body == first.body
        assert second.headers["authorization"] == first.headers["authorization"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_nothing_goes_to_another_server(chatmgr: Chatmgr, status: int, name: str) -> None:
    with ReplyServer(lambda _: chat_answer("stolen")) as thief:
        elsewhere = thief.base_url.replace("127.0.0.1", name)
        with redirecting(status, f"{elsewhere}/chat/completions?token=s3cret") as server:
            chatmgr.provider("completions", server.base_url)
            line = chatmgr.refused(8, *NEW)
            assert thief.requests == []
            assert f"wire redirects ({status}) {server.base_url}/chat/completions to " in line
            assert f"{elsewhere}/chat/completions, " in line
            assert "s3cret" not in line
            assert "chatmgr provider add wire" in line
            assert len(server.posts) == 1
    turn = chatmgr.turn("demo@1")
    assert (turn["user"], turn["state"], turn["cost"]) == ("hello", "failed", 0)


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_loses_the_message_is_the_address_s_fault(chatmgr: Chatmgr, status: int) -> None:
    with redirecting(status, "/moved/chat/completions") as server:
        chatmgr.provider("completions", server.base_url)
        line = chatmgr.refused(8, *NEW)
        assert f"redirects ({status})" in line
        assert "in a way that would lose the message" in line
        assert "Correct the address" in line
        assert len(server.posts) == 1
        assert not any(request.path.startswith("/moved") for request in server.requests)


@pytest.mark.parametrize("api", ["responses", "assistants", "completions"])
def test_a_loop_ends_soon(chatmgr: Chatmgr, api: str) -> None:
    with ReplyServer(lambda request: Reply(307, headers={"Location": request.path})) as server:
        chatmgr.provider(api, server.base_url)
        line = chatmgr("new", "demo", "hello", "-i", "x", "--provider", "wire", "-m", "m", code=8).err
        assert "more than 3 times" in line.splitlines()[-1]
        assert len(server.posts) <= 8


@pytest.mark.parametrize(
    "location", ["http://[::1/x", "file:///etc/passwd", "", "https://u:p@other.example/"]
)
def test_odd_locations_are_one_line(chatmgr: Chatmgr, location: str) -> None:
    with ReplyServer(lambda _: Reply(307, headers={"Location": location})) as server:
        chatmgr.provider("completions", server.base_url)
        line = chatmgr.refused(8, *NEW)
        assert "redirects (307)" in line
        assert "u:p" not in line


def test_a_list_of_models_is_not_fetched_elsewhere(chatmgr: Chatmgr) -> None:
    with ReplyServer(lambda _: chat_answer("")) as thief:
        elsewhere = f"{thief.base_url}/models"
        with ReplyServer(lambda _: Reply(302, headers={"Location": elsewhere})) as server:
            server.models = False
            chatmgr.provider("completions", server.base_url)
            line = chatmgr.refused(8, "provider", "test", "wire")
            assert "redirects (302)" in line
            assert thief.requests == []


def test_a_file_s_password_stays_with_its_host(chatmgr: Chatmgr) -> None:
    with ReplyServer(lambda _: Reply(200, "text", "text/plain")) as elsewhere:
        moved = f"{elsewhere.base_url}/a.txt"
        with ReplyServer(lambda _: Reply(302, headers={"Location": moved})) as server:
            with ReplyServer(lambda _: chat_answer("read")) as model:
                chatmgr.provider("completions", model.base_url)
                address = f"{server.base_url}/a.txt".replace("://", "://me:hunter2@")
                chatmgr(*NEW, "-f", address)
            assert "authorization" in server.requests[0].headers
            assert "authorization" not in elsewhere.requests[0].headers
    line = chatmgr.refused(6, "send", "demo", "two", "-f", address)
    assert "hunter2" not in line
