"""The index of a folder of exports, for every format but HTML, which has a page for it."""

import json
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote

from chatmgr.domain.export_schema import FORMAT, iso
from chatmgr.domain.model import Conversation
from chatmgr.formats.transcript_markdown import GENERATOR, escaped

Listed = Iterable[tuple[str, Conversation]]


def markdown(listed: Listed) -> Iterator[str]:
    """A list of links."""
    yield f"---\n{GENERATOR}---\n\n# Conversations\n\n"
    for file, one in listed:
        facts = (one.assistant, one.model, f"{one.turns:,} turns", iso(one.updated_at)[:10])
        words = " · ".join(escaped(fact) for fact in facts if fact)
        yield f"- [{escaped(one.title or one.name)}](<{quote(file)}>) · {words}\n"


def data(listed: Listed) -> Iterator[str]:
    """JSON, for the formats that programs read."""
    yield f'{{"format": "{FORMAT}", "conversations": ['
    separator = ""
    for file, one in listed:
        facts = {"file": file, "name": one.name, "id": one.id, "title": one.title or None, "turns": one.turns}
        facts |= {"updated_at": iso(one.updated_at)}
        yield f"{separator}\n{json.dumps(facts, ensure_ascii=False)}"
        separator = ","
    yield "\n]}\n"


def text(listed: Listed) -> Iterator[str]:
    """One line for each: its file, then its name."""
    for file, one in listed:
        yield f"{file}\t{' '.join((one.title or one.name).split())}\n"


FORMS: dict[str, tuple[str, Callable[[Listed], Iterator[str]]]] = {
    "md": ("index.md", markdown),
    "json": ("index.json", data),
    "jsonl": ("index.json", data),
    "text": ("index.txt", text),
}
