"""What rendering costs: deltas written to a pseudo-terminal as Markdown, against the same ones plain.

Each run is a process of its own that writes to the terminal which it opened, while a child reads it
empty, and reports the CPU that the deltas took: of all its threads, without start-up and imports, which
do not grow. Twice as many deltas must take twice as long, or an answer gets slower as it gets longer.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks.meter import Command, Meter, python, same
from benchmarks.ratios import Result
from benchmarks.sizes import size

LENGTHS = tuple(size(count) for count in (2_000, 5_000, 10_000, 20_000))
FLAT, PLAIN = 1.2, 1.5
KINDS = ("prose", "code", "list", "paragraph", "table")
_PROGRAM = """
import fcntl, json, os, pty, struct, sys, termios, time

TOKENS = {
    "prose": "The value of a **function** is what the `model` says, and then some more words are said. ",
    "code": "def name ( a , b ) :\\n    return a + 'text' * 12  # why\\n\\n",
    "list": "- an item with **bold** text and more words\\n",
    "paragraph": "The value of a **function** is what the `model` says, and then some more words are said. ",
    "table": "| a cell | **bold** | and more |\\n",
}
HEADS = {"code": "```python\\n", "table": "| one | two | three |\\n|---|---|---|\\n"}


def deltas(kind, count):
    words = TOKENS[kind].replace(" ", " \\0").split("\\0")
    found = [words[at % len(words)] for at in range(count)]
    if kind == "prose":
        found[79::80] = ["\\n\\n"] * len(found[79::80])
    return [HEADS.get(kind, ""), *found]


kind, count, how = sys.argv[1], int(sys.argv[2]), sys.argv[3]
reader, writer = pty.openpty()
fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
if os.fork() == 0:
    os.close(writer)
    try:
        while os.read(reader, 65536):
            pass
    except OSError:
        pass
    os._exit(0)
os.close(reader)
told = os.dup(1)
os.dup2(writer, 1)
os.close(writer)
os.environ["TERM"] = "xterm-256color"

from chatmgr.terminal.plain_writer import PlainWriter
from chatmgr.terminal.console import Console
from chatmgr.terminal.markdown.streaming_writer import MarkdownWriter

kinds = {"plain": PlainWriter, "rendered": MarkdownWriter}
warm = kinds[how](Console())
warm.write("*A* `b`\\n\\n```python\\nx = 1\\n```\\n| a | b |\\n|---|---|\\n| c | d |\\n")
warm.finish()
pieces = deltas(kind, count)
answer = kinds[how](Console())
began = time.process_time()
for piece in pieces:
    answer.write(piece)
answer.finish()
os.write(told, json.dumps((time.process_time() - began) / count).encode())
"""


def rendering(meter: Meter, _: Path, runs: int) -> Iterator[Result]:
    """Each kind of answer: 20,000 deltas against fewer, and rendered against plain."""
    for kind in KINDS:
        makers = {f"{count} rendered": same(_run(kind, count, "rendered")) for count in LENGTHS}
        makers[f"{LENGTHS[-1]} plain"] = same(_run(kind, LENGTHS[-1], "plain"))
        document = {
            name: [float(json.loads(sample.output)) for sample in samples]
            for name, samples in meter.alternate(makers, runs).items()
        }
        most = document[f"{LENGTHS[-1]} rendered"]
        what = f"{LENGTHS[-1]:,} deltas, {kind}"
        for count in LENGTHS[:-1]:
            target = FLAT if count == LENGTHS[0] else None
            fewer = document[f"{count} rendered"]
            yield Result(what, f"{count:,} deltas", "cpu/delta", list(zip(most, fewer, strict=True)), target)
        plain = document[f"{LENGTHS[-1]} plain"]
        yield Result(what, "plain", "cpu/delta", list(zip(most, plain, strict=True)), PLAIN)


def _run(kind: str, count: int, how: str) -> Command:
    loop = python(_PROGRAM)
    return Command([*loop.argv, kind, str(count), how], loop.env)
