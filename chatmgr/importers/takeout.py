"""Gemini's activity, as Google Takeout gives it in JSON: one record for each prompt, with the answer as HTML.

Records of one chat name it in ``titleUrl``. Where they do not, those with less than half an hour between them
count as one: that is a guess, and counted as such.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from html.parser import HTMLParser
from typing import Any

from chatmgr.domain.source_conversations import Place, SourceConversation, SourceMessage, SourceRole
from chatmgr.importers import making
from chatmgr.importers.databases_digest import digest_of_rows
from chatmgr.importers.making import records_of, words_of
from chatmgr.importers.source import Entry, LeftOut, Record, Surroundings
from chatmgr.importers.times import from_iso

_GAP = timedelta(minutes=30)
_CHAT = re.compile(r"/app/(?:c/)?([0-9a-zA-Z_-]{6,})")
_VERB = "Prompted "
_BLOCKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "pre", "ul", "ol", "table"})
_SILENT = frozenset({"script", "style"})


class GeminiTakeout:
    """Reads ``MyActivity.json`` of Gemini."""

    kind = "gemini"
    label = "Gemini (Takeout)"

    def recognises(self, first: Sequence[Record]) -> bool:
        """Each record is one of Gemini's activity."""
        return all(
            words_of(record.get("header")).startswith("Gemini") and {"title", "time"} <= record.keys()
            for record in first
        )

    def entries(self, rows: Iterator[Record], around: Surroundings) -> Iterator[Entry | LeftOut]:
        """The chats, as far as they can be told apart."""
        for key, records, is_guess in _chats([row for row in rows if _answer(row) or _is_prompt(row)]):
            place = Place(around.member.place.file, around.member.place.member, 0, key)
            read = partial(self._conversation, key, records, is_guess)
            changed = from_iso(records[-1].get("time"))
            yield Entry(self.kind, key, digest_of_rows(records), place, read, changed)

    def _conversation(self, key: str, records: Sequence[Record], is_guess: bool) -> SourceConversation:
        messages: list[SourceMessage] = []
        for number, record in enumerate(records):
            at = from_iso(record.get("time"))
            before = messages[-1].id if messages else ""
            names = [making.file_item(name, None) for name in _files(record)]
            asked = (*making.texts(_prompt(record)), *names)
            messages.append(SourceMessage(f"{number}-q", before, SourceRole.USER, asked, at=at))
            if answer := _answer(record):
                items = making.texts(answer)
                messages.append(
                    SourceMessage(f"{number}-a", f"{number}-q", SourceRole.ASSISTANT, items, at=at)
                )
        return SourceConversation(
            kind=self.kind,
            id=key,
            messages=tuple(messages),
            created_at=from_iso(records[0].get("time")),
            updated_at=from_iso(records[-1].get("time")),
            provider="gemini.google.com",
            unmapped={"conversation guessed by its times": 1} if is_guess else {},
        )


def _chats(rows: Sequence[Record]) -> Iterator[tuple[str, list[Record], bool]]:
    """Records in chats, oldest first: the key of each, and whether it is a guess."""
    named: dict[str, list[Record]] = {}
    rest: list[Record] = []
    for row in sorted(rows, key=lambda row: words_of(row.get("time"))):
        match = _CHAT.search(words_of(row.get("titleUrl")))
        if match:
            named.setdefault(match[1], []).append(row)
        else:
            rest.append(row)
    for key, records in named.items():
        yield key, records, False
    group: list[Record] = []
    last: datetime | None = None
    for row in rest:
        at = from_iso(row.get("time"))
        if group and (at is None or last is None or at - last > _GAP):
            yield _key(group), group, True
            group = []
        group.append(row)
        last = at
    if group:
        yield _key(group), group, True


def _key(group: Sequence[Record]) -> str:
    return making.digest_of(group[0].get("time"), group[0].get("title"))


def _is_prompt(row: Record) -> bool:
    return words_of(row.get("title")).startswith(_VERB)


def _prompt(row: Record) -> str:
    details = {words_of(detail.get("name")): detail.get("value") for detail in records_of(row.get("details"))}
    return words_of(details.get("Request")) or words_of(row.get("title")).removeprefix(_VERB)


def _answer(row: Record) -> str:
    details = {words_of(detail.get("name")): detail.get("value") for detail in records_of(row.get("details"))}
    if words_of(details.get("Response")):
        return words_of(details.get("Response"))
    parts = [html_text(words_of(item.get("html"))) for item in records_of(row.get("safeHtmlItem"))]
    return "\n\n".join(filter(None, parts))


def _files(row: Mapping[str, Any]) -> list[str]:
    files = row.get("attachedFiles")
    names = [name for name in files if isinstance(name, str)] if isinstance(files, list) else []
    return [*names, *([row["imageFile"]] if isinstance(row.get("imageFile"), str) else [])]


def html_text(html: str) -> str:
    """The text of HTML, with its paragraphs and items on lines of their own."""
    reader = _Text()
    reader.feed(html)
    reader.close()
    lines = "".join(reader.parts).split("\n")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip()


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        if tag in _BLOCKS:
            self.parts.append("\n- " if tag == "li" else "\n")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in _SILENT and self._silent > 0
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)
