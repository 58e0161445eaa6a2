"""Histories with items at servers that refuse them, and in remote threads."""

import pytest

from chatmgr.backends.items.making import Origin
from chatmgr.backends.responses.output_items import read_output_item
from chatmgr.backends.thread_news import messages_after
from chatmgr.domain.items import DECLINED, Item, answer_to
from chatmgr.domain.model import Message, RemoteMessage
from chatmgr.domain.states import RunState
from tests.support.item_server import ItemServer, Json, request, said, streamed
from tests.support.output_items import CALL, IMAGE, KINDS, REASONING, SEARCH
from tests.support.reply_server import Reply, chat_answer
from tests.support.scripted_api import run_object, stream


def made(*output: Json, model: str = "m") -> tuple[Item, ...]:
    """Output items of a response as items."""
    origin = Origin("responses", model)
    return tuple(item for raw in output for item in read_output_item(raw, origin) if isinstance(item, Item))


def turn(*items: Item, text: str = "") -> tuple[Message, Message]:
    """An earlier turn whose answer holds items."""
    return Message("user", "Do it."), Message("assistant", text, items=items)


def answered(call: Json, output: str) -> tuple[Item, ...]:
    """A call with its answer."""
    items = made(call)
    return (*items, answer_to(items[0], output))


def types(items: list[Json]) -> list[str]:
    """The types of input items."""
    return [item["type"] for item in items]


def refusing(text: str) -> Reply:
    """A refusal of a request."""
    return Reply(400, {"error": {"message": text, "type": "invalid_request_error"}})


class TestWhatServersRefuse:
    def test_opaque_items_are_left_out_then_all_items_are_said_in_words(self) -> None:
        history = turn(*made(REASONING), *answered(CALL, "42"), *made(said("Hi.")), text="Hi.")
        turns = [refusing("encrypted content of item"), refusing("unknown item type"), streamed(said("Yes."))]
        with ItemServer(turns, stateless=True) as server:
            done = server.run(request(*history), "responses")
            bodies = server.bodies("/responses")
        assert (done.text, done.state) == ("Yes.", RunState.COMPLETED)
        assert [types(body["input"]) for body in bodies] == [
            ["message", "reasoning", "function_call", "function_call_output", "message", "message"],
            ["message", "function_call", "function_call_output", "message", "message"],
            ["message", "message", "message"],
        ]
        assert any("sent as text" in getattr(event, "text", "") for event in done.events)
        assert server.violations == []

    def test_a_chat_without_tools(self) -> None:
        history = turn(*answered(CALL, "42"), *made(said("Hi.")), text="Hi.")
        turns = [refusing("role 'tool' is not supported"), chat_answer("Yes.")]
        with ItemServer(turns) as server:
            done = server.run(request(*history), "completions")
            first, second = server.bodies("/chat/completions")
        assert done.text == "Yes."
        assert [message["role"] for message in first["messages"]][2:] == [
            "assistant",
            "tool",
            "assistant",
            "user",
        ]
        assert second["messages"][2]["content"] == '[called look_up({"q": "x"}): 42]\n\nHi.'

    def test_a_refusal_about_something_else_is_not_tried_again(self) -> None:
        history = turn(*made(CALL))
        with ItemServer([refusing("You are banned.")]) as server:
            done = server.run(request(*history), "completions")
        assert done.error is not None
        assert len(server.bodies("/chat/completions")) == 1

    def test_images_that_the_model_cannot_see(self) -> None:
        history = turn(*made(IMAGE))
        turns = [refusing("image input is not supported"), chat_answer("Yes.")]
        with ItemServer(turns) as server:
            done = server.run(request(*history), "completions")
            first, second = server.bodies("/chat/completions")
        assert done.text == "Yes."
        assert types(first["messages"][-1]["content"]) == ["image_url", "text"]
        assert second["messages"][-1]["content"] == "Hello?"


class TestThreads:
    def test_a_conversation_is_built_with_items(self) -> None:
        history = turn(*made(REASONING), *answered(CALL, "42"), *made(said("Hi.")), text="Hi.")
        with ItemServer([streamed(said("Yes."))]) as server:
            server.run(request(*history), "responses")
            [body] = server.bodies("/conversations")
        assert types(body["items"]) == [
            "message",
            "reasoning",
            "function_call",
            "function_call_output",
            "message",
        ]
        assert server.violations == []

    @pytest.mark.parametrize("line", ["", '[called web_search({"type": "search", "query": "x"})]\n\n'])
    def test_a_conversation_that_holds_the_answer_is_in_sync(self, line: str) -> None:
        history = turn(*made(SEARCH, said("Hi.")), text="Hi.")
        asked: Json = {"id": "m_1", "type": "message", "role": "user", "content": "Do it."}
        held: list[Json] = [asked, SEARCH, said(f"{line}Hi.")]
        with ItemServer([streamed(said("Yes."))], items=held) as server:
            done = server.run(request(*history, thread="conv_9"), "responses")
            assert server.bodies("/conversations") == []
            [body] = server.bodies("/responses")
        assert (body["conversation"], done.text) == ("conv_9", "Yes.")

    def test_a_conversation_whose_answer_was_an_image_is_in_sync(self) -> None:
        asked: Json = {"id": "m_1", "type": "message", "role": "user", "content": "Do it."}
        with ItemServer([streamed(said("Yes."))], items=[asked, IMAGE]) as server:
            server.run(request(*turn(*made(IMAGE)), thread="conv_9"), "responses")
            assert server.bodies("/conversations") == []

    def test_calls_that_a_thread_holds_open_are_answered_first(self) -> None:
        asked: Json = {"id": "m_1", "type": "message", "role": "user", "content": "Do it."}
        with ItemServer([streamed(said("Yes."))], items=[asked, CALL]) as server:
            pending = made(CALL)
            server.run(request(*turn(*pending), thread="conv_9", pending=pending), "responses")
            [body] = server.bodies("/responses")
        assert body["input"][0] == {"type": "function_call_output", "call_id": "call_1", "output": DECLINED}
        assert body["input"][1]["role"] == "user"
        assert server.violations == []

    def test_a_thread_with_an_open_call_that_no_text_answers_is_rebuilt(self) -> None:
        asked: Json = {"id": "m_1", "type": "message", "role": "user", "content": "Do it."}
        computer = next(raw for raw, _, _ in KINDS if raw["type"] == "computer_call")
        pending = made(computer)
        with ItemServer([streamed(said("Yes."))], items=[asked, computer]) as server:
            server.run(request(*turn(*pending), thread="conv_9", pending=pending), "responses")
            [built] = server.bodies("/conversations")
        assert built["items"][1]["content"] == '[called computer({"type": "wait"})]'

    def test_a_thread_with_an_open_call_that_nobody_knew_of_is_rebuilt(self) -> None:
        asked: Json = {"id": "m_1", "type": "message", "role": "user", "content": "Do it."}
        turns = [refusing("No tool output found for function call call_1."), streamed(said("Yes."))]
        with ItemServer(turns, items=[asked, CALL]) as server:
            done = server.run(request(*turn(*made(CALL)), thread="conv_9"), "responses")
            [built] = server.bodies("/conversations")
        assert types(built["items"]) == ["message", "function_call", "function_call_output"]
        assert done.text == "Yes."

    def test_an_assistants_thread_gets_words_and_the_image_with_the_next_message(self) -> None:
        history = turn(*made(SEARCH, IMAGE, said("Hi.")), text="Hi.")
        ended = run_object(status="completed")
        with ItemServer([stream(("thread.run.completed", ended), ("done", "[DONE]"))]) as server:
            server.replies["POST", "/files"] = Reply(body={"id": "file_1"})
            server.run(request(*history), "assistants")
            messages = server.bodies("/threads/thread_1/messages")
        assert messages[1]["content"].endswith("[image: image.png, 228 bytes]\n\nHi.")
        assert messages[2]["content"][0] == {"type": "image_file", "image_file": {"file_id": "file_1"}}

    def test_the_texts_of_a_thread_that_was_built_are_those_of_the_transcript(self) -> None:
        history = [*turn(*made(SEARCH, said("Hi.")), text="Hi."), *turn(*made(IMAGE))]
        asked = RemoteMessage("", "user", "Do it.")
        line = '[called web_search({"type": "search", "query": "x"})]'
        built = [
            *(asked, RemoteMessage("", "assistant", f"{line}\n\nHi.")),
            *(asked, RemoteMessage("", "assistant", "[image: image.png, 228 bytes]")),
        ]
        filled = [asked, RemoteMessage("", "assistant", "Hi."), asked]
        later = [RemoteMessage("", "user", "And?"), RemoteMessage("", "assistant", "Yes.")]
        for messages in (built, filled):
            assert messages_after(messages, history) == []
            assert messages_after([*messages, *later], history) == later
            assert messages_after(messages[:2], history) is None
            assert messages_after([*messages, later[1]], history) is None
            assert messages_after([*messages[:2], *later], history) is None
