"""Citations after a text was scrubbed: they point to the same words, in our form and in that of every API."""

import json
from typing import Any

import pytest

from chatmgr.domain.secret_matches import MARK, LiteralMatcher, Scrubber

SECRET = "hunter2 and more"
TEXT = f"Cats 🐈 sleep. Password: {SECRET}. They eat {SECRET} and play."
SCRUBBER = Scrubber(LiteralMatcher([SECRET]))
SHORTER = len(MARK) - len(SECRET)
URL = "https://example.test"
Json = dict[str, Any]


def scrubbed(value: Json) -> Json:
    """A JSON object without the secret."""
    replaced: Json = json.loads(SCRUBBER.replace(json.dumps(value), as_json=True))
    return replaced


def span(words: str) -> tuple[int, int]:
    """Where words stand in the text."""
    return TEXT.index(words), TEXT.index(words) + len(words)


@pytest.mark.parametrize(
    "words", ["Cats 🐈 sleep.", "They eat", f"Password: {SECRET}", SECRET, f"eat {SECRET} and", "play.", TEXT]
)
def test_a_citation_is_for_the_same_words(words: str) -> None:
    start, end = span(words)
    ours = scrubbed({"text": TEXT, "citations": [{"start": start, "end": end, "url": URL}]})
    [citation] = ours["citations"]
    assert ours["text"][citation["start"] : citation["end"]] == words.replace(SECRET, MARK)
    assert citation["url"] == URL


def test_an_end_alone_moves() -> None:
    _, end = span("They eat")
    [citation] = scrubbed({"text": TEXT, "citations": [{"end": end, "title": "cats.pdf"}]})["citations"]
    assert citation["end"] == end + SHORTER


@pytest.mark.parametrize("words", ["Password: hunter2", "more. They", "and more"])
def test_one_that_is_cut_keeps_its_source_and_loses_its_place(words: str) -> None:
    start, end = span(words)
    value = {"text": TEXT, "citations": [{"start": start, "end": end, "url": URL}]}
    assert scrubbed(value)["citations"] == [{"url": URL}]


def responses(start: int, end: int) -> Json:
    annotation = {"type": "url_citation", "start_index": start, "end_index": end, "url": URL, "title": "t"}
    return {"content": [{"type": "output_text", "text": TEXT, "annotations": [annotation]}]}


def completions(start: int, end: int) -> Json:
    citation = {"start_index": start, "end_index": end, "url": URL, "title": "t"}
    return {"content": TEXT, "annotations": [{"type": "url_citation", "url_citation": citation}]}


def assistants(start: int, end: int) -> Json:
    citation = {"type": "file_citation", "text": "【1】", "start_index": start, "end_index": end}
    file = {"file_citation": {"file_id": "file-1"}}
    return {"content": [{"type": "text", "text": {"value": TEXT, "annotations": [citation | file]}}]}


def places(value: Any) -> list[int]:
    """All places in a JSON value, the first ones first."""
    if isinstance(value, list):
        return sorted(place for inner in value for place in places(inner))
    if not isinstance(value, dict):
        return []
    own = [inner for key, inner in value.items() if key.endswith("_index")]
    return sorted([*own, *(place for inner in value.values() for place in places(inner))])


@pytest.mark.parametrize("raw", [responses, completions, assistants])
def test_what_a_server_sent(raw: Any) -> None:
    start, end = span("They eat")
    assert places(scrubbed(raw(start, end))) == [start + SHORTER, end + SHORTER]
    assert places(scrubbed(raw(0, 3))) == [0, 3]
    assert '"annotations": []' in json.dumps(scrubbed(raw(*span("and more"))))


def test_an_index_is_a_place_or_one_in_a_list_of_files() -> None:
    start, _ = span("play")
    file = {"type": "file_citation", "index": start, "file_id": "file-1"}
    path = {"type": "file_path", "index": start, "file_id": "file-2"}
    [cited, named] = scrubbed({"text": TEXT, "annotations": [file, path]})["annotations"]
    assert cited["index"] == start + 2 * SHORTER
    assert named == path


def test_citations_of_odd_shapes_stay() -> None:
    value = {"text": TEXT, "citations": [None, "a", {"start": "b", "end": True}], "annotations": "none"}
    assert scrubbed(value) | {"text": TEXT} == value
    assert scrubbed({"text": 1, "citations": [{"end": 3}]}) == {"text": 1, "citations": [{"end": 3}]}
