"""20,000 streamed deltas: ``chatmgr send`` against the bare SDK loop and against ``curl -N``.

The server is a process of its own and faster than any of the three. Every run of ours gets a new
conversation whose thread was made beforehand, so that none pays for the answers of those before it.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.meter import Command, Maker, Meter, Sample, chatmgr, python
from benchmarks.ratios import Result, compare
from benchmarks.remote import HEADERS, KEY, configure, create
from benchmarks.sizes import size
from benchmarks.timeline import MODEL
from chatmgr.domain.model import Assistant
from chatmgr.store.reader import Reader
from chatmgr.store.writer import ThreadKey, Writer
from tests.wire.process import WireProcess

DELTAS = size(20_000)
TARGETS = {"responses": 0.5}
TEXT = "hello"
_LOOPS = {
    "responses": """
for event in client.responses.create(model=MODEL, input=TEXT, stream=True):
    if event.type == "response.output_text.delta":
        print(event.delta, end="", flush=True)
""",
    "completions": """
messages = [{"role": "user", "content": TEXT}]
for chunk in client.chat.completions.create(model=MODEL, messages=messages, stream=True):
    if chunk.choices and chunk.choices[0].delta.content:
        print(chunk.choices[0].delta.content, end="", flush=True)
""",
    "assistants": """
thread, assistant = sys.argv[1:]
client.beta.threads.messages.create(thread, role="user", content=TEXT)
for event in client.beta.threads.runs.create(thread, assistant_id=assistant, stream=True):
    if event.event == "thread.message.delta":
        for part in event.data.delta.content or ():
            print(part.text.value, end="", flush=True)
""",
}


def loop(api: str) -> str:
    """The program that the SDK's documentation shows."""
    code = f"import sys\nfrom openai import OpenAI\nclient, MODEL, TEXT = OpenAI(), {MODEL!r}, {TEXT!r}\n"
    return code + _LOOPS[api]


def streaming(meter: Meter, folder: Path, runs: int) -> Iterator[Result]:
    """The three APIs, one after the other, each with a server of its own."""
    for api in _LOOPS:
        place = folder / api
        place.mkdir()
        with WireProcess(place, options=["--deltas", str(DELTAS), "--no-check"]) as server:
            bench = _Bench(api, server.base_url, place)
            makers: dict[str, Maker] = {"ours": bench.ours, "bare SDK loop": bench.sdk}
            if shutil.which("curl"):
                makers["curl -N"] = bench.curl
            samples = meter.alternate(makers, runs)
        ours = samples.pop("ours")
        _check(ours[0], samples["bare SDK loop"][0])
        for against, theirs in samples.items():
            target = TARGETS.get(api) if against == "bare SDK loop" else None
            what = f"{DELTAS:,} deltas, {api}"
            yield compare(what, against, "cpu", (ours, theirs), target)
            yield compare(what, against, "wall", (ours, theirs))
            yield compare(what, against, "peak", (ours, theirs))


def _check(ours: Sample, theirs: Sample) -> None:
    """Both must have printed the whole answer, or the comparison means nothing."""
    output, other = ours.output.rstrip(b"\n"), theirs.output.rstrip(b"\n")
    if output != other or len(output) < DELTAS:
        raise RuntimeError(
            f"{len(output)} and {len(other)} bytes were printed, which cannot both be the answer"
        )


class _Bench:
    """One API on one server: makes the commands, and what they need beforehand."""

    def __init__(self, api: str, url: str, home: Path) -> None:
        self._api, self._url, self._home = api, url, home
        self._number = 0
        configure(home, api, url, MODEL)
        store = f"sqlite:///{home / 'chatmgr.db'}"
        self._writer, self._reader = Writer(store), Reader(store)
        self._writer.assistants.create("plain", "", MODEL, "wire", {})
        self._persona: Assistant = self._reader.assistants.get("plain")
        self._assistant = ""
        if api == "assistants":
            self._assistant = create(self._url, "/assistants", {"model": MODEL})
            self._writer.assistants.set_remote_id(self._persona.id, "wire", url, self._assistant)

    def _thread(self) -> str:
        path = {"responses": "/conversations", "assistants": "/threads"}.get(self._api)
        return create(self._url, path) if path else ""

    def ours(self) -> Command:
        """One turn of a new conversation, whose empty thread is there already."""
        self._number += 1
        name = f"run-{self._number}"
        self._writer.conversations.create(name, self._persona.id, "", "wire")
        if thread := self._thread():
            pk = self._reader.conversations.get(name).pk
            self._writer.threads.set(ThreadKey(pk, "wire", self._url), thread, 0)
        self._reader.close()
        return chatmgr("send", name, TEXT, home=self._home, env=KEY)

    def sdk(self) -> Command:
        """The loop that the SDK's documentation shows, with typed events."""
        env = {"OPENAI_API_KEY": "sk-bench", "OPENAI_BASE_URL": self._url}
        arguments = [self._thread(), self._assistant] if self._assistant else []
        return Command([*python(loop(self._api)).argv, *arguments], env)

    def curl(self) -> Command:
        """The same request, its bytes passed through."""
        body: dict[str, Any] = {"model": MODEL, "stream": True}
        if self._api == "responses":
            path, body["input"] = "/responses", TEXT
        elif self._api == "completions":
            path, body["messages"] = "/chat/completions", [{"role": "user", "content": TEXT}]
        else:
            thread = self._thread()
            create(self._url, f"/threads/{thread}/messages", {"role": "user", "content": TEXT})
            path, body["assistant_id"] = f"/threads/{thread}/runs", self._assistant
        headers = [part for name, value in HEADERS.items() for part in ("-H", f"{name}: {value}")]
        return Command(["curl", "-sfN", *headers, "-d", json.dumps(body), self._url + path])
