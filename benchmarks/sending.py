"""One turn of a fresh ``send``, against the least that the SDK can do and against ``llm``.

All three start as new processes, ask the same scripted server on the loopback, and print the answer as it
streams in. The bare one imports the SDK, makes a client and asks. ``llm`` also keeps the answer in SQLite.
chatmgr keeps the message before it leaves, and on responses looks at the thread.

Measured are the time until the request with the message arrives, and time and CPU until the first byte of the
answer is printed and until the process has ended. ``llm`` is taken from the variable ``BENCH_LLM`` or from
the ``PATH``.
"""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.meter import Command, Meter, Sample, chatmgr, python
from benchmarks.ratios import Metric, Result, compare
from benchmarks.remote import KEY, configure
from benchmarks.resuming import Clock
from benchmarks.timeline import MODEL

LLM_TARGET, SDK_TARGET = 0.75, 1.1
_CLIENT = "from openai import OpenAI; c = OpenAI(base_url={url!r}, api_key='sk-bench', max_retries=0)\n"
_BARE = {
    "responses": (
        "for event in c.responses.create(model={model!r}, input='hello', stream=True):\n"
        "    if event.type == 'response.output_text.delta': print(event.delta, end='', flush=True)"
    ),
    "completions": (
        "for chunk in c.chat.completions.create(\n"
        "    model={model!r}, stream=True, messages=[dict(role='user', content='hello')]\n"
        "):\n"
        "    if chunk.choices: print(chunk.choices[0].delta.content or '', end='', flush=True)"
    ),
}
_PATHS = {"responses": "/responses", "completions": "/chat/completions"}
_METRICS: tuple[Metric, ...] = ("cpu", "first_cpu", "first_wall", "wall")
_NO_LLM = "not installed: name it in BENCH_LLM"


def sending(meter: Meter, folder: Path, runs: int) -> Iterator[Result]:
    """One turn of a short conversation, in a new process each time, on each API that has a stream."""
    for api, path in _PATHS.items():
        home = folder / api
        home.mkdir()
        with Clock() as server:
            commands = _commands(meter, home, api, server.base_url)
            samples: dict[str, list[Sample]] = {name: [] for name in commands}
            arrivals: dict[str, list[float]] = {name: [] for name in commands}
            for _ in range(runs + 1):
                for name, command in commands.items():
                    server.arrivals.clear()
                    sample = meter.run(replace(command, first_byte=True))
                    [arrived] = [moment for asked, moment in server.arrivals if asked == path]
                    samples[name].append(sample)
                    arrivals[name].append(arrived - sample.began)
        what = f"send, {api}"
        pairs = list(zip(arrivals["chatmgr"], arrivals["bare SDK"], strict=True))
        yield Result(what, "bare SDK", "until sent", pairs[1:])
        for rival, target in (("bare SDK", SDK_TARGET), ("llm", LLM_TARGET)):
            if rival not in samples:
                yield Result(what, rival, "cpu", [], note=_NO_LLM)
                continue
            both = samples["chatmgr"][1:], samples[rival][1:]
            for metric in _METRICS:
                yield compare(what, rival, metric, both, target if metric.endswith("cpu") else None)


def _commands(meter: Meter, home: Path, api: str, url: str) -> dict[str, Command]:
    """The command of each rival, once what it needs is there."""
    configure(home, api, url, MODEL)
    meter.run(chatmgr("new", "demo", "hello", "-i", "", "--provider", "wire", home=home, env=KEY))
    commands = {
        "chatmgr": chatmgr("send", "demo", "hello", home=home, env=KEY),
        "bare SDK": python((_CLIENT + _BARE[api]).format(url=url, model=MODEL)),
    }
    llm = os.environ.get("BENCH_LLM") or shutil.which("llm")
    if llm:
        settings = home / "llm"
        settings.mkdir()
        model = {"model_id": "wire", "model_name": MODEL, "api_base": url, "can_stream": True}
        model |= {"responses": True} if api == "responses" else {}
        (settings / "extra-openai-models.yaml").write_text(json.dumps([model]), encoding="utf-8")
        env = {"LLM_USER_PATH": str(settings), "OPENAI_API_KEY": "sk-bench"}
        commands["llm"] = Command([llm, "-m", "wire", "hello"], env)
    return commands
