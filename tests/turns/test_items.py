"""Turns whose answers are more than text: how they end, and that no conversation goes on with a call open."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from chatmgr.domain.events import ItemDone
from chatmgr.domain.items import DECLINED
from chatmgr.services.app import App
from tests.support.commands import Chatmgr
from tests.support.item_server import PNG, ItemServer, said, streamed
from tests.support.output_items import APPROVAL, CALL, IMAGE, SEARCH, URL
from tests.support.remote_threads import at_terminal, until
from tests.support.reply_server import Reply, chat_answer, event_stream
from tests.support.scripted_api import response

USAGE = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}


@pytest.fixture
def server(chatmgr: Chatmgr) -> Iterator[ItemServer]:
    """A server of the Responses API, and the conversation ``demo`` there."""
    with ItemServer() as running:
        chatmgr.provider("responses", running.server.base_url)
        chatmgr("new", "demo", "-i", "x", "--provider", "wire")
        yield running
    assert running.violations == []


def test_an_image_alone_is_no_empty_answer(chatmgr: Chatmgr, server: ItemServer) -> None:
    server.turns.append(streamed(IMAGE))
    done = chatmgr("send", "demo", "draw")
    assert done.out == ""
    assert chatmgr.turn("demo@1")["state"] == "completed"


def test_turns_of_others_are_fetched_after_an_image_alone(chatmgr: Chatmgr, server: ItemServer) -> None:
    server.turns.append(streamed(IMAGE))
    chatmgr("send", "demo", "draw")
    asked = {"id": "msg_u", "type": "message", "role": "user", "content": "draw"}
    server.items = [asked, IMAGE, {**asked, "content": "and?"}, said("Yes.", id="msg_2")]
    chatmgr("thread", "sync", "demo")
    turns = chatmgr.json("history", "demo")
    assert [(turn["user"], turn["answer"]) for turn in turns] == [("draw", None), ("and?", "Yes.")]


def test_an_image_alone_is_an_answer_to_come_back_to(chatmgr: Chatmgr, server: ItemServer) -> None:
    server.turns += [streamed(IMAGE), Reply(400, {"error": {"message": "Not now."}})]
    chatmgr("send", "demo", "draw")
    chatmgr("retry", "demo", code=8)
    assert [item["kind"] for item in chatmgr.turn("demo@1")["items"]] == ["image"]
    server.turns.append(streamed(said("I cannot draw.")))
    assert "Take it back: chatmgr retry demo@1 --pick 1" in chatmgr("retry", "demo").err
    chatmgr("retry", "demo@1", "--pick", "1")
    assert [item["kind"] for item in chatmgr.turn("demo@1")["items"]] == ["image"]


def test_an_answer_without_any_item_is_empty(chatmgr: Chatmgr, server: ItemServer) -> None:
    server.turns.append(streamed())
    assert "The answer is empty." in chatmgr("send", "demo", "draw", code=8).err


def test_after_a_cancelled_call_the_thread_hears_of_it_or_is_built_anew(
    chatmgr: Chatmgr, server: ItemServer
) -> None:
    server.turns.append(streamed(CALL))
    chatmgr("send", "demo", "look", code=8)
    server.items = [{"id": "m_1", "type": "message", "role": "user", "content": "look"}, CALL]
    chatmgr("runs", "cancel", "demo")
    server.turns.append(streamed(said("Yes.")))
    assert chatmgr("send", "demo", "and now?").out == "Yes.\n"
    assert server.violations == []
    turn = chatmgr.turn("demo@1")
    assert (turn["state"], turn["items"][-1]["content"]["declined"]) == ("cancelled", True)


def test_a_call_of_a_chat_is_waited_for(chatmgr: Chatmgr) -> None:
    function = {"name": "look_up", "arguments": "{}"}
    delta = {"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]}
    chunk = {"id": "c1", "choices": [{"index": 0, "delta": delta, "finish_reason": "tool_calls"}]}
    with ItemServer([event_stream(chunk, "data: [DONE]")]) as running:
        chatmgr.provider("completions", running.server.base_url)
        chatmgr("new", "demo", "-i", "x", "--provider", "wire")
        error = chatmgr("send", "demo", "look", code=8).err
    assert "demo@1 is waiting for the output of look_up({})." in error
    assert chatmgr.turn("demo@1")["state"] == "requires_action"


def test_a_file_that_cannot_be_had_does_not_fail_the_turn(chatmgr: Chatmgr, server: ItemServer) -> None:
    cited = {"type": "container_file_citation", "container_id": "c", "file_id": "f", "filename": "a.csv"}
    server.turns.append(streamed(said("See a.csv", cited)))
    server.replies["GET", "/containers/c/files/f/content"] = Reply(500, {"error": {"message": "no"}})
    assert chatmgr("send", "demo", "count").out == "See a.csv\n"


class TestCalls:
    """A run that waits for calls: answered, declined, or left behind by a person who goes on."""

    @pytest.fixture
    def waiting(self, chatmgr: Chatmgr, server: ItemServer) -> Chatmgr:
        server.turns.append(streamed(said("Let me see."), CALL, usage=USAGE))
        chatmgr("send", "demo", "look", code=8)
        return chatmgr

    def test_the_error_in_a_script_names_the_command(self, waiting: Chatmgr) -> None:
        error = waiting("runs", "answer", "demo", code=8).err
        assert 'demo@1 is waiting for the output of look_up({"q": "x"}).' in error
        assert (
            "Answer: chatmgr runs answer demo call_1=OUTPUT "
            "— or decline: chatmgr runs answer demo --decline" in error
        )
        assert waiting.turn("demo@1")["state"] == "requires_action"
        assert "  waiting  " in waiting("history").out
        assert "[waiting for the answer to look_up]" in waiting("history", "demo").out

    @pytest.mark.parametrize("verb", ["undo", "fork"])
    def test_the_path_stays_until_it_is_answered(self, waiting: Chatmgr, verb: str) -> None:
        error = waiting(verb, "demo", code=8).err
        assert "A run of “demo” waits for you. Answer its calls: chatmgr runs answer demo — or" in error
        assert waiting.turn("demo@1")["state"] == "requires_action"

    def test_answered_on_the_command_line(self, waiting: Chatmgr, server: ItemServer) -> None:
        server.turns.append(streamed(said("It is 42.", id="msg_2"), usage=USAGE))
        assert waiting("runs", "answer", "demo", 'call_1={"a": "="}').out == "It is 42.\n"
        assert server.bodies("/responses")[-1]["input"] == [
            {"type": "function_call_output", "call_id": "call_1", "output": '{"a": "="}'}
        ]
        turn = waiting.turn("demo@1")
        assert (turn["state"], turn["answer"]) == ("completed", "Let me see.\n\nIt is 42.")
        assert [item["kind"] for item in turn["items"]] == ["text", "tool_call", "tool_result", "text"]
        assert (turn["input_tokens"], turn["output_tokens"]) == (20, 10)  # of both steps
        assert waiting.json("runs") == []
        shown = waiting("history", "demo@1").out
        assert 'Let me see.\n[called look_up({"q": "x"})]\n[look_up → {"a": "="}]\nIt is 42.\n' in shown

    def test_declined_on_the_command_line(self, waiting: Chatmgr, server: ItemServer) -> None:
        server.turns.append(streamed(said("Then not.", id="msg_2")))
        assert waiting("runs", "answer", "demo", "--decline").out == "Then not.\n"
        [sent] = server.bodies("/responses")[-1]["input"]
        assert sent == {"type": "function_call_output", "call_id": "call_1", "output": DECLINED}
        assert waiting.turn("demo@1")["items"][2]["content"]["declined"] is True

    def test_an_output_that_is_piped_in(self, waiting: Chatmgr, server: ItemServer) -> None:
        server.turns.append(streamed(said("It is 42.", id="msg_2")))
        waiting("runs", "answer", "demo", "call_1=@-", stdin="a\nlong 🦊 output\n".encode())
        assert server.bodies("/responses")[-1]["input"][0]["output"].rstrip() == "a\nlong 🦊 output"

    @pytest.mark.parametrize("argument", ["call_1", "=x"])
    def test_an_argument_of_another_form(self, waiting: Chatmgr, argument: str) -> None:
        assert "is not of the form CALL_ID=OUTPUT" in waiting.refused(2, "runs", "answer", "demo", argument)

    @pytest.mark.parametrize("verb", ["undo", "fork"])
    def test_the_path_is_changed_after_the_answer_alone(self, waiting: Chatmgr, verb: str) -> None:
        assert waiting.refused(8, verb, "demo") == (
            "chatmgr: A run of “demo” waits for you. Answer its calls: chatmgr runs answer demo "
            "— or decline them: chatmgr runs answer demo --decline"
        )

    def test_an_unknown_call(self, waiting: Chatmgr) -> None:
        error = waiting.refused(2, "runs", "answer", "demo", "call_9=x")
        assert error == "chatmgr: “demo” does not wait for “call_9”. It waits for: call_1"

    def test_going_on_declines_and_the_server_hears_of_it(self, waiting: Chatmgr, server: ItemServer) -> None:
        question = {"id": "m_1", "type": "message", "role": "user", "content": "look"}
        server.items = [question, said("Let me see."), CALL]
        server.turns.append(streamed(said("Yes.", id="msg_2"), conversation={"id": "conv_1"}))
        done = waiting("send", "demo", "and now?")
        assert done.out == "Yes.\n"
        assert done.err == (
            'demo@1 is waiting for the output of look_up({"q": "x"}). '
            "You go on without it, so it is declined.\n"
        )
        body = server.bodies("/responses")[-1]
        assert body["conversation"] == "conv_1"
        assert [item["type"] for item in body["input"]] == ["function_call_output", "message"]
        assert body["input"][0]["output"] == DECLINED
        first = waiting.turn("demo@1")
        assert (first["state"], first["detail"]) == ("cancelled", "declined")
        assert (first["input_tokens"], first["answer"]) == (10, "Let me see.")
        assert "[declined look_up]" in waiting("history", "demo@1").out
        # It is said once: the next message goes alone.
        output = {"id": "fco_1", "type": "function_call_output", "call_id": "call_1", "output": DECLINED}
        server.items += [output, {**question, "id": "m_2", "content": "and now?"}, said("Yes.", id="msg_2")]
        server.turns.append(streamed(said("Still.", id="msg_3"), conversation={"id": "conv_1"}))
        waiting("send", "demo", "and then?")
        assert len(server.bodies("/responses")[-1]["input"]) == 1

    def test_what_the_server_has_heard_is_not_said_again(self, waiting: Chatmgr, server: ItemServer) -> None:
        """The turn that was to bring the answer failed, once the server had taken that in."""
        question = {"id": "m_1", "type": "message", "role": "user", "content": "look"}
        server.items = [question, said("Let me see."), CALL]
        server.turns.append(Reply(500, {"error": {"message": "Not now."}}))
        waiting("send", "demo", "and now?", code=8)
        output = {"id": "fco_1", "type": "function_call_output", "call_id": "call_1", "output": DECLINED}
        server.items.append(output)
        server.turns.append(streamed(said("Yes.", id="msg_2"), conversation={"id": "conv_1"}))
        waiting("send", "demo", "and now?")
        assert [item["type"] for item in server.bodies("/responses")[-1]["input"]] == ["message"]

    def test_asked_for_at_a_terminal(self, waiting: Chatmgr, server: ItemServer) -> None:
        server.turns.append(streamed(said("It is 42.", id="msg_2")))
        code, seen = at_terminal(
            waiting, ["runs", "answer", "demo"], ('calls look_up({"q": "x"})', ""), ("to decline)", "42\r")
        )
        assert code == 0, seen
        assert waiting.turn("demo@1")["items"][2]["content"]["output"] == "42"

    def test_refused_it_waits_on(self, waiting: Chatmgr, server: ItemServer) -> None:
        server.turns.append(Reply(400, {"error": {"message": "Not like this."}}))
        assert "Not like this." in waiting("runs", "answer", "demo", "call_1=41", code=8).err
        assert waiting.turn("demo@1")["state"] == "requires_action"
        server.turns.append(streamed(said("It is 42.", id="msg_2")))
        [turn] = waiting("runs", "answer", "demo", "call_1=42", "--json").json()
        assert (turn["turn"], turn["answer"], turn["state"]) == (1, "Let me see.\n\nIt is 42.", "completed")
        assert server.bodies("/responses")[-1]["input"][0]["output"] == "42"

    def test_it_waits_until_the_answers_are_sent(
        self, waiting: Chatmgr, server: ItemServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whoever is killed before that has lost nothing: they are asked for again."""
        monkeypatch.setenv("CHATMGR_HOME", str(waiting.home))
        for name, value in waiting.env.items():
            monkeypatch.setenv(name, value)
        server.turns.append(streamed(said("It is 42.", id="msg_2")))
        with closing(App()) as app:
            with app.reader as reader:
                conversation = reader.conversations.get("demo")
            events = app.turns.submit_tool_outputs(conversation, {"call_1": "42"})
            assert isinstance(next(events), ItemDone)
            assert waiting.rows("SELECT state FROM runs") == [("requires_action",)]
            list(events)
        assert waiting.rows("SELECT state FROM runs") == [("completed",)]

    def test_killed_once_the_answers_are_sent_it_counts_each_step_once(
        self, waiting: Chatmgr, server: ItemServer
    ) -> None:
        """The server only tells of the response that held the calls; its tokens are counted already."""
        server.turns.append(Reply(200, b"", "text/event-stream", {"Content-Length": "1000000"}))
        process = waiting.start("runs", "answer", "demo", "call_1=42")
        until(lambda: len(server.bodies("/responses")) == 2 or process.over)
        process.kill()
        server.replies["GET", "/responses/resp_1"] = Reply(
            body=response(output=[said("Let me see."), CALL], usage=USAGE)
        )
        waiting("history", "demo")
        turn = waiting.turn("demo@1")
        assert (turn["state"], turn["input_tokens"], turn["output_tokens"]) == ("interrupted", 10, 5)


@pytest.mark.parametrize(
    ("answer", "approves"), [("yes", True), ("approve", True), ("no", False), ("too risky", False)]
)
def test_an_approval(chatmgr: Chatmgr, server: ItemServer, answer: str, approves: bool) -> None:
    server.turns.append(streamed(APPROVAL))
    error = chatmgr("send", "demo", "remove it", code=8).err
    assert "demo@1 is waiting for your approval of files.remove(" in error
    assert "mcpr_1=yes" in chatmgr("runs", "answer", "demo", code=8).err
    server.turns.append(streamed(said("Done.")))
    chatmgr("runs", "answer", "demo", f"mcpr_1={answer}")
    [sent] = server.bodies("/responses")[-1]["input"]
    assert (sent["type"], sent["approval_request_id"], sent["approve"]) == (
        "mcp_approval_response",
        "mcpr_1",
        approves,
    )
    assert chatmgr.turn("demo@1")["items"][1]["content"]["approve"] is approves


def test_an_approval_at_a_terminal(chatmgr: Chatmgr, server: ItemServer) -> None:
    server.turns += [streamed(APPROVAL), streamed(said("Done."))]
    code, seen = at_terminal(
        chatmgr,
        ["send", "demo", "remove it"],
        ("asks to call files.remove(", ""),
        ("Approve it? [y/N]", "y\r"),
    )
    assert code == 0, seen
    assert server.bodies("/responses")[-1]["input"][0]["approve"] is True


def test_calls_of_a_chat_are_answered_and_sent_with_later_turns(chatmgr: Chatmgr) -> None:
    function = {"name": "look_up", "arguments": "{}"}
    delta = {"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]}
    chunk = {"id": "c1", "choices": [{"index": 0, "delta": delta, "finish_reason": "tool_calls"}]}
    turns = [event_stream(chunk, "data: [DONE]"), chat_answer("It is 42."), chat_answer("Yes.")]
    with ItemServer(turns) as running:
        chatmgr.provider("completions", running.server.base_url)
        chatmgr("new", "demo", "-i", "x", "--provider", "wire")
        chatmgr("send", "demo", "look", code=8)
        assert chatmgr("runs", "answer", "demo", "call_1=42").out == "It is 42.\n"
        assert chatmgr("send", "demo", "sure?").out == "Yes.\n"
        messages = running.bodies("/chat/completions")[-1]["messages"]
    assert [message["role"] for message in messages] == [
        *("system", "user", "assistant", "tool", "assistant", "user")
    ]
    assert (messages[3]["tool_call_id"], messages[3]["content"]) == ("call_1", "42")
    assert running.violations == []


def test_several_calls(chatmgr: Chatmgr) -> None:
    calls = [
        {"index": index, "id": f"call_{name}", "function": {"name": name, "arguments": "{}"}}
        for index, name in enumerate("abc")
    ]
    choice = {"index": 0, "delta": {"tool_calls": calls}, "finish_reason": "tool_calls"}
    turns = [event_stream({"id": "c1", "choices": [choice]}, "data: [DONE]"), chat_answer("Yes.")]
    with ItemServer(turns) as running:
        chatmgr.provider("completions", running.server.base_url)
        chatmgr("new", "demo", "-i", "x", "--provider", "wire")
        error = chatmgr("send", "demo", "look", code=8).err
        assert "waiting for the output of a({}), b({}) and c({}). " in error
        assert "You go on without them, so they are declined." in chatmgr("send", "demo", "sure?").err


def test_an_image_is_kept_shown_and_saved(chatmgr: Chatmgr, server: ItemServer, tmp_path: Path) -> None:
    server.turns.append(streamed(IMAGE))
    done = chatmgr("send", "demo", "draw")
    assert f"[image: image.png · image/png · {len(PNG)} bytes]" in done.err
    chatmgr("history", "demo", "--save", str(tmp_path / "out"))
    assert (tmp_path / "out" / "image.png").read_bytes() == PNG
    server.turns.append(streamed(said("A cat.", id="msg_2")))
    chatmgr("send", "demo", "what is it?")
    assert chatmgr.turn("demo@2")["answer"] == "A cat."


def test_sources_stand_below_an_answer_at_a_terminal_alone(chatmgr: Chatmgr, server: ItemServer) -> None:
    answer = streamed(SEARCH, said("Cats sleep.", URL))
    server.turns += [answer, answer]
    done = chatmgr("send", "demo", "cats?")
    assert (done.out, done.err) == ("Cats sleep.\n", "")
    assert "Cats [1]" in chatmgr("history", "demo").out
    code, seen = at_terminal(chatmgr, ["send", "demo", "cats?"])
    assert code == 0, seen
    assert "Cats sleep.\r\n\r\n[1] A — https://a.example/\r\n    for “Cats”\r\n" in seen
    assert "[called web_search(" in seen


def test_sources_have_the_numbers_that_they_have_in_history(chatmgr: Chatmgr, server: ItemServer) -> None:
    """Also below the rest of an answer, of which the first part has cited others."""
    other = {**URL, "url": "https://b.example/", "title": "B", "start_index": 4, "end_index": 9}
    server.turns.append(streamed(SEARCH, said("Cats sleep", URL, id="msg_1"), CALL))
    server.turns.append(streamed(said("And they eat.", other, URL, id="msg_2"), SEARCH))
    chatmgr("send", "demo", "cats?", code=8)
    code, seen = at_terminal(chatmgr, ["runs", "answer", "demo", "call_1=42"])
    assert code == 0, seen
    shown = chatmgr("history", "demo").out
    for line in ("[1] A — https://a.example/", "[2] B — https://b.example/"):
        assert line in shown
        assert line in seen
    assert "    for “they”" in seen
    assert "And t[1]hey [2]eat.\n" in shown


@pytest.mark.parametrize("noted", [1, 5, 12])
def test_no_item_is_lost_or_doubled_when_the_process_is_killed(
    chatmgr: Chatmgr, server: ItemServer, noted: int
) -> None:
    """The server calls items done and says nothing more. What was shown of them is kept."""
    images = [{**IMAGE, "id": f"ig_{number}"} for number in range(12)]
    whole_stream = streamed(*images).content()
    begun = whole_stream[: whole_stream.index(b"event: response.completed")]
    server.turns.append(Reply(200, begun, "text/event-stream", {"Content-Length": "1000000"}))
    process = chatmgr.start("send", "demo", "draw")
    until(lambda: process.err.count("[image: ") >= noted or process.over)
    process.kill()
    shown = process.err.count("[image: ")
    ids = [item["id"] for item in chatmgr.turn("demo@1")["items"]]
    assert len(ids) >= shown >= noted
    assert ids == [image["id"] for image in images[: len(ids)]]
    assert chatmgr.rows("SELECT size FROM blobs") == [(len(PNG),)]


CUT = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}


class TestContinued:
    """An answer that goes on where it was cut off, beside whose text there is more."""

    @pytest.fixture
    def cut(self, chatmgr: Chatmgr, server: ItemServer) -> Chatmgr:
        server.stateless = True
        server.turns.append(streamed(SEARCH, said("Cats sl", URL), **CUT))
        chatmgr("send", "demo", "cats?", code=8)
        return chatmgr

    def test_keeps_its_items(self, cut: Chatmgr, server: ItemServer) -> None:
        server.turns += [
            streamed(said("eep. Do", id="msg_2"), **CUT),
            streamed(said(" dogs?", URL, id="msg_3")),
        ]
        cut("continue", "demo", code=8)
        cut("continue", "demo")
        turn = cut.turn("demo@1")
        assert turn["answer"] == "Cats sleep. Do dogs?"
        assert [item["kind"] for item in turn["items"]] == ["tool_call", "text", "text"]
        assert "Cats [1]sleep. Do dogs[1]?" in cut("history", "demo").out
        server.turns.append(streamed(said("Yes.", id="msg_4")))
        cut("send", "demo", "sure?")
        sent = server.bodies("/responses")[-1]["input"]
        assert [item.get("content") for item in sent if item.get("role") == "assistant"] == [turn["answer"]]
        assert [item["type"] for item in sent].count("web_search_call") == 1

    def test_is_told_what_it_holds(self, cut: Chatmgr, server: ItemServer) -> None:
        server.turns.append(streamed(said("eep.", id="msg_2")))
        cut("continue", "demo")
        sent = server.bodies("/responses")[-1]["input"]
        assert [item["type"] for item in sent] == ["message", "web_search_call", "message", "message"]

    def test_that_gives_nothing_leaves_the_answer(self, cut: Chatmgr, server: ItemServer) -> None:
        server.turns.append(Reply(400, {"error": {"message": "Not now."}}))
        cut("continue", "demo", code=8)
        turn = cut.turn("demo@1")
        assert (turn["answer"], turn["state"], len(turn["items"])) == ("Cats sl", "incomplete", 2)

    def test_with_a_call(self, cut: Chatmgr, server: ItemServer) -> None:
        server.turns.append(streamed(said("eep", id="msg_2"), CALL, usage=USAGE))
        cut("continue", "demo", code=8)
        server.turns.append(streamed(said("A lot.", id="msg_3"), usage=USAGE))
        cut("runs", "answer", "demo", "call_1=42")
        turn = cut.turn("demo@1")
        assert (turn["answer"], turn["state"]) == ("Cats sleep\n\nA lot.", "completed")
        assert turn["input_tokens"] == 20
        sent = server.bodies("/responses")[-1]["input"]
        assert [item["type"] for item in sent] == [
            *("message", "web_search_call", "message", "message"),
            *("message", "function_call", "function_call_output"),
        ]
        assert [item.get("content") for item in sent if item.get("role") == "assistant"] == ["Cats sl", "eep"]
        assert [item["kind"] for item in turn["items"]] == [
            *("tool_call", "text", "text", "tool_call", "tool_result", "text")
        ]
