"""What one more delta costs: a long answer less a short one, ``chatmgr send`` against the bare SDK loop.

The server has the answer ready, so that reading is all there is to wait for. Standard output is a pipe.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.delta_server import WORD
from benchmarks.meter import ROOT, Command, Maker, Meter, Sample, chatmgr, python
from benchmarks.ratios import Result
from benchmarks.remote import KEY, configure
from benchmarks.sizes import size
from benchmarks.streaming import loop
from benchmarks.timeline import MODEL
from chatmgr.store.reader import Reader
from chatmgr.store.writer import Writer

LONG, SHORT = size(20_000), size(200)
TARGET = 0.1
TEXT = "hello"


def deltas(meter: Meter, folder: Path, runs: int) -> Iterator[Result]:
    """The two APIs, each with a server for the long answer and one for the short."""
    with _server(LONG) as long_url, _server(SHORT) as short_url:
        for api in ("completions", "responses"):
            makers: dict[str, Maker] = {}
            for count, url in ((LONG, long_url), (SHORT, short_url)):
                home = folder / f"{api}-{count}"
                home.mkdir()
                makers[f"ours-{count}"] = _Ours(api, url, home)
                makers[f"theirs-{count}"] = _sdk(api, url)
            samples = meter.alternate(makers, runs)
            pairs = list(zip(_each(samples, "ours"), _each(samples, "theirs"), strict=True))
            yield Result(f"one delta of {LONG:,}, {api}", "bare SDK loop", "cpu", pairs, TARGET)


def _each(samples: dict[str, list[Sample]], who: str) -> Iterator[float]:
    """Seconds of CPU of one delta, run by run; each must have printed the whole answer."""
    for long, short in zip(samples[f"{who}-{LONG}"], samples[f"{who}-{SHORT}"], strict=True):
        for count, sample in ((LONG, long), (SHORT, short)):
            if sample.output.rstrip(b"\n") != (WORD * count).encode():
                raise RuntimeError(f"{who} printed {len(sample.output)} bytes, which cannot be the answer")
        yield max(long.cpu - short.cpu, 1e-6) / (LONG - SHORT)  # a small run has more noise than deltas


@contextmanager
def _server(count: int) -> Iterator[str]:
    """A server in a process of its own; the value is its URL."""
    command = [sys.executable, "-m", "benchmarks.delta_server", str(count)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.communicate()


class _Ours:
    """Makes a turn of a new conversation each time, so that none pays for the answers of those before it."""

    def __init__(self, api: str, url: str, home: Path) -> None:
        self._home = home
        configure(home, api, url, MODEL)
        store = f"sqlite:///{home / 'chatmgr.db'}"
        self._writer, self._reader = Writer(store), Reader(store)
        self._writer.assistants.create("plain", "", MODEL, "wire", {})
        self._persona = self._reader.assistants.get("plain")
        self._number = 0

    def __call__(self) -> Command:
        self._number += 1
        name = f"run-{self._number}"
        self._writer.conversations.create(name, self._persona.id, "", "wire")
        self._reader.close()
        command = chatmgr("send", name, TEXT, home=self._home, env=KEY)
        return replace(command, first_byte=True)  # which makes standard output a pipe


def _sdk(api: str, url: str) -> Maker:
    """The loop that the SDK's documentation shows, with typed events."""
    env = {"OPENAI_API_KEY": "sk-bench", "OPENAI_BASE_URL": url}
    return lambda: replace(python(loop(api), env), first_byte=True)
