"""Marks in ChatGPT's texts become citations with the right places, or vanish."""

from typing import Any

import pytest

from chatmgr.importers.chatgpt.citations import cited_text

OPEN, BETWEEN, CLOSE = "\ue200", "\ue202", "\ue201"


def mark(kind: str, *parts: str) -> str:
    return OPEN + BETWEEN.join((kind, *parts)) + CLOSE


CITE = mark("cite", "turn0search3")


def reference(matched: str, kind: str = "grouped_webpages", **more: Any) -> dict[str, Any]:
    return {"matched_text": matched, "type": kind, **more}


NEWS = mark("navlist", "News", "turn0news1")
GROUP = mark("image_group", "{}")


def web(*urls: str) -> dict[str, Any]:
    return {"items": [{"url": url, "title": f"T {url[18:19]}"} for url in urls]}


@pytest.mark.parametrize("offset", [0, 7, -3, None, "x"])
@pytest.mark.parametrize("before", ["Paris is big", "😀😀 Paris"])
def test_places_are_those_of_the_new_text(offset: Any, before: str) -> None:
    text = f"{before}{CITE}. And so{CITE}."
    start = len(before) + offset if isinstance(offset, int) else offset
    references = [
        reference(CITE, start_idx=start, **web("https://a.example/1?utm_source=chatgpt.com")),
        reference(CITE, **web("https://b.example/2")),
    ]
    new, citations = cited_text(text, {"content_references": references})
    assert new == f"{before}. And so."
    assert citations == [
        {"start": len(before), "end": len(before), "url": "https://a.example/1", "title": "T 1"},
        {"start": len(new) - 1, "end": len(new) - 1, "url": "https://b.example/2", "title": "T 2"},
    ]


def test_sources_lie_one_level_down_and_come_once() -> None:
    row = {
        "url": "https://a.example/1",
        "title": "A",
        "supporting_websites": [{"url": "https://b.example/2"}],
    }
    footnote = {
        "type": "sources_footnote",
        "matched_text": " ",
        "sources": [{"url": "https://b.example/2"}, {"url": "https://c.example/3"}],
    }
    text, citations = cited_text(
        f"x{CITE}", {"content_references": [reference(CITE, items=[row, row]), footnote]}
    )
    assert text == "x"
    assert [citation["url"][-1] for citation in citations] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("marked", "references", "expected"),
    [
        (CITE, [], ""),
        (mark("entity", '["city","Paris","capital"]'), [], "Paris"),
        (mark("entity", '["city"'), [], ""),
        (NEWS, [reference(NEWS, "nav_list", alt="- News")], "- News"),
        (GROUP, [reference(GROUP, "image_group", alt="pictures")], ""),
        (mark("i", "x"), [reference(mark("i", "x"), "hidden", alt="no")], ""),
        ("plain", [reference("plain", "alt_text", alt="other")], "plain"),
        (OPEN + "cite" + BETWEEN + "never closed", [], ""),
        ("\ue203\ue206", [], ""),
    ],
)  # fmt: skip
def test_marks_without_sources(marked: str, references: list[Any], expected: str) -> None:
    assert cited_text(f"a {marked}", {"content_references": references}) == (f"a {expected}", [])


@pytest.mark.parametrize("start", [5, 0])
def test_old_citations(start: int) -> None:
    text = "It is【12†source】 so【3†file】."
    about = {"type": "webpage", "url": "https://a.example", "title": "A", "text": "quoted"}
    citations = [
        {"start_ix": start, "end_ix": start + 11, "metadata": about},
        {"start_ix": 19, "end_ix": 25, "metadata": {"type": "file", "name": "f.pdf", "id": "file-1"}},
    ]
    new, read = cited_text(text, {"citations": citations})
    assert new == "It is so."
    assert read == [
        {"start": 5, "end": 5, "url": "https://a.example", "title": "A", "quote": "quoted"},
        {"start": 8, "end": 8, "title": "f.pdf", "file_id": "file-1"},
    ]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "", "ftp://x", 5])
def test_what_is_no_address_is_no_source(url: Any) -> None:
    assert cited_text(f"x{CITE}", {"content_references": [reference(CITE, items=[{"url": url}])]}) == (
        "x",
        [],
    )


@pytest.mark.parametrize(
    "references", [None, {}, [1, None, {}], [{"matched_text": 3}], [{"matched_text": "zz"}]]
)
def test_odd_references(references: Any) -> None:
    assert cited_text("ab", {"content_references": references, "citations": references}) == ("ab", [])
