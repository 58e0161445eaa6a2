"""How often a turn is committed: each commit waits for the disk, two of them before the request leaves."""

import sys

import pytest

from tests.support.commands import Chatmgr

# Run by a fresh interpreter: prints a line on stderr for each transaction of the command.
PROBE = """
import os, runpy
from sqlalchemy import Engine, event
event.listen(Engine, "commit", lambda connection: os.write(2, b"committed\\n"))
runpy.run_module("chatmgr", run_name="__main__", alter_sys=True)
"""


# The message, that it leaves, its end; and before that the id of a run that can be asked about after a crash.
COMMITS = {"completions": 3, "responses": 4}


@pytest.mark.parametrize("api", list(COMMITS), indirect=True)
def test_a_second_turn(talking: Chatmgr, api: str) -> None:
    second = talking.program([sys.executable, "-c", PROBE, "send", "demo", "two"])
    assert second.code == 0
    assert second.err.count("committed\n") == COMMITS[api]
    assert all(run_id for (run_id,) in talking.rows("SELECT remote_id FROM runs ORDER BY id"))
