"""Which refusals mean that the prompt is too long, in the words of every vendor.

``overflow_wordings.jsonl`` has one answer of a server a line, with the tokens that it states. Those whose
``too_long`` is null sound alike and are something else.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from chatmgr.backends.overflow import Overflow, parse_overflow

WORDINGS: list[dict[str, Any]] = [
    json.loads(line)
    for line in Path(__file__).with_name("overflow_wordings.jsonl").read_text("utf-8").splitlines()
]
TOO_LONG = [wording for wording in WORDINGS if wording["too_long"]]


@pytest.mark.parametrize("wording", WORDINGS, ids=[wording["from"] for wording in WORDINGS])
def test_every_wording(wording: dict[str, Any]) -> None:
    expected = wording["too_long"] and Overflow(**wording["too_long"])
    assert parse_overflow(wording["body"], wording["status"]) == expected


def test_there_are_enough() -> None:
    assert len(TOO_LONG) >= 60
    assert len(WORDINGS) - len(TOO_LONG) >= 30
