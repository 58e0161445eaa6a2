"""What servers answer to DELETE, of each kind of thing at each API: only what is gone counts as deleted."""

from typing import Any, get_args

import pytest

from chatmgr.backends import registry
from chatmgr.domain.errors import ProviderRefused
from chatmgr.domain.remote import RemoteKind
from tests.support.reply_server import ReceivedRequest, Reply, ReplyServer
from tests.support.scripted_api import provider

PATHS = {
    ("responses", "thread"): "/conversations/x_1",
    ("responses", "response"): "/responses/x_1",
    ("responses", "file"): "/files/x_1",
    ("assistants", "thread"): "/threads/x_1",
    ("assistants", "file"): "/files/x_1",
}
THINGS = pytest.mark.parametrize(("api", "kind"), PATHS)


def delete(api: str, kind: RemoteKind, reply: Reply) -> list[str]:
    """Delete something at a server that answers so; the paths that were asked to be deleted."""

    def answer(request: ReceivedRequest) -> Reply:
        if request.method == "DELETE":
            return reply
        return Reply(body={"object": "list", "data": [], "has_more": False})

    with ReplyServer(answer) as server:
        for _ in registry.create(provider(api, server.base_url)).delete(kind, "x_1"):
            pass
        return [request.path for request in server.requests if request.method == "DELETE"]


@THINGS
def test_success_that_says_it_deleted_nothing(api: str, kind: RemoteKind) -> None:
    with pytest.raises(ProviderRefused, match=r"wire does not delete this \(200\)") as refusal:
        delete(api, kind, Reply(body={"id": "x_1", "object": kind, "deleted": False}))
    assert refusal.value.status not in {404, 410}  # which mean that it is gone


@THINGS
@pytest.mark.parametrize("body", [{"id": "x_1", "deleted": True}, {}, "", "null", "[]", "true", "deleted"])
def test_success_of_any_shape(api: str, kind: RemoteKind, body: Any) -> None:
    assert delete(api, kind, Reply(body=body)) == [f"/v1{PATHS[api, kind]}"]


def test_every_kind_is_tried() -> None:
    assert {kind for _, kind in PATHS} == set(get_args(RemoteKind))
