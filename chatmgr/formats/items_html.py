"""Answers that are more than text, in HTML: each item in its place, and the sources as a numbered list."""

import hashlib
import re
from collections.abc import Iterator

from chatmgr.domain.item_words import Block, blocks
from chatmgr.domain.items import ItemKind
from chatmgr.domain.model import Attachment
from chatmgr.domain.stored_items import FILES, Footnotes
from chatmgr.formats.html_escaping import escape
from chatmgr.formats.html_parts import file_html, text_block
from chatmgr.formats.markdown_to_html import answer_html
from chatmgr.formats.transcript import TranscriptTurn

LARGEST_EMBEDDED = 20 * 1024 * 1024  # bytes of one image or file
_ADDRESS = re.compile(r"https?://[!-~]+")


def items_html(shown: TranscriptTurn) -> Iterator[str]:
    """The items of an answer, then what they cite. Reasoning is folded; the turn's own comes before."""
    footnotes = Footnotes()
    for block in blocks(
        shown.turn.answer, shown.items, footnotes, "[{}]".format, reasoning=not shown.turn.reasoning
    ):
        yield text_block(answer_html(block.text)) if block.is_text else _item(block)
    if footnotes.notes:
        yield f'<ol class="sources">{"".join(map(_source, footnotes.notes))}</ol>'


def _item(block: Block) -> str:
    item = block.stored.item
    line = f'<p class="item">{escape(block.text)}</p>'
    if item.kind is ItemKind.REASONING:
        return f"<details><summary>Reasoning</summary>{text_block(answer_html(_thought(block)))}</details>"
    if item.kind not in FILES or item.data is None:
        return line
    if len(item.data) > LARGEST_EMBEDDED:
        return f'<p class="item">{escape(block.text)} · too large for this page</p>'
    name = str(item.content.get("name") or item.kind.value)
    content_type = str(item.content.get("content_type") or "")
    sha256 = hashlib.sha256(item.data).hexdigest()
    return file_html(Attachment(name, content_type, sha256, item.data))


def _thought(block: Block) -> str:
    content = block.stored.item.content
    return str(content.get("text") or content.get("summary") or "")


def _source(note: tuple[int, str, str, str]) -> str:
    _, title, url, quote = note
    quoted = f" — “{escape(quote)}”" if quote and quote != title else ""
    if not _ADDRESS.fullmatch(url):
        return f"<li>{escape(title or url)}{quoted}</li>"
    address = f" <span>{escape(url)}</span>" if title else ""
    link = f'<a href="{escape(url)}" rel="noopener noreferrer nofollow">{escape(title or url)}</a>'
    return f"<li>{link}{quoted}{address}</li>"
