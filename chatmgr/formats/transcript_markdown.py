"""A transcript in Markdown: YAML front matter, then each turn under its own heading.

The user's message is a quotation, which nothing inside can leave. The answer is copied unchanged, with two
exceptions. Control characters are made visible, since files are printed at terminals, too. Blocks that it
leaves open (a code fence, an HTML comment) are closed; they would swallow later turns.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from chatmgr.domain.control_characters import escaped_json, without_live
from chatmgr.domain.image_size import file_facts, image_size
from chatmgr.domain.item_words import blocks
from chatmgr.domain.lossless_columns import FORMAT, iso
from chatmgr.domain.stored_items import Footnotes
from chatmgr.formats.transcript import Transcript, TranscriptTurn

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_SPECIAL = re.compile(r"([\\`*\[\]<>&])")
_BLOCK_MARK = re.compile(r"`{3}|~{3}|<[!?a-zA-Z/]")
_ADDRESS = re.compile(r"https?://[!-;=?-~]+")
_FENCE_TICKS = re.compile("`{3,}")
GENERATOR = f"generator: {FORMAT}\n"


def markdown_pieces(transcript: Transcript) -> Iterator[str]:
    """The parts of a transcript in order."""
    yield from _front_matter(transcript)
    for turn in transcript.turns():
        yield from _turn(turn)


def _front_matter(transcript: Transcript) -> Iterator[str]:
    conversation = transcript.conversation
    facts = {
        "conversation": conversation.name,
        "id": conversation.id,
        "title": conversation.title,
        "assistant": f"{transcript.assistant.name}@{transcript.assistant.version}",
        "model": conversation.model,
        "provider": conversation.provider,
        "turns": conversation.turns,
        "tags": list(conversation.tags),
        "created": iso(conversation.created_at),
        "updated": iso(conversation.updated_at),
    }
    yield f"---\n{GENERATOR}"
    for name, value in facts.items():
        if value:
            yield f"{name}: {escaped_json(json.dumps(value, ensure_ascii=False))}\n"  # JSON is valid YAML
    yield f"---\n\n# {escape_inline(conversation.title or conversation.name)}\n\n"


def _turn(shown: TranscriptTurn) -> Iterator[str]:
    turn = shown.turn
    started = turn.started_at.astimezone().strftime("%Y-%m-%d %H:%M") if turn.started_at else ""
    facts = (f"{turn.conversation}@{turn.turn}", started, turn.model)
    yield f"## {' · '.join(escape_inline(fact) for fact in facts if fact)}\n\n"
    for line in without_live(turn.user).split("\n"):
        yield f"> {line}".rstrip() + "\n"
    yield "\n"
    for file in shown.files:
        size = file_facts(file.content_type, len(file.data), image_size(file.data))
        details = ", ".join(map(escape_inline, size))
        yield f"*Attached: {escape_inline(file.name)} ({details})*\n\n"
    if shown.items:
        yield from _items(shown)
    elif turn.answer:
        yield f"{close_open_blocks(without_live(turn.answer))}\n\n"
    if shown.ending:
        yield f"*{escape_inline(shown.ending)}*\n\n"


def _items(shown: TranscriptTurn) -> Iterator[str]:
    """The items of an answer in their places; what its texts cite is in footnotes."""
    footnotes, turn = Footnotes(), shown.turn.turn
    for block in blocks(shown.turn.answer, shown.items, footnotes, f"[^{turn}.{{}}]".format):
        if block.is_text:
            yield f"{close_open_blocks(without_live(block.text))}\n\n"
        else:
            yield f"*[{escape_inline(block.text)}]*\n\n"
    for number, title, url, quote in footnotes.notes:
        parts = [escape_inline(title)] if title else []
        parts += [f"“{escape_inline(quote)}”"] if quote and quote != title else []
        parts += [f"<{url}>" if _ADDRESS.fullmatch(url) else escape_inline(url)] if url else []
        yield f"[^{turn}.{number}]: {' — '.join(parts)}\n"
    yield "\n" if footnotes.notes else ""


def escape_inline(text: str) -> str:
    """A name or title as plain words on one line of Markdown."""
    return _SPECIAL.sub(r"\\\1", without_live(" ".join(text.split())))


def close_open_blocks(text: str) -> str:
    """Markdown text after which a heading is a heading."""
    if not _BLOCK_MARK.search(text):
        return text
    tokens = _parse_with_heading(text)
    if _ends_with_heading(tokens):
        return text
    if tokens[-1].type == "fence":
        closed = f"{text}\n{tokens[-1].markup}"
        if _ends_with_heading(_parse_with_heading(closed)):
            return closed
    longest_run = max((len(run) for run in _FENCE_TICKS.findall(text)), default=2)
    fence = "`" * (longest_run + 1)
    return f"{fence}markdown\n{text}\n{fence}"


def _parse_with_heading(text: str) -> "list[Token]":
    return _parser().parse(f"{text}\n\n## end")


def _ends_with_heading(tokens: "list[Token]") -> bool:
    return tokens[-1].type == "heading_close" and tokens[-1].level == 0


@cache
def _parser() -> "MarkdownIt":
    """A parser for blocks only: inline content cannot affect the next heading."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").disable("inline")
