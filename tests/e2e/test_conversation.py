"""Begin a conversation, go on with it, leave it, take it up and look back: the same on every API."""

import re

import pytest

from tests.support.commands import KEY, Chatmgr, last_body
from tests.wire import Wild, WireServer

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
WORD = re.compile(r"\w+")
CONVERSATION = WORD.findall(
    "name, id, title, about, assistant, assistant_version, model, provider, thread_id, turns, state, "
    "created_at, updated_at, tags, archived_at, folder"
)
TURN = WORD.findall(
    "conversation, turn, user, answer, state, detail, model, provider, run_id, thread_id, started_at, "
    "finished_at, input_tokens, output_tokens, error, cached_tokens, reasoning_tokens, cost, reasoning, "
    "items, assistant, attachments"
)
THREAD = {"responses": "conv_", "assistants": "thread_"}
RUN = {"responses": "resp_", "assistants": "run_", "completions": "chatcmpl-?"}


def answer(number: int, text: str) -> str:
    """What the server says to the ``number``th message that it remembers."""
    return f"{number} user turns; you said: {text!r}"


def test_new_send_history_in_processes_of_their_own(chatmgr: Chatmgr, wire: WireServer, api: str) -> None:
    chatmgr.provider(api, wire.base_url)
    begun = chatmgr.fresh("new", "demo", "-i", "Be brief.", "--provider", "wire", "Say hello.")
    assert begun.out == answer(1, "Say hello.") + "\n"
    assert begun.err == "The assistant is called “demo”. To use it again: chatmgr new -a demo\n"
    sent = chatmgr.fresh("send", "demo", "And now?")
    assert (sent.out, sent.err) == (answer(2, "And now?") + "\n", "")
    shown = chatmgr.fresh("history", "demo").out
    assert f"> And now?\n\n{answer(2, 'And now?')}\n" in shown
    assert wire.turns_heard == ["Say hello.", "And now?"]


def test_the_message_comes_from_argument_and_stdin(talking: Chatmgr, wire: WireServer) -> None:
    talking("send", "demo", "from the argument")
    talking("send", "demo", stdin=b"from stdin\n")
    both = talking("send", "demo", "and a question", stdin="what is piped: é\n".encode())
    assert both.out == answer(4, "what is piped: é\n\nand a question") + "\n"
    messages = ["one", "from the argument", "from stdin", "what is piped: é\n\nand a question"]
    assert wire.turns_heard == messages
    assert talking.said() == messages


def test_instructions_model_and_parameters_travel(chatmgr: Chatmgr, wire: WireServer, api: str) -> None:
    chatmgr.provider(api, wire.base_url)
    (chatmgr.home.parent / "role.md").write_text("Be brief.\nBe kind.\n", "utf-8")
    given = ("-i", "@role.md", "-m", "gpt-4o-mini", "--param", "temperature=0.5", "--param", "top_p=1")
    chatmgr("new", "demo", "hi", "--provider", "wire", *given)
    body = last_body(wire)
    assert (body["model"], body["temperature"], body["top_p"]) == ("gpt-4o-mini", 0.5, 1)
    told = body["messages"][0]["content"] if api == "completions" else body["instructions"]
    assert told == "Be brief.\nBe kind.\n"


def test_json_of_a_conversation(talking: Chatmgr, api: str) -> None:
    [document] = talking.json("history")
    assert list(document) == CONVERSATION
    assert re.fullmatch("[0-9a-f]{16}", document["id"])
    thread = THREAD.get(api)
    assert document["thread_id"].startswith(thread) if thread else document["thread_id"] is None
    assert MOMENT.fullmatch(document["created_at"])
    assert MOMENT.fullmatch(document["updated_at"])
    rest = {key: document[key] for key in CONVERSATION if key not in {"id", "thread_id"} and "_at" not in key}
    assert rest == {
        "name": "demo",
        "title": None,
        "about": "one",
        "assistant": "demo",
        "assistant_version": 1,
        "model": "gpt-4.1",
        "provider": "wire",
        "turns": 1,
        "state": "completed",
        "tags": [],
        "folder": str(talking.home.parent),
    }


def test_json_of_a_turn(talking: Chatmgr, api: str) -> None:
    sent = talking("send", "demo", "two", "--json").json()
    [document] = talking.json("history", "demo@2")
    assert sent == [document]
    assert list(document) == TURN
    assert re.match(RUN[api], document["run_id"])
    assert document["thread_id"] == talking.json("history")[0]["thread_id"]
    assert MOMENT.fullmatch(document["started_at"])
    assert document["started_at"] < document["finished_at"]
    assert document["input_tokens"] > document["output_tokens"] == 6
    rest = {key: document[key] for key in TURN if not key.endswith(("_id", "_at", "_tokens"))}
    assert rest == {
        "conversation": "demo",
        "turn": 2,
        "user": "two",
        "answer": answer(2, "two"),
        "state": "completed",
        "detail": None,
        "model": "gpt-4.1",
        "provider": "wire",
        "error": None,
        "cost": None,
        "reasoning": None,
        "items": [],
        "assistant": "demo",
        "attachments": [],
    }


def test_ids_are_in_the_database(talking: Chatmgr, wire: WireServer, api: str) -> None:
    turn = talking.turn("demo@1")
    assert talking.rows("SELECT remote_id, thread_id FROM runs") == [
        (turn["run_id"], turn["thread_id"] or "")
    ]
    if api != "completions":
        assert talking.rows("SELECT remote_id, endpoint FROM threads") == [(turn["thread_id"], wire.base_url)]
    assistants = talking.rows("SELECT remote_id FROM remote_assistants")
    assert [assistant.startswith("asst_") for [assistant] in assistants] == (
        [True] if api == "assistants" else []
    )


class TestAnyApi:
    """What does not depend on the API."""

    @pytest.fixture
    def api(self) -> str:
        return "completions"

    def test_turns_whole_by_address_and_by_count(self, talking: Chatmgr) -> None:
        talking("resume", "demo", stdin=b"two\nthree\n")
        every = talking.json("history", "demo")
        assert [turn["turn"] for turn in every] == [1, 2, 3]
        for address, turn in (("demo@3", 3), ("demo@-1", 3), ("demo@-3", 1), ("demo@1", 1), ("de@2", 2)):
            assert talking.turn(address) == every[turn - 1]
        assert talking.json("history", "demo", "-n", "2") == every[1:]
        assert talking.json("history", "demo", "-n", "0") == every
        text = talking("history", "demo@2").out
        assert re.match(r"demo@2 · \d{4}-\d\d-\d\d \d\d:\d\d · gpt-4.1\n> two\n\n2 user turns;", text)
        assert "demo@4" in talking.refused(5, "history", "demo@4")
        assert "has 3 turns" in talking.refused(5, "history", "demo@-4")

    def test_the_list_is_by_activity(self, talking: Chatmgr) -> None:
        talking("new", "later", "hi", "-a", "demo")
        assert [conversation["name"] for conversation in talking.json("history")] == ["later", "demo"]
        talking("send", "demo", "again")
        assert [conversation["name"] for conversation in talking.json("history", "-n", "1")] == ["demo"]
        head, first, second = talking("history").out.splitlines()
        columns = [
            "NAME",
            "TURNS",
            "ASSISTANT",
            "MODEL",
            "PROVIDER",
            "STATE",
            "LAST",
            "USED",
            "TAGS",
            "ABOUT",
        ]
        assert head.split() == columns
        assert first.split()[:7] == ["demo", "2", "demo", "gpt-4.1", "wire", "completed", "now"]
        assert second.split()[:7] == ["later", "1", "demo", "gpt-4.1", "wire", "completed", "now"]

    def test_a_name_may_be_left_out(self, talking: Chatmgr) -> None:
        talking("new", "-i", "x", "--provider", "wire", stdin=b"Plan my trip to Rome, in May")
        talking("new", "-a", "demo", stdin=b"hi")
        assert [conversation["name"] for conversation in talking.json("history")] == [
            "hi",
            "plan-my-trip-to-rome",
            "demo",
        ]

    def test_without_a_message_nothing_is_said(self, talking: Chatmgr, wire: WireServer) -> None:
        [made] = talking.json("new", "quiet", "-a", "demo")
        assert (list(made), made["turns"], made["state"]) == (CONVERSATION, 0, "empty")
        assert "no turns yet" in talking("history", "quiet").err
        assert wire.turns_heard == ["one"]

    def test_resume_without_a_name_is_the_one_used_last(self, talking: Chatmgr) -> None:
        talking("new", "made-later", "hi", "-a", "demo")
        talking("send", "demo", "used later")
        talking("resume", stdin=b"three\n")
        assert talking.turn("demo@-1")["user"] == "three"
        talking("resume", "made-later", stdin=b"")
        talking("history", "demo")
        assert "resume made-later" in talking("resume", stdin=b"").err

    def test_openai_by_its_two_variables(self, chatmgr: Chatmgr, wire: WireServer) -> None:
        env = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": wire.base_url + "/"}
        assert chatmgr("new", "demo", "hi", "-i", "x", env=env).out == answer(1, "hi") + "\n"
        turn = chatmgr.turn("demo@1")
        assert (turn["provider"], turn["run_id"][:5]) == ("openai", "resp_")

    def test_the_chosen_provider(self, talking: Chatmgr, wire: WireServer) -> None:
        talking("assistant", "new", "any", "-i", "x")
        talking("new", "by-variable", "hi", "-a", "any", env={"CHATMGR_PROVIDER": "wire"})
        config = talking.home / "config.toml"
        config.write_text('provider = "wire"\n' + config.read_text("utf-8"), "utf-8")
        talking("new", "by-setting", "hi", "-a", "any")
        assert {conversation["provider"] for conversation in talking.json("history")} == {"wire"}


class TestResume:
    """Lines piped into the chat."""

    def test_each_line_is_a_turn_until_exit(self, talking: Chatmgr, wire: WireServer) -> None:
        done = talking("resume", "demo", stdin=b"two\n\n   \nthree\nexit()\nnever sent\n")
        assert done.err == ""  # how to come back, and the gaps between turns, are for a person
        assert done.out == f"{answer(2, 'two')}\n{answer(3, 'three')}\n"
        assert wire.turns_heard == talking.said() == ["one", "two", "three"]

    @pytest.mark.parametrize("leave", [b"/exit\n", b"exit()", b""])
    def test_leaving(self, talking: Chatmgr, wire: WireServer, leave: bytes) -> None:
        assert talking("resume", "demo", stdin=leave).out == ""
        assert wire.turns_heard == ["one"]

    def test_nothing_to_resume(self, chatmgr: Chatmgr) -> None:
        assert "chatmgr new" in chatmgr.refused(5, "resume")


def test_a_server_in_the_wild(chatmgr: Chatmgr, api: str) -> None:
    wild = Wild(bare_ids=True, no_usage=True, no_streaming=True, message_delete=404)
    with WireServer(wild=wild) as wire:
        chatmgr.provider(api, wire.base_url)
        chatmgr("new", "demo", "one", "-i", "x", "--provider", "wire")
        assert chatmgr("send", "demo", "two").out == answer(2, "two") + "\n"
        turn = chatmgr.turn("demo@2")
        assert (turn["state"], turn["input_tokens"], turn["output_tokens"]) == ("completed", None, None)
        assert re.fullmatch("[0-9a-f]{32}", turn["run_id"])
        assert wire.turns_heard == ["one", "two"]
        assert wire.violations == []
