"""A progress bar at a terminal, and what is said when it is full."""

import os
from pathlib import Path

from tests.support.pseudo_terminal import TerminalProcess

CODE = """
from chatmgr.terminal.status import ProgressBar
bar = ProgressBar("Fetching", then="Unpacking and checking…")
for megabytes in (1, 50, 93, 93):
    bar(megabytes * 1_000_000, 93_000_000)
print("done")
"""


def test_what_follows_is_said_once(tmp_path: Path) -> None:
    environ = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(Path(__file__).parents[2])}
    with TerminalProcess(["-c", CODE], environ, tmp_path, size=(24, 80)) as process:
        shown = process.read_until(None)
        assert process.wait() == 0
    assert "1/93 MB" in shown
    assert shown.count("Unpacking and checking…") == 1
    assert shown.index("93/93 MB") < shown.index("Unpacking") < shown.index("done")
