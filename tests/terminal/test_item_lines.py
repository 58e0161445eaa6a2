"""Answers that are more than text, as lines at a terminal and in a pipe."""

import sys
from collections.abc import Sequence
from dataclasses import replace

import pytest

from chatmgr.domain.items import DECLINED, Item, answer_to
from chatmgr.domain.stored_items import StoredItem
from chatmgr.terminal import hyperlinks, item_lines
from chatmgr.terminal.sanitize import clean_styled
from tests.support.sample_items import (
    CALL,
    CITING,
    EVERY_TEXT,
    EVERYTHING,
    IMAGE,
    MISSING,
    PNG,
    REQUEST,
    THOUGHT,
    URL,
    item,
)

NOTES = ["", f"[1] All *about* cats — {URL}", "[2] cats.pdf — “they eat”"]


def lines(answer: str, items: Sequence[Item], *, reasoning: bool = False) -> list[str]:
    stored = [StoredItem(each, size=len(each.data or b"")) for each in items]
    return list(item_lines.answer_lines(answer, stored, terminal=False, rendered=False, reasoning=reasoning))


def test_each_item_stands_in_its_place() -> None:
    assert lines(EVERY_TEXT, EVERYTHING) == [
        "[called web_search(cats)]",
        "Cats sleep.[1] They eat.[1][2]",
        f"[image: cat.png · image/png · {len(PNG)} bytes]",
        "[file: big.bin · not kept: larger than 64 MB]",
        '[called look_up({"q": 1})]',
        "[asked to call disk.delete({})]",
        "[look_up → 42]",
        "[declined disk.delete]",
        "[hologram]",
        "No.",
        "[the server summed up what was said before]",
        *NOTES,
    ]


def test_reasoning_is_shown_where_it_is_asked_for() -> None:
    assert lines("", [THOUGHT]) == []
    assert lines("", [THOUGHT], reasoning=True) == ["[reasoning: hm, cats]"]


def test_an_answer_that_was_cut_off_is_shown_to_its_end() -> None:
    assert lines("Cats sleep. They eat. And they", [CITING, IMAGE])[2:4] == ["And they", *NOTES[:1]]
    assert lines("Something else", [IMAGE, CITING]) == [
        f"[image: cat.png · image/png · {len(PNG)} bytes]",
        "Something else",
    ]


def test_a_declined_call_and_long_arguments() -> None:
    long = item("tool_call", {"call_id": "c2", "name": "f", "arguments": "x" * 1000, "tool": "function"})
    shown = lines("", [CALL, answer_to(CALL, DECLINED), long])
    assert shown[1] == "[declined look_up]"
    assert len(shown[2]) < 320
    assert shown[2].endswith("x…)]")


@pytest.mark.parametrize("citation", [{"end": -1}, {"end": 999}, {"end": "x"}, {"start": 1}, {}])
def test_a_citation_without_a_place_is_a_footnote_alone(citation: dict[str, object]) -> None:
    text = item("text", {"text": "Cats.", "citations": [{"url": URL, **citation}]})
    assert lines("Cats.", [text]) == ["Cats.", "", f"[1] {URL}"]


def test_what_a_server_wrote_acts_on_no_terminal() -> None:
    evil = "\x1b]0;x\x07\x1b]8;;https://evil.test\x1b\\"
    shown = lines(
        evil,
        [
            item("text", {"text": evil, "citations": [{"url": evil, "title": evil, "quote": evil}]}),
            item("tool_call", {"call_id": evil, "name": evil, "arguments": evil}),
            item("image", {"name": evil, "content_type": evil, "missing": evil, "prompt": evil}),
            item("other", {"type": evil}),
        ],
    )
    assert len(shown) == 6
    assert "\x1b" not in "".join(shown)


class TestLinks:
    @pytest.fixture(autouse=True)
    def at_a_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        for name in (*hyperlinks._SIGNS, "VTE_VERSION", "TERM_PROGRAM"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("TERM", "xterm-kitty")

    def _notes(self, url: str) -> list[str]:
        text = item("text", {"text": "Cats.", "citations": [{"url": url, "title": "T"}]})
        lines = item_lines.answer_lines("Cats.", [StoredItem(text)], terminal=True, rendered=False)
        return [line.replace("\x1b[2m", "").replace("\x1b[0m", "") for line in lines][2:]

    def test_a_footnote_is_a_link_that_shows_its_host(self) -> None:
        [note] = self._notes(URL)
        assert note == f"[1] T — \x1b]8;;{URL}\x1b\\example.test\x1b]8;;\x1b\\"
        assert clean_styled(note) == note  # the last line of defence lets it pass

    @pytest.mark.parametrize(
        "url", ["https://é.test/", "javascript:alert(1)", "https://a.test/ b", "http://["]
    )
    def test_any_other_address_is_text(self, url: str) -> None:
        assert self._notes(url) == [f"[1] T — {url}"]

    @pytest.mark.parametrize(
        ("environment", "has"),
        [
            ({"TERM": "dumb", "KITTY_WINDOW_ID": "1"}, False),
            ({"TERM": "xterm-256color"}, False),
            ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, True),
            ({"TERM": "xterm-256color", "VTE_VERSION": "4000"}, False),
            ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, True),
        ],
    )
    def test_only_where_the_terminal_is_known_to_have_them(
        self, environment: dict[str, str], has: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert hyperlinks.has_hyperlinks() == has

    def test_a_link_to_anything_else_does_not_pass(self) -> None:
        assert "\x1b" not in clean_styled("\x1b]8;;file:///etc/passwd\x1b\\x").replace("\x1b[0m", "")


def test_item_by_item() -> None:
    stored = [StoredItem(each, "a" * 64 if each.data else "") for each in EVERYTHING]
    shown = list(item_lines.item_blocks(EVERY_TEXT, stored, terminal=False))
    heads = [line for line in shown if line.startswith("[item ")]
    assert len(heads) == len(EVERYTHING)
    assert heads[2] == "[item 3 · text · responses · gpt-x · msg_1]"
    assert "reasoning: hm, cats" in shown
    assert f"sha256:{'a' * 64}" in shown
    assert '{\n  "type": "raw"\n}' in shown  # of what is not known, all that came


def test_plain_text_is_one_item() -> None:
    shown = list(item_lines.item_blocks("Hi.", [], terminal=False))
    assert shown == ["[item 1 · text]", "Hi.", ""]
    assert list(item_lines.item_blocks("", [], terminal=False)) == []


def test_an_approval_and_a_reason() -> None:
    declined = answer_to(REQUEST, "too risky")
    assert lines("", [REQUEST, declined])[1] == "[declined disk.delete: too risky]"
    assert lines("", [REQUEST, answer_to(REQUEST, "approve")])[1] == "[approved disk.delete]"
    lonely = replace(declined, content={"request_id": "?", "approve": True})
    assert lines("", [MISSING, lonely])[1] == "[approved a call]"
    assert lines("", [replace(IMAGE, data=None)]) == [f"[image: cat.png · image/png · {len(PNG)} bytes]"]
