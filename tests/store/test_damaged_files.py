"""Databases with flipped bytes: every command says so in one line, or is not concerned."""

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from chatmgr.store.location import sqlite_path
from tests.support.commands import Chatmgr, one_line
from tests.support.store import Store, execute

PAGE = 4096
READING = (
    ("history",),
    ("history", "plan"),
    ("history", "-q", "house"),
    ("stats", "--json"),
    ("export", "--all", "--format", "jsonl"),
    ("db", "check"),
)


def _header(content: bytearray, chance: random.Random) -> None:
    content[chance.randrange(100)] ^= 1 << chance.randrange(8)


def _head_of_a_page(content: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(content) // PAGE) * PAGE
    for _ in range(3):
        content[start + chance.randrange(40)] = chance.randrange(256)


def _anywhere(content: bytearray, chance: random.Random) -> None:
    for _ in range(40):
        content[chance.randrange(len(content))] = chance.randrange(256)


def _whole_page(content: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(content) // PAGE) * PAGE
    content[start : start + PAGE] = chance.randbytes(PAGE)


def _a_name(content: bytearray, chance: random.Random) -> None:
    """What a table is called in the catalogue."""
    content[content.index(b"turnsturns") + chance.randrange(2)] = 0xC2


def _cut(content: bytearray, chance: random.Random) -> None:
    del content[chance.randrange(1, len(content)) :]


def _filled(url: str) -> Path:
    """A store of some turns; returns its file."""
    store = Store(url)
    for number in range(30):
        store.answer(f"hello {number}", "a house, 名古屋 " * 60)
    store.close()
    path = sqlite_path(url)
    assert path is not None
    return path


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("harm", [_header, _head_of_a_page, _anywhere, _whole_page, _a_name, _cut])
def test_flipped_bytes_are_one_line(
    chatmgr: Chatmgr, sqlite_url: str, harm: Callable[[bytearray, random.Random], None], seed: int
) -> None:
    path = _filled(sqlite_url)
    content = bytearray(path.read_bytes())
    harm(content, random.Random(seed))
    for arguments in READING:
        path.write_bytes(content)
        result = chatmgr.start(*arguments).wait()
        assert result.code in {0, 3, 4}, (arguments, result.err)
        if result.code:
            assert one_line(result)


@pytest.mark.parametrize(
    ("statement", "arguments"),
    [
        (
            "UPDATE turns SET created_at = replace(created_at, '-', char(15))",
            ("export", "--all", "--format", "json"),
        ),
        ("UPDATE runs SET started_at = '2026-13-45 00:00:00.000000'", ("history", "plan")),
        ("UPDATE assistant_versions SET params = '{'", ("history", "plan@1", "--json")),
        ("UPDATE runs SET input_tokens = 'many'", ("history", "plan@1")),
    ],
)
def test_a_value_that_cannot_be_read_is_damage(
    chatmgr: Chatmgr, sqlite_url: str, statement: str, arguments: tuple[str, ...]
) -> None:
    """The pages are sound, the value is not: neither a traceback nor a defect of chatmgr."""
    _filled(sqlite_url)
    execute(sqlite_url, statement)
    for verb in (arguments, ("db", "check")):
        result = chatmgr.start(*verb).wait()
        if result.code or verb != arguments:
            assert result.code == 3, (verb, result.err)
            assert "hold values of a wrong kind. Restore a backup" in one_line(result)


def test_a_quick_check_reads_pages_and_counts(chatmgr: Chatmgr, sqlite_url: str) -> None:
    path = _filled(sqlite_url)
    assert "pages and counts" in chatmgr("db", "check", "--quick").out
    execute(sqlite_url, "UPDATE conversations SET turns = 70")
    assert "counts 70 turns and has 30" in chatmgr("db", "check", "--quick", code=3).err
    content = bytearray(path.read_bytes())
    content[5 * PAGE : 6 * PAGE] = random.Random(1).randbytes(PAGE)
    path.write_bytes(content)
    assert re.search("damaged|malformed", chatmgr("db", "check", "--quick", code=3).err)
