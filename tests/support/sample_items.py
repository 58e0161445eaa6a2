"""Items of every kind, as the backends make them, and turns that hold them."""

from chatmgr.domain.events import ItemDone
from chatmgr.domain.items import DECLINED, Item, ItemKind, answer_to
from chatmgr.domain.states import RunState
from chatmgr.store.writer import OpenRun, RunOutcome
from chatmgr.turns.progress import Progress
from chatmgr.turns.recorder import Recorder
from tests.support.store import Store

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
URL = "https://example.test/cats?a=1&b=2"


def item(kind: str, content: dict[str, object], item_id: str = "", data: bytes | None = None) -> Item:
    """An item that the Responses API sent."""
    return Item(ItemKind(kind), content, '{"type":"raw"}', "responses", "gpt-x", data, item_id)


CITING = item(
    "text",
    {
        "text": "Cats sleep. They eat.",
        "citations": [
            {"start": 0, "end": 11, "url": URL, "title": "All *about* cats"},
            {"end": 21, "file_id": "file-1", "title": "cats.pdf", "quote": "they\neat"},
            {"end": 21, "url": URL, "title": "All *about* cats"},
        ],
    },
    "msg_1",
)
IMAGE = item("image", {"name": "cat.png", "content_type": "image/png", "size": len(PNG)}, "ig_1", PNG)
MISSING = item("file", {"name": "big.bin", "missing": "larger than 64 MB"}, "cf_1")
CALL = item(
    "tool_call", {"call_id": "c1", "name": "look_up", "arguments": '{"q": 1}', "tool": "function"}, "fc_1"
)
SEARCH = item(
    "tool_call", {"call_id": "ws_1", "name": "web_search", "tool": "web_search", "arguments": "cats"}, "ws_1"
)
REQUEST = item("approval_request", {"id": "ap_1", "name": "delete", "arguments": "{}", "server": "disk"})
THOUGHT = item("reasoning", {"summary": "hm, cats"}, "rs_1")
OTHER = item("other", {"type": "hologram"}, "h_1")
EVERYTHING = (
    *(THOUGHT, SEARCH, CITING, IMAGE, MISSING),
    *(CALL, REQUEST, answer_to(CALL, "42"), answer_to(REQUEST, DECLINED)),
    *(OTHER, item("refusal", {"text": "No."}), item("compaction", {})),
)
EVERY_TEXT = "Cats sleep. They eat.\n\nNo."


def say(store: Store, run: OpenRun, *items: Item) -> None:
    """Let a run say items."""
    recorder, progress = Recorder(store.writer), Progress()
    for each in items:
        recorder.record(run, 0, ItemDone(each), progress)


def answered(store: Store, text: str, *items: Item, name: str = "plan") -> OpenRun:
    """A whole turn with items."""
    run = store.open(name=name)
    say(store, run, *items)
    store.writer.runs.close(run, RunOutcome(RunState.COMPLETED, text, thread_synced=True))
    return run
