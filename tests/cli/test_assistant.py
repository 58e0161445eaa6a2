"""Personas: versioned, reused, adopted; and everything that a run of one can come to."""

import json

import pytest

from tests.support.commands import Chatmgr, last_body
from tests.wire import Wild, WireServer
from tests.wire.raw_client import raw

FIELDS = ["name", "version", "instructions", "model", "provider", "params", "created_at", "updated_at"]


@pytest.fixture(params=["assistants"])
def api(request: pytest.FixtureRequest) -> str:
    """The API that has assistants of its own."""
    return str(request.param)


def on_server(wire: WireServer, **body: object) -> str:
    """Make an assistant as somebody else would have made it; its id."""
    made = raw(wire, "POST", "/assistants", {"model": "gpt-4o-mini", **body}, beta=True)[2]
    return str(json.loads(made)["id"])


class TestVersions:
    def test_new_list_show_edit_delete(self, chatmgr: Chatmgr) -> None:
        params = ("--param", "temperature=1.1", "--param", "a.b=[1]", "--param", "c=NaN")
        chatmgr("assistant", "new", "poet", "-i", "Verse.", *params)
        [first] = chatmgr.json("assistant", "list")
        assert list(first) == FIELDS
        assert first["params"] == {"temperature": 1.1, "a": {"b": [1]}, "c": "NaN"}
        [edited] = chatmgr.json("assistant", "edit", "poet", "-i", "Prose.", "--param", "temperature=null")
        assert edited["version"] == 2
        assert (edited["instructions"], edited["params"]) == ("Prose.", {"a": {"b": [1]}, "c": "NaN"})
        versions = chatmgr.json("assistant", "show", "poet", "--versions")
        assert [version["instructions"] for version in versions] == ["Verse.", "Prose."]
        assert "stays at version 2" in chatmgr("assistant", "edit", "poet", "-i", "Prose.").err
        shown = chatmgr("assistant", "show", "po").out
        assert shown.startswith("poet, version 2 of ")
        assert "Prose." in chatmgr("assistant", "list").out
        assert "--yes" in chatmgr.refused(2, "assistant", "delete", "poet")
        chatmgr("assistant", "delete", "poet", "--yes")
        assert chatmgr.json("assistant", "list") == []
        assert len(chatmgr.rows("SELECT * FROM assistant_versions")) == 2

    def test_runs_record_the_version_they_used(self, talking: Chatmgr, wire: WireServer) -> None:
        talking("assistant", "edit", "demo", "-i", "Be long.", "-m", "gpt-5-mini")
        talking("send", "demo", "two")
        versions = talking.rows(
            "SELECT version, instructions FROM runs JOIN assistant_versions a ON a.id = assistant_version_id "
            "ORDER BY runs.id"
        )
        assert versions == [(1, "Be brief."), (2, "Be long.")]
        body = last_body(wire)
        assert (body["instructions"], body["model"]) == ("Be long.", "gpt-5-mini")
        assert talking.json("history")[0]["assistant_version"] == 2
        assert [talking.turn(f"demo@{at}")["model"] for at in (1, 2)] == ["gpt-4.1", "gpt-5-mini"]

    def test_reuse(self, talking: Chatmgr) -> None:
        talking("new", "second", "hi", "-a", "demo")
        assert {conversation["assistant"] for conversation in talking.json("history")} == {"demo"}
        assert len(talking.rows("SELECT * FROM remote_assistants")) == 1
        assert "assistant edit demo" in talking.refused(2, "new", "third", "hi", "-a", "demo", "-i", "other")
        assert "“demo”" in talking.refused(5, "new", "third", "hi", "-a", "dmeo")
        assert len(talking.json("history")) == 2

    def test_conversations_keep_a_deleted_persona(self, talking: Chatmgr, wire: WireServer) -> None:
        talking("assistant", "delete", "demo", "--yes")
        assert talking("send", "demo", "two").out.startswith("2 user turns")
        assert last_body(wire)["instructions"] == "Be brief."

    def test_an_editor_needs_a_terminal(self, talking: Chatmgr) -> None:
        assert "nothing to change" in talking.refused(2, "assistant", "edit", "demo")


class TestAdoption:
    def test_taken_as_it_is(self, chatmgr: Chatmgr, wire: WireServer, api: str) -> None:
        there = on_server(wire, name="Helper", instructions="Help.", temperature=0.3)
        chatmgr.provider(api, wire.base_url)
        [taken] = chatmgr.json("assistant", "new", "--id", there, "--provider", "wire")
        told = (taken["name"], taken["instructions"], taken["model"], taken["params"]["temperature"])
        assert told == ("Helper", "Help.", "gpt-4o-mini", 0.3)
        assert chatmgr.json("assistant", "show", "Helper")[0]["remote"] == {"wire": there}
        chatmgr("new", "demo", "hi", "-a", "Helper")
        assert last_body(wire)["assistant_id"] == there
        assert chatmgr.rows("SELECT remote_id FROM remote_assistants") == [(there,)]
        made = [
            request for request in wire.requests if (request.method, request.path) == ("POST", "/assistants")
        ]
        assert len(made) == 1

    def test_not_there_or_not_to_be_had(self, chatmgr: Chatmgr, wire: WireServer, api: str) -> None:
        chatmgr.provider(api, wire.base_url)
        there = on_server(wire, name="Helper")
        assert "asst_no" in chatmgr.refused(8, "assistant", "new", "--id", "asst_no", "--provider", "wire")
        chatmgr("assistant", "new", "Helper", "-i", "Mine.")
        assert "already" in chatmgr.refused(2, "assistant", "new", "--id", there, "--provider", "wire")
        chatmgr("assistant", "new", "theirs", "--id", there, "--provider", "wire")
        chatmgr.provider("completions", wire.base_url, "other")
        assert "no assistants" in chatmgr.refused(2, "assistant", "new", "--id", there, "--provider", "other")
        assert [assistant["name"] for assistant in chatmgr.json("assistant", "list")] == ["Helper", "theirs"]


STATUSES: dict[str, tuple[tuple[str, ...], int, str, str | None]] = {
    "queued": (("queued", "queued", "completed"), 0, "completed", None),
    "in_progress": (("in_progress", "in_progress", "completed"), 0, "completed", None),
    "requires_action": (("queued", "requires_action"), 8, "requires_action", "look_up"),
    "cancelling": (("in_progress", "cancelling", "cancelled"), 8, "cancelled", None),
    "cancelled": (("queued", "cancelled"), 8, "cancelled", None),
    "failed": (("queued", "in_progress", "failed"), 8, "failed", None),
    "completed": (("completed",), 0, "completed", None),
    "incomplete": (("queued", "in_progress", "incomplete"), 8, "incomplete", "length"),
    "expired": (("queued", "in_progress", "expired"), 8, "failed", "expired"),
}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("streams", [True, False])
def test_every_status_of_a_run(chatmgr: Chatmgr, status: str, streams: bool) -> None:
    script, code, state, detail = STATUSES[status]
    with WireServer(wild=Wild(no_streaming=not streams)) as wire:
        chatmgr.provider("assistants", wire.base_url)
        wire.script_run(*script)
        done = chatmgr("new", "demo", "one", "--provider", "wire", "--json", code=code)
        [turn] = done.json()
        assert (turn["state"], turn["detail"]) == (state, detail)
        assert (turn["answer"] is None) == (state not in {"completed", "incomplete"})
        assert done.err.count("\n") == (1 if code else 0)
        assert ("look_up" in done.err) == (status == "requires_action")
        if status == "requires_action":
            chatmgr("runs", "cancel", "demo")
        assert chatmgr("send", "demo", "two").out.endswith("you said: 'two'\n")
        assert wire.turns_heard == ["one", "two"]
        assert wire.violations == []


def test_pruning_lists_asks_and_deletes(chatmgr: Chatmgr, wire: WireServer) -> None:
    chatmgr.provider("completions", wire.base_url)
    chatmgr("new", "demo", "hi", "-i", "x", "--provider", "wire")
    chatmgr("new", "other", "hi", "--provider", "wire")
    for name in ("poet", "cook"):
        chatmgr("assistant", "new", name, "-i", f"You are a {name}.")
    shown = chatmgr("assistant", "prune", "--dry-run").out
    assert shown == "would be deleted: cook: You are a cook.\nwould be deleted: poet: You are a poet.\n"
    assert "poet" in chatmgr("assistant", "prune", code=2).err
    rows = chatmgr("assistant", "prune", "--yes", "--json").json()
    assert [(row["name"], row["did"]) for row in rows] == [("cook", "deleted"), ("poet", "deleted")]
    assert [row["name"] for row in chatmgr("assistant", "list", "--json").json()] == ["default", "demo"]
    chatmgr("delete", "--all", "--yes")
    assert "Every assistant is used" in chatmgr("assistant", "prune", "--yes").err
