"""Items of earlier turns in the next request: as they came, portably, or in words, and never a call alone."""

import json

import pytest

from chatmgr.backends.items.chat_messages import chat_messages
from chatmgr.backends.items.making import Origin
from chatmgr.backends.items.sending import Form, Target, model_family
from chatmgr.backends.message_format import plain_message
from chatmgr.backends.responses.input_items import input_items
from chatmgr.backends.responses.output_items import read_output_item
from chatmgr.domain.items import DECLINED, Item, ItemKind, answer_to
from chatmgr.domain.model import Message
from tests.support.item_server import ItemServer, Json, request, said, streamed
from tests.support.output_items import APPROVAL, CALL, CODE, IMAGE, KINDS, REASONING, SEARCH
from tests.wire import spec

OWN = Target("responses", "m")
OTHER = Target("responses", "another")
COMPACTION = {"id": "cmp_1", "type": "compaction", "encrypted_content": "opaque"}


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


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("gpt-5.1-2025-11-13", "gpt-5.1"),
        ("openai/gpt-5.1", "gpt-5.1"),
        ("gpt-5-mini", "gpt-5-mini"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("deepseek/deepseek-r1:free", "deepseek-r1"),
        ("gemini-2.5-pro-preview-05-06", "gemini-2.5-pro"),
    ],
)
def test_the_family_of_a_model(model: str, family: str) -> None:
    assert model_family(model) == family


class TestInputItems:
    def test_what_is_opaque_goes_back_to_the_family_that_made_it(self) -> None:
        items = input_items(
            turn(*made(COMPACTION, REASONING, said("Hi."), model="m-2025-01-01"), text="Hi."), OWN
        )
        assert items[1:] == [
            COMPACTION,
            REASONING,
            {"type": "message", "role": "assistant", "content": "Hi."},
        ]

    def test_nobody_else_gets_what_is_opaque(self) -> None:
        history = turn(*made(COMPACTION, REASONING, said("Hi.")), text="Hi.")
        for target in (OTHER, Target("responses", "m", Form.PORTABLE)):
            assert types(input_items(history, target)) == ["message", "message"]

    def test_reasoning_without_its_content_is_left_out(self) -> None:
        bare = {key: value for key, value in REASONING.items() if key != "encrypted_content"}
        assert types(input_items(turn(*made(bare, said("Hi.")), text="Hi."), OWN)) == ["message", "message"]

    def test_a_call_goes_with_its_result(self) -> None:
        items = input_items(turn(*answered(CALL, "42"), *made(said("It is 42.")), text="It is 42."), OTHER)
        assert items[1:] == [
            {"type": "function_call", "call_id": "call_1", "name": "look_up", "arguments": '{"q": "x"}'},
            {"type": "function_call_output", "call_id": "call_1", "output": "42"},
            {"type": "message", "role": "assistant", "content": "It is 42."},
        ]

    @pytest.mark.parametrize("target", [OWN, OTHER])
    def test_a_call_without_a_result_is_declined(self, target: Target) -> None:
        items = input_items(turn(*made(CALL)), target)
        assert items[-1] == {"type": "function_call_output", "call_id": "call_1", "output": DECLINED}

    def test_a_call_whose_result_is_on_its_way_stays_open(self) -> None:
        target = Target("responses", "m", keep_open=frozenset({"call_1"}))
        assert types(input_items(turn(*made(CALL)), target))[-1] == "function_call"

    def test_an_approval_goes_back_where_it_was_asked_for_and_is_a_line_elsewhere(self) -> None:
        history = turn(*answered(APPROVAL, "Too dangerous."))
        assert input_items(history, OWN)[-1] == {
            "type": "mcp_approval_response",
            "approval_request_id": "mcpr_1",
            "approve": False,
            "reason": "Too dangerous.",
        }
        content = input_items(history, OTHER)[-1]["content"]
        assert content == '[asked to call files.remove({"path": "/"}): declined]'

    def test_an_image_goes_back_whole_or_with_the_next_message(self) -> None:
        history = turn(*made(IMAGE))
        assert input_items(history, OWN)[-1] == IMAGE
        with ItemServer([streamed(said("A cat."))], stateless=True) as server:
            server.run(request(*history, model="another"), "responses")
            [body] = server.bodies("/responses")
        assert body["input"][1]["content"] == "[image: image.png, 228 bytes]"
        assert types(body["input"][2]["content"]) == ["input_image", "input_text"]
        assert body["input"][2]["content"][0]["image_url"] == f"data:image/png;base64,{IMAGE['result']}"
        assert server.violations == []

    def test_a_text_that_was_cut_off_is_sent_whole(self) -> None:
        history = turn(*made(SEARCH, said("First.")), text="First.\n\nSecond, but")
        assert [item["content"] for item in input_items(history, OTHER) if "role" in item][1:] == [
            '[called web_search({"type": "search", "query": "x"})]\n\nFirst.\n\nSecond, but'
        ]

    @pytest.mark.parametrize("form", list(Form))
    @pytest.mark.parametrize("raw", [raw for raw, _, _ in KINDS], ids=lambda raw: str(raw["type"]))
    def test_each_kind_is_sent_as_the_document_has_it(self, raw: Json, form: Form) -> None:
        items = input_items(turn(*made(raw, said("Hi.")), text="Hi."), Target("responses", "m", form))
        newer = {"mcp_approval_response", "program"}  # the document has them otherwise, or not yet
        body = {"model": "m", "input": [item for item in items if item["type"] not in newer]}
        headers = {"authorization": "Bearer x", "content-type": "application/json"}
        assert spec.load().check("POST", "/responses", {}, headers, body) == []
        calls = {item.get("call_id") for item in items if item["type"].endswith("_call")} - {None}
        assert calls <= {item.get("call_id") for item in items if item["type"].endswith("_output")} or (
            raw["type"] in {"program", "tool_search_call"}
        )


class TestChatMessages:
    TARGET = Target("completions", "m")

    def test_calls_and_results(self) -> None:
        second = {**CALL, "id": "fc_2", "call_id": "call_2"}
        calls = made(said("Let me see."), CALL, second)
        items = (*calls, answer_to(calls[1], "42"), *made(said("It is 42.", id="msg_2")))
        messages = chat_messages(turn(*items, text="Let me see.\n\nIt is 42."), self.TARGET)
        function = {"name": "look_up", "arguments": '{"q": "x"}'}
        assert messages[1:] == [
            {
                "role": "assistant",
                "content": "Let me see.",
                "tool_calls": [
                    {"id": "call_1", "type": "function", "function": function},
                    {"id": "call_2", "type": "function", "function": function},
                ],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "42"},
            {"role": "tool", "tool_call_id": "call_2", "content": DECLINED},
            {"role": "assistant", "content": "It is 42."},
        ]

    def test_what_a_chat_cannot_hold_is_a_line(self) -> None:
        messages = chat_messages(turn(*made(SEARCH, CODE, said("Hi.")), text="Hi."), self.TARGET)
        assert messages[1]["content"] == (
            '[called web_search({"type": "search", "query": "x"})]\n\n'
            "[called code_interpreter(plot()): done]\n\n[image: image.png, 228 bytes]\n\nHi."
        )

    @pytest.mark.parametrize("raw", [raw for raw, _, _ in KINDS], ids=lambda raw: str(raw["type"]))
    def test_each_kind_is_sent_as_the_document_has_it(self, raw: Json) -> None:
        messages = chat_messages(turn(*made(raw, said("Hi.")), text="Hi."), self.TARGET)
        headers = {"authorization": "Bearer x", "content-type": "application/json"}
        body = {"model": "m", "messages": messages}
        assert spec.load().check("POST", "/chat/completions", {}, headers, body) == []

    def test_a_function_call_of_old_goes_back_as_it_came(self) -> None:
        function = {"name": "look_up", "arguments": "{}"}
        content = {"call_id": "call_1", "tool": "function", **function}
        item = Item(ItemKind.TOOL_CALL, content, json.dumps({"function_call": function}), "completions", "m")
        history = turn(item, answer_to(item, "42"))
        assert chat_messages(history, self.TARGET)[1:] == [
            {"role": "assistant", "content": None, "function_call": function},
            {"role": "function", "name": "look_up", "content": "42"},
        ]
        assert chat_messages(history, Target("completions", "another"))[2]["role"] == "tool"

    def test_what_a_server_added_to_a_call_goes_back_to_its_model(self) -> None:
        function = {"name": "look_up", "arguments": "{}"}
        raw = {"id": "call_1", "type": "function", "function": function, "extra_content": {"signature": "s"}}
        content = {"call_id": "call_1", "tool": "function", **function}
        item = Item(ItemKind.TOOL_CALL, content, json.dumps(raw), "completions", "m")
        assert chat_messages(turn(item), self.TARGET)[1]["tool_calls"] == [raw]
        [portable] = chat_messages(turn(item), Target("completions", "another"))[1]["tool_calls"]
        assert "extra_content" not in portable

    def test_reasoning_goes_back_to_its_model(self) -> None:
        details = [{"type": "reasoning.encrypted", "data": "opaque"}]
        raw = json.dumps({"reasoning_details": details})
        item = Item(ItemKind.REASONING, {}, raw, "completions", "m")
        history = turn(item, Item(ItemKind.TEXT, {"text": "Hi."}), text="Hi.")
        assert chat_messages(history, self.TARGET)[1]["reasoning_details"] == details
        assert "reasoning_details" not in chat_messages(history, Target("completions", "another"))[1]


def test_a_model_that_reads_text_alone() -> None:
    message = plain_message(turn(*answered(CALL, "42"), *made(said("It is 42.")), text="It is 42.")[1])
    assert message.content == '[called look_up({"q": "x"}): 42]\n\nIt is 42.'
    assert message.items == ()
