"""How long a resumed conversation takes to send its request: 10,000 turns against 10.

From the start of the process to the arrival of the request at the server, which notes it in this
process while another one measures.
"""

import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.fill import fill
from benchmarks.meter import Meter, chatmgr
from benchmarks.ratios import Result
from benchmarks.remote import KEY, configure, create
from benchmarks.sizes import size
from benchmarks.timeline import MODEL, Kind
from tests.wire.faults import Plan
from tests.wire.server import WireServer

TARGET = 1.3
LENGTHS = {"long": size(10_000), "short": 10}
AROUND = size(1_000)  # turns of other conversations
_PATHS = {"responses": "/responses", "completions": "/chat/completions"}


class Clock(WireServer):
    """A server that notes when the head of each request arrived."""

    def __init__(self) -> None:
        super().__init__(check=False)
        self.arrivals: list[tuple[str, float]] = []

    def plan(self, method: str, path: str) -> Plan:
        """Note the time; the body was not read yet."""
        self.arrivals.append((path, time.monotonic()))
        return super().plan(method, path)


def resuming(meter: Meter, folder: Path, runs: int) -> Iterator[Result]:
    """``resume`` with one line piped in: where the server keeps the thread, and where it does not."""
    for api, path in _PATHS.items():
        home = folder / api
        with Clock() as server:
            line = _prepare(home, api, server.base_url)
            pairs = []
            for _ in range(runs + 1):
                took = []
                for name in LENGTHS:
                    server.arrivals.clear()
                    sample = meter.run(chatmgr("resume", name, home=home, env=KEY, stdin=line))
                    [arrived] = [moment for asked, moment in server.arrivals if asked == path]
                    took.append(arrived - sample.began)
                pairs.append((took[0], took[1]))
        what = f"resume {LENGTHS['long']:,} turns, {api}"
        target = TARGET if api == "responses" else None
        yield Result(what, f"{LENGTHS['short']} turns", "until sent", pairs[1:], target)


def _prepare(home: Path, api: str, url: str) -> Path:
    """A store with both conversations, in step with their threads; returns the file to pipe in."""
    extra = {}
    for name, length in LENGTHS.items():
        thread = create(url, "/conversations") if api == "responses" else ""
        extra[name] = (length, Kind("wire", endpoint=url, thread=thread))
    fill(home, AROUND, extra)
    configure(home, api, url, MODEL)
    line = home / "line"
    line.write_text("And then?\n", encoding="utf-8")
    return line
