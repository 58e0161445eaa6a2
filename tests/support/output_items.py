"""Output items of the Responses API as servers send them, one of each kind, and what they become."""

import base64
import json
from pathlib import Path
from typing import Any

from chatmgr.domain.items import ItemKind
from tests.support.item_server import PNG, Json

BASE64 = base64.b64encode(PNG).decode()
URL = {"type": "url_citation", "start_index": 0, "end_index": 5, "url": "https://a.example/", "title": "A"}
CALL = {
    "id": "fc_1",
    "type": "function_call",
    "status": "completed",
    "call_id": "call_1",
    "name": "look_up",
    "arguments": '{"q": "x"}',
}
SEARCH = {
    "id": "ws_1",
    "type": "web_search_call",
    "status": "completed",
    "action": {"type": "search", "query": "x"},
}
IMAGE = {"id": "ig_1", "type": "image_generation_call", "status": "completed", "result": BASE64}
REASONING = {
    "id": "rs_1",
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "Hm."}],
    "encrypted_content": "gAAAAopaque",
}
APPROVAL = {
    "id": "mcpr_1",
    "type": "mcp_approval_request",
    "server_label": "files",
    "name": "remove",
    "arguments": '{"path": "/"}',
}
CODE = {
    "id": "ci_1",
    "type": "code_interpreter_call",
    "status": "completed",
    "container_id": "cntr_1",
    "code": "plot()",
    "outputs": [
        {"type": "logs", "logs": "done"},
        {"type": "image", "url": f"data:image/png;base64,{BASE64}"},
    ],
}
FILE = {
    "type": "container_file_citation",
    "container_id": "cntr_1",
    "file_id": "cfile_1",
    "filename": "chart.png",
    "start_index": 0,
    "end_index": 3,
}

# What each kind becomes: the item as a server sends it, and kind and content of the first item made of it.
KINDS: list[tuple[Json, ItemKind, Json]] = [
    (case["item"], ItemKind(case["kind"]), case["content"])
    for case in map(json.loads, Path(__file__).with_suffix(".jsonl").read_text("utf-8").splitlines())
]

HOSTILE: list[Any] = [
    None,
    7,
    "text",
    [],
    {},
    {"type": 5},
    {"type": ["x"]},
    {"type": "function_call"},
    {"type": "image_generation_call", "result": {"a": 1}},
    {"type": "image_generation_call", "result": "%%%"},
    {"type": "code_interpreter_call", "outputs": [None, 3, {"type": "image", "url": 7}]},
    {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "x", "annotations": 9}],
    },
    {"type": "reasoning", "summary": "words", "content": {"a": 1}},
    {"type": "mcp_call", "error": ["x"], "output": {"a": float("nan")}},
    {"id": "a\x00\ud800", "type": "x\ud800", "value": "\x00\ud800", "deep": [[[[[[]]]]]]},
]
