"""Processes that change config.toml or keys.json at the same time: no change of any of them is lost."""

import json
import subprocess
import sys
import tomllib

import pytest

from tests.support.commands import Chatmgr

CHANGES = 40
# Says that it is ready, waits for the word, and makes its changes one after the other.
CHILD = f"""
import sys
import tomlkit
from chatmgr.config import keys, settings_changes
kind, owner = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()
for number in range({CHANGES}):
    name = f"{{owner}}-{{number}}"
    if kind == "keys":
        keys.store_key(name, "sk-test-1234567890")
    else:
        table = {{"api": "completions", "base_url": "http://127.0.0.1:9/v1"}}
        settings_changes.set_provider(name, table)
        if number % 2:
            settings_changes.set_provider(name, None)
"""


@pytest.mark.parametrize("kind", ["keys", "providers"])
def test_two_processes_change_one_file(chatmgr: Chatmgr, kind: str) -> None:
    owners = ("left", "right")
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, kind, owner],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=chatmgr.environment(),
        )
        for owner in owners
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write(b"go\n")
        child.stdin.flush()
    assert [child.communicate()[1] for child in children] == [b"", b""]
    made = {f"{owner}-{number}" for owner in owners for number in range(CHANGES)}
    if kind == "keys":
        assert json.loads((chatmgr.home / "keys.json").read_text("utf-8")).keys() == made
    else:
        settings = tomllib.loads((chatmgr.home / "config.toml").read_text("utf-8"))
        kept = {name for name in made if int(name.rpartition("-")[2]) % 2 == 0}
        assert settings["providers"].keys() == kept


def test_commands_that_were_started_together(chatmgr: Chatmgr) -> None:
    address = ("--api", "completions", "--base-url", "http://127.0.0.1:9/v1")
    for names in ("abcd", "efgh", "ijkl"):
        running = [chatmgr.start("provider", "add", f"lab-{name}", *address) for name in names]
        assert [command.wait().code for command in running] == [0, 0, 0, 0]
    settings = tomllib.loads((chatmgr.home / "config.toml").read_text("utf-8"))
    assert settings["providers"].keys() == {f"lab-{name}" for name in "abcdefghijkl"}
    removing = [chatmgr.start("provider", "remove", "lab-a", "--yes") for _ in range(3)]
    assert {command.wait().code for command in removing} <= {0, 5}
    settings = tomllib.loads((chatmgr.home / "config.toml").read_text("utf-8"))
    assert settings["providers"].keys() == {f"lab-{name}" for name in "bcdefghijkl"}


def test_values_that_are_set_together(chatmgr: Chatmgr) -> None:
    values = {
        "tail": 7,
        "timeout": 9.5,
        "local.threads": 2,
        "local.context": 512,
        "plain": True,
        "folders": False,
    }
    running = [chatmgr.start("config", "set", key, str(value)) for key, value in values.items()]
    assert {command.wait().code for command in running} == {0}
    [settings] = chatmgr.json("config", "show")
    assert settings.items() >= values.items()
