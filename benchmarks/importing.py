"""A ChatGPT export imported: against a bare loop that decodes it and inserts its messages, and once more."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.chatgpt_export import write_export
from benchmarks.meter import Command, Meter, chatmgr, python
from benchmarks.ratios import Result, compare
from benchmarks.sizes import size

CONVERSATIONS = size(100_000)
CHARACTERS = 10_700  # of JSON for each of them: a gigabyte in all
SLOWER, AGAIN, PEAK = 2.0, 0.1, 200 << 20
# What anybody would write first: each object decoded, and its messages inserted, a transaction for many.
_BARE = """
import json, sqlite3
db = sqlite3.connect({db!r})
db.execute("CREATE TABLE conversations (id TEXT PRIMARY KEY, title TEXT, created REAL, updated REAL)")
db.execute("CREATE TABLE messages (id TEXT PRIMARY KEY, conversation TEXT, parent TEXT, role TEXT, "
           "content TEXT, created REAL)")
decoder = json.JSONDecoder()
buffer, at, count = "", 1, 0
with open({export!r}, encoding="utf-8") as file:
    while True:
        try:
            value, at = decoder.raw_decode(buffer, at)
        except ValueError:
            piece = file.read(1 << 20)
            if not piece:
                break
            buffer, at = buffer[at:] + piece, 0 if buffer else 1
            continue
        at += 1
        db.execute("INSERT INTO conversations VALUES (?, ?, ?, ?)", (
            value["id"], value["title"], value["create_time"], value["update_time"]))
        for node in value["mapping"].values():
            message = node["message"]
            if message:
                db.execute("INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?)", (
                    message["id"], value["id"], node["parent"], message["author"]["role"],
                    "".join(message["content"]["parts"]), message["create_time"]))
        count += 1
        if count % 500 == 0:
            db.commit()
db.commit()
assert count == {count}, count
"""


def importing(meter: Meter, folder: Path, runs: int) -> Iterator[Result]:
    """The first import against the bare loop, and the second against the first, in turn."""
    export = folder / f"chatgpt-{CONVERSATIONS}.json"
    if not export.exists():
        write_export(export, CONVERSATIONS, CHARACTERS)
    home, bare = folder / "home", folder / "bare.db"

    def first() -> Command:
        shutil.rmtree(home, ignore_errors=True)
        return chatmgr("import", str(export), home=home)

    def loop() -> Command:
        bare.unlink(missing_ok=True)
        return python(_BARE.format(db=str(bare), export=str(export), count=CONVERSATIONS))

    makers = {"loop": loop, "first": first, "again": lambda: chatmgr("import", str(export), home=home)}
    samples = meter.alternate(makers, runs)
    what = f"import of {CONVERSATIONS:,} conversations"
    yield compare(what, "raw_decode and sqlite3", "wall", (samples["first"], samples["loop"]), SLOWER)
    yield compare("the same import again", "the first", "wall", (samples["again"], samples["first"]), AGAIN)
    pairs = [(sample.peak, float(PEAK)) for sample in samples["first"]]
    yield Result(what, "200 MB", "peak", pairs, 1.0)
