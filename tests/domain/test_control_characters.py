"""Live characters are made visible in documents, and escaped in JSON, which reads as the same value."""

import json
import re

import pytest

from chatmgr.domain.control_characters import escaped_json, has_hostile, without_live

EVERY = "".join(map(chr, [*range(0x100), *range(0x2000, 0x2070), 0xFEFF, 0x3164, 0xE0041, 0x1F600]))
LIVE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def test_json_is_harmless_and_exact() -> None:
    value = {EVERY: [EVERY, "\ud800", 1, None], "nested": {"a": "\x1b[31m\n"}}
    for indent in (None, 1):
        text = escaped_json(json.dumps(value, ensure_ascii=False, indent=indent))
        assert json.loads(text) == value
        assert not has_hostile(text)
        assert "\U0001f600" in text


def test_documents_keep_what_writing_needs() -> None:
    assert not LIVE.search(without_live(EVERY + "\udcff"))
    for kept in (
        "tab\tand\nline",
        "soft\u00adhyphen",
        "\u200fשלום\u200e",
        "نمی\u200cشود",
        "👩\u200d💻",
        "e\u0301",
    ):
        assert without_live(kept) == kept


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_line_ends_become_line_feeds(end: str) -> None:
    assert without_live(f"a{end}b\x1b[2J") == "a\nb␛[2J"
