"""What rendering costs: deltas written to a pseudo-terminal as Markdown, against the same ones plain.

``typing`` renders above the input line of a chat, with a message in its queue and a text in the line.

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
for standard in (0, 1, 2):
    os.dup2(writer, standard)
os.close(writer)
os.environ["TERM"] = "xterm-256color"

from contextlib import contextmanager

from chatmgr.terminal.plain_writer import PlainWriter
from chatmgr.terminal.console import console
from chatmgr.terminal.markdown.streaming_writer import MarkdownWriter


@contextmanager
def writing():
    if how != "typing":
        yield PlainWriter(console) if how == "plain" else MarkdownWriter(console)
        return
    with line.typing([(0, "demo"), (1, "a model"), (2, "1,801 tokens")]):
        area = console.bottom
        writer = MarkdownWriter(console, area.free_size, area.lock)
        write = writer.write

        def counted(piece):
            area.running.answering(piece)
            write(piece)

        writer.write = counted
        yield writer


if how == "typing":
    from prompt_toolkit import PromptSession

    from chatmgr.chat.input.pending_input import Draft, PendingInput
    from chatmgr.chat.input.streaming_line import StreamingLine

    pending = PendingInput(Draft("what is typed meanwhile", 5), ["a message that waits"])
    line = StreamingLine(PromptSession(), pending)

with writing() as warm:
    warm.write("*A* `b`\\n\\n```python\\nx = 1\\n```\\n| a | b |\\n|---|---|\\n| c | d |\\n")
    warm.finish()
pieces = deltas(kind, count)
with writing() as answer:
    began = time.process_time()
    for piece in pieces:
        answer.write(piece)
    answer.finish()
    used = time.process_time() - began
os.write(told, json.dumps(used / count).encode())
"""


def rendering(meter: Meter, _: Path, runs: int) -> Iterator[Result]:
    """Each kind of answer: 20,000 deltas against fewer, and rendered against plain."""
    for kind in KINDS:
        makers = {f"{count} rendered": same(_run(kind, count, "rendered")) for count in LENGTHS}
        makers |= {
            f"{count} typing": same(_run(kind, count, "typing")) for count in (LENGTHS[0], LENGTHS[-1])
        }
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
        most_typing, fewer_typing = (document[f"{count} typing"] for count in (LENGTHS[-1], LENGTHS[0]))
        pairs = list(zip(most_typing, fewer_typing, strict=True))
        yield Result(f"{what}, typing", f"{LENGTHS[0]:,} deltas", "cpu/delta", pairs, FLAT)
        yield Result(
            f"{what}, typing", "plain", "cpu/delta", list(zip(most_typing, plain, strict=True)), PLAIN
        )


def _run(kind: str, count: int, how: str) -> Command:
    loop = python(_PROGRAM)
    return Command([*loop.argv, kind, str(count), how], loop.env)
