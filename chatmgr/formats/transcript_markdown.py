"""A transcript in Markdown: facts, then each turn under a heading of its own.

What the user said is a quotation, which nothing inside can leave. An answer stands as it is, except that
what it leaves open (a fence, an HTML comment) is closed, or else it would swallow the turns after it.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from chatmgr.domain.export_schema import FORMAT, iso
from chatmgr.formats.transcript import Transcript, TranscriptTurn

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_SPECIAL = re.compile(r"([\\`*\[\]<>&])")
_MAY_STAY_OPEN = re.compile(r"`{3}|~{3}|<[!?a-zA-Z/]")
_LINE_END = re.compile("\r\n|\n|\r")  # what Markdown takes for one; others stay inside their line
_TICKS = re.compile("`{3,}")
GENERATOR = f"generator: {FORMAT}\n"


def transcript_markdown(entry: Transcript) -> Iterator[str]:
    """The parts of a transcript, one after the other."""
    yield from _heading(entry)
    for said in entry.turns():
        yield from _turn(said)


def _heading(entry: Transcript) -> Iterator[str]:
    one = entry.conversation
    facts = {
        "conversation": one.name,
        "id": one.id,
        "title": one.title,
        "assistant": f"{entry.assistant.name}@{entry.assistant.version}",
        "model": one.model,
        "provider": one.provider,
        "turns": one.turns,
        "tags": list(one.tags),
        "created": iso(one.created_at),
        "updated": iso(one.updated_at),
    }
    yield f"---\n{GENERATOR}"
    for name, value in facts.items():
        if value:
            yield f"{name}: {json.dumps(value, ensure_ascii=False)}\n"  # JSON is YAML, whatever it holds
    yield f"---\n\n# {escape_inline(one.title or one.name)}\n\n"


def _turn(said: TranscriptTurn) -> Iterator[str]:
    turn = said.turn
    when = turn.started_at.astimezone().strftime("%Y-%m-%d %H:%M") if turn.started_at else ""
    facts = (f"{turn.conversation}@{turn.turn}", when, turn.model)
    yield f"## {' · '.join(escape_inline(fact) for fact in facts if fact)}\n\n"
    for line in _LINE_END.split(turn.user):
        yield f"> {line}".rstrip() + "\n"
    yield "\n"
    for file in said.files:
        yield f"*Attached: {escape_inline(file.name)} ({escape_inline(file.content_type)}, {len(file.data):,} bytes)*\n\n"
    if turn.answer:
        yield f"{close_open_blocks(turn.answer)}\n\n"
    if said.ending:
        yield f"*{escape_inline(said.ending)}*\n\n"


def escape_inline(text: str) -> str:
    """A name or title as plain words on one line of Markdown."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def close_open_blocks(text: str) -> str:
    """Markdown after which a heading is a heading."""
    if not _MAY_STAY_OPEN.search(text):
        return text
    tokens = _after(text)
    if _ends_in_heading(tokens):
        return text
    if tokens[-1].type == "fence":
        mended = f"{text}\n{tokens[-1].markup}"
        if _ends_in_heading(_after(mended)):
            return mended
    longest = max((len(run) for run in _TICKS.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}markdown\n{text}\n{fence}"


def _after(text: str) -> "list[Token]":
    return _parser().parse(f"{text}\n\n## end")


def _ends_in_heading(tokens: "list[Token]") -> bool:
    return tokens[-1].type == "heading_close" and tokens[-1].level == 0


@cache
def _parser() -> "MarkdownIt":
    """Blocks only: what is inside a line cannot reach the next heading."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").disable("inline")
