"""The first request of a fresh ``send``, against the least that the SDK itself can do.

From the start of a process to the arrival of the request that carries the message. The other process
imports the SDK, makes a client and asks; chatmgr also opens the database, keeps the message, and on
responses looks at the thread.
"""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.meter import Command, Meter, chatmgr, python
from benchmarks.ratios import Result
from benchmarks.remote import KEY, configure
from benchmarks.resuming import Clock
from benchmarks.timeline import MODEL

_CLIENT = "from openai import OpenAI; c = OpenAI(base_url={url!r}, api_key='sk-bench', max_retries=0); "
_ASKED = {
    "responses": "list(c.responses.create(model={model!r}, input='hello', stream=True))",
    "completions": (
        "list(c.chat.completions.create(model={model!r}, stream=True, "
        "messages=[dict(role='user', content='hello')]))"
    ),
}
_PATHS = {"responses": "/responses", "completions": "/chat/completions"}


def sending(meter: Meter, folder: Path, runs: int) -> Iterator[Result]:
    """One turn of a short conversation, in a new process each time."""
    for api, path in _PATHS.items():
        home = folder / api
        home.mkdir()
        with Clock() as server:
            configure(home, api, server.base_url, MODEL)
            meter.run(chatmgr("new", "demo", "hello", "-i", "", "--provider", "wire", home=home, env=KEY))
            bare = (_CLIENT + _ASKED[api]).format(url=server.base_url, model=MODEL)
            commands = {
                "send": chatmgr("send", "demo", "hello", home=home, env=KEY),
                "bare": python(bare),
            }
            pairs = [_pair(meter, server, path, commands) for _ in range(runs + 1)]
        yield Result(f"send, {api}", "bare SDK", "until sent", pairs[1:])


def _pair(meter: Meter, server: Clock, path: str, commands: dict[str, Command]) -> tuple[float, float]:
    took = []
    for command in commands.values():
        server.arrivals.clear()
        sample = meter.run(command)
        [arrived] = [moment for asked, moment in server.arrivals if asked == path]
        took.append(arrived - sample.began)
    return took[0], took[1]
