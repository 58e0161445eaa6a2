"""The index of a folder of exports, for every format but HTML, which has its own index page."""

import json
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote

from chatmgr.domain.control_characters import escaped_json, without_live
from chatmgr.domain.lossless_columns import FORMAT, iso
from chatmgr.domain.model import Conversation
from chatmgr.formats.transcript_markdown import GENERATOR, escape_inline

IndexEntries = Iterable[tuple[str, Conversation]]


def markdown_index(entries: IndexEntries) -> Iterator[str]:
    """A list of links."""
    yield f"---\n{GENERATOR}---\n\n# Conversations\n\n"
    for file, conversation in entries:
        facts = (
            conversation.assistant,
            conversation.model,
            f"{conversation.turns:,} turns",
            iso(conversation.updated_at)[:10],
        )
        details = " · ".join(escape_inline(fact) for fact in facts if fact)
        yield f"- [{escape_inline(conversation.title or conversation.name)}](<{quote(file)}>) · {details}\n"


def json_index(entries: IndexEntries) -> Iterator[str]:
    """One JSON document, for the JSON formats."""
    yield f'{{"format": "{FORMAT}", "conversations": ['
    separator = ""
    for file, conversation in entries:
        facts = {
            "file": file,
            "name": conversation.name,
            "id": conversation.id,
            "title": conversation.title or None,
            "turns": conversation.turns,
        }
        facts |= {"updated_at": iso(conversation.updated_at)}
        yield f"{separator}\n{escaped_json(json.dumps(facts, ensure_ascii=False))}"
        separator = ","
    yield "\n]}\n"


def text_index(entries: IndexEntries) -> Iterator[str]:
    """One line for each conversation: its file, a tab, and its title or name."""
    for file, conversation in entries:
        title = " ".join((conversation.title or conversation.name).split())
        yield f"{file}\t{without_live(title)}\n"


INDEX_FORMS: dict[str, tuple[str, Callable[[IndexEntries], Iterator[str]]]] = {
    "md": ("index.md", markdown_index),
    "json": ("index.json", json_index),
    "jsonl": ("index.json", json_index),
    "text": ("index.txt", text_index),
}
