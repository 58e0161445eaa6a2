"""The sources in a text of ChatGPT: marks that only its pages understand become citations with places.

Old texts have ``【12†source】``; newer ones have spans of private characters, from U+E200 to U+E201,
with parts that U+E202 separates. A reference in the message's metadata says what a span stands for, but
not every span has one. The places that references name count characters in different ways, so they are
believed only where the text agrees.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from chatmgr.importers.chatgpt.fields import Json, number_in, object_in, objects_in, text_in

_SPAN = re.compile("\ue200[^\ue200\ue201]*\ue201?|[\ue200-\ue206]")
_PRIVATE = re.compile("[\ue200-\ue206]")
_OLD_MARK = re.compile("【[^】]{0,200}†[^】]{0,200}】")
_TRACKING = re.compile(r"([?&])utm_source=chatgpt\.com(&|$)")
_SHOWN = frozenset(
    {"alt_text", "entity", "nav_list", "image_inline", "video", "products", "product_entity", "tldr"}
)
_SOURCES = ("items", "sources", "fallback_items", "refs")


class _Change(NamedTuple):
    """What stands at a place of the text instead, and the sources that it names."""

    start: int
    end: int
    text: str
    sources: tuple[dict[str, Any], ...]


def has_marks(text: str) -> bool:
    """Whether there are characters in a text that only ChatGPT's pages understand."""
    return not text.isascii() and _PRIVATE.search(text) is not None


def cited_text(text: str, metadata: Json) -> tuple[str, list[dict[str, Any]]]:
    """The text without marks, and its citations by their places in that."""
    if not has_marks(text) and not metadata.keys() & {"content_references", "citations"}:
        return text, []
    changes = _without_overlaps(
        [*_references(text, metadata), *_old_citations(text, metadata), *_left_over(text)]
    )
    pieces, citations, at, length = list[str](), list[dict[str, Any]](), 0, 0
    for change in changes:
        pieces += [text[at : change.start], change.text]
        begin = length + change.start - at
        length = begin + len(change.text)
        citations += [{"start": begin, "end": length, **source} for source in change.sources]
        at = change.end
    pieces.append(text[at:])
    return "".join(pieces), citations


def _without_overlaps(changes: list[_Change]) -> list[_Change]:
    """The changes in order; of two at one place, the one that was named first."""
    kept, at = list[_Change](), 0
    for change in sorted(changes, key=lambda change: change.start):
        if change.start >= at:
            kept.append(change)
            at = change.end
    return kept


def _references(text: str, metadata: Json) -> Iterator[_Change]:
    behind = dict[str, int]()  # where the next occurrence of a mark is looked for
    for reference in objects_in(metadata, "content_references"):
        matched = text_in(reference, "matched_text")
        sources = tuple(_sources(reference))
        if not matched.strip():
            if sources and reference.get("type") == "sources_footnote":
                cited = {url for other in objects_in(metadata, "content_references") for url in _urls(other)}
                own = tuple(source for source in sources if source.get("url") not in cited)
                yield _Change(len(text), len(text), "", own)
            continue
        start = _place(text, reference, matched, behind.get(matched, 0))
        if start < 0:
            continue
        behind[matched] = start + len(matched)
        yield _Change(start, start + len(matched), _instead(reference, matched), sources)


def _urls(reference: Json) -> Iterator[str]:
    if reference.get("type") != "sources_footnote":
        yield from (source["url"] for source in _sources(reference) if "url" in source)


def _place(text: str, reference: Json, matched: str, behind: int) -> int:
    start = number_in(reference, "start_idx")
    if start is not None and start >= behind and text.startswith(matched, start):
        return start
    return text.find(matched, behind)


def _instead(reference: Json, matched: str) -> str:
    """What people read in the place of a mark: nothing where sources stand there, else its words."""
    if not _SPAN.search(matched) and not _OLD_MARK.search(matched):
        return matched
    kind = text_in(reference, "type")
    if kind in _SHOWN:
        return _SPAN.sub("", text_in(reference, "alt", "prompt_text", "name")) or _entity(matched)
    return ""


def _sources(reference: Json) -> Iterator[dict[str, Any]]:
    """The sources that a reference names, each once; those below it stand beside it."""
    met = set[str]()
    listed = next((rows for name in _SOURCES if (rows := objects_in(reference, name))), [])
    for row in (reference, *listed):
        for source in (row, *objects_in(row, "supporting_websites")):
            url = _clean_url(text_in(source, "url"))
            if url and url not in met:
                met.add(url)
                title = text_in(source, "title", "attribution")
                yield {"url": url, **({"title": title} if title else {})}


def _clean_url(url: str) -> str:
    """An address without the word that it was opened from ChatGPT; empty for what is none."""
    if not url.startswith(("http://", "https://")):
        return ""
    return _TRACKING.sub(lambda match: match.group(1) if match.group(2) else "", url)


def _old_citations(text: str, metadata: Json) -> Iterator[_Change]:
    behind = 0
    for citation in objects_in(metadata, "citations"):
        start, end = number_in(citation, "start_ix"), number_in(citation, "end_ix")
        if start is None or end is None or not _OLD_MARK.fullmatch(text[max(start, 0) : end]):
            match = _OLD_MARK.search(text, behind)
            if not match:
                continue
            start, end = match.span()
        behind = max(behind, end)
        about = object_in(citation, "metadata")
        source = {
            "url": _clean_url(text_in(about, "url")),
            "title": text_in(about, "title", "name"),
            "file_id": text_in(about, "id") if about.get("type") == "file" else "",
            "quote": text_in(about, "text")[:500],
        }
        known = {key: value for key, value in source.items() if value}
        yield _Change(start, end, "", (known,) if known.keys() & {"url", "title", "file_id"} else ())


def _left_over(text: str) -> Iterator[_Change]:
    """Marks that no reference explains: the name of what they stand for, or nothing."""
    for match in _SPAN.finditer(text):
        yield _Change(match.start(), match.end(), _entity(match.group()), ())


def _entity(span: str) -> str:
    """The name in a span like ``entity ["city", "Paris", …]``; empty for any other."""
    head, _, payload = span.strip("\ue200\ue201").partition("\ue202")
    if head != "entity":
        return ""
    try:
        values = json.loads(payload.strip("\ue200\ue201\ue202"))
    except (ValueError, RecursionError):
        return ""
    has_name = isinstance(values, list) and len(values) > 1 and isinstance(values[1], str)
    return values[1] if has_name else ""
