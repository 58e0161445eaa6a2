"""The index of a folder of exports, for every format but HTML, which has a page for it."""

import json
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote

from chatmgr.domain.export_schema import FORMAT, iso
from chatmgr.domain.model import Conversation
from chatmgr.formats.transcript_markdown import GENERATOR, escape_inline

Listed = Iterable[tuple[str, Conversation]]


def markdown_index(listed: Listed) -> Iterator[str]:
    """A list of links."""
    yield f"---\n{GENERATOR}---\n\n# Conversations\n\n"
    for file, one in listed:
        facts = (one.assistant, one.model, f"{one.turns:,} turns", iso(one.updated_at)[:10])
        words = " · ".join(escape_inline(fact) for fact in facts if fact)
        yield f"- [{escape_inline(one.title or one.name)}](<{quote(file)}>) · {words}\n"


def json_index(listed: Listed) -> Iterator[str]:
    """JSON, for the formats that programs read."""
    yield f'{{"format": "{FORMAT}", "conversations": ['
    separator = ""
    for file, one in listed:
        facts = {"file": file, "name": one.name, "id": one.id, "title": one.title or None, "turns": one.turns}
        facts |= {"updated_at": iso(one.updated_at)}
        yield f"{separator}\n{json.dumps(facts, ensure_ascii=False)}"
        separator = ","
    yield "\n]}\n"


def text_index(listed: Listed) -> Iterator[str]:
    """One line for each: its file, then its name."""
    for file, one in listed:
        yield f"{file}\t{' '.join((one.title or one.name).split())}\n"


INDEX_FORMS: dict[str, tuple[str, Callable[[Listed], Iterator[str]]]] = {
    "md": ("index.md", markdown_index),
    "json": ("index.json", json_index),
    "jsonl": ("index.json", json_index),
    "text": ("index.txt", text_index),
}
