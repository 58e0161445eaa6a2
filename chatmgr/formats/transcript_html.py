"""A conversation as one self-contained HTML page, and the index page of an archive of them.

Model output is untrusted: everything is escaped, and a content security policy that names the page's one
style and one script by their hashes blocks whatever might still get through. The index embeds the text
that its search looks through as JSON that is never executed, so the search works from ``file://``.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path

from chatmgr.domain.control_characters import without_live
from chatmgr.domain.lossless_columns import HTML_HEAD, iso
from chatmgr.domain.model import Conversation
from chatmgr.formats import markdown_to_html
from chatmgr.formats.html_escaping import escape, script_json
from chatmgr.formats.html_parts import file_html, text_block
from chatmgr.formats.transcript import Transcript, TranscriptTurn

_KEY_HINTS = "<kbd>/</kbd> search &ensp; <kbd>j</kbd> next &ensp; <kbd>k</kbd> previous"


def conversation_page(transcript: Transcript, index: str = "") -> Iterator[str]:
    """The page of a conversation; ``index`` is the address of the archive's index page, if it has one."""
    title = transcript.conversation.title or transcript.conversation.name
    back = f'<a class="back" href="{escape(index)}">All conversations</a>' if index else ""
    yield from _page_start(title, "#transcript", back, "Find in this conversation")
    yield '<main class="page">\n<header class="head">\n'
    yield f'<h1 dir="auto">{escape(title)}</h1>\n<dl class="facts">{_facts(transcript)}</dl>\n'
    if transcript.assistant.instructions.strip():
        yield f"<details><summary>Instructions of {escape(transcript.assistant.name)}</summary>\n"
        yield f"{text_block(markdown_to_html.message_html(transcript.assistant.instructions))}</details>\n"
    yield "</header>\n"
    yield '<div id="transcript" tabindex="-1">\n'
    empty = True
    for turn in transcript.turns():
        empty = False
        yield from _turn(turn, transcript.assistant.name)
    yield '<p class="none">No turns yet.</p>\n' if empty else ""
    yield f'</div>\n</main>\n<footer class="foot">{_KEY_HINTS}</footer>\n</body></html>\n'


def index_page(
    list_transcripts: Callable[[], Iterable[tuple[str, Transcript]]], now: datetime
) -> Iterator[str]:
    """The index page of an archive: its conversations by month, and the data for its search.

    ``list_transcripts`` yields pairs of file name and transcript; it is called twice.
    """
    yield from _page_start("Conversations", "#list", "", "Search all conversations")
    yield '<main class="page">\n<header class="head"><h1>Conversations</h1>\n'
    yield f'<p class="sub">Exported {_time(now)}</p></header>\n'
    yield '<ol id="results" class="list" hidden></ol>\n'
    yield '<div id="list" tabindex="-1">\n'
    month = ""
    for file, transcript in list_transcripts():
        if (entry_month := f"{transcript.conversation.updated_at.astimezone():%B %Y}") != month:
            yield "</ol></section>\n" if month else ""
            yield f'<section><h2>{entry_month}</h2><ol class="list">\n'
            month = entry_month
        yield _index_entry(file, transcript.conversation)
    yield "</ol></section>\n" if month else '<p class="none">No conversations.</p>\n'
    yield f'</div>\n</main>\n<footer class="foot">{_KEY_HINTS}</footer>\n'
    for file, transcript in list_transcripts():
        yield from _search_data(file, transcript)
    yield "</body></html>\n"


def _search_data(file: str, transcript: Transcript) -> Iterator[str]:
    """A conversation's text for the search, one turn at a time."""
    conversation = transcript.conversation
    header = {
        "page": file,
        "title": without_live(conversation.title or conversation.name),
        "name": conversation.name,
    }
    yield f'<script type="application/json" class="data">[{script_json(header)}'
    for entry in transcript.turns():
        turn = entry.turn
        yield "," + script_json([turn.turn, without_live(turn.user), without_live(turn.answer)])
    yield "]</script>\n"


def _page_start(title: str, main: str, back: str, search: str) -> Iterator[str]:
    """Everything before the page's own content."""
    body_class = ' class="index"' if main == "#list" else ""
    style, script = _asset("page.css"), _asset("page.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )
    yield HTML_HEAD
    yield '<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
    yield '<meta http-equiv="x-dns-prefetch-control" content="off">\n'  # hosts of links are not looked up
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield '<meta name="referrer" content="no-referrer">\n<meta name="color-scheme" content="light dark">\n'
    yield f'<link rel="icon" href="data:,">\n<title>{escape(title)}</title>\n'
    yield f"<style>{style}</style>\n<script>{script}</script>\n<body{body_class}>\n"
    yield f'<a class="skip" href="{main}">Skip to the content</a>\n<nav class="bar">{back}'
    yield '<p class="status" id="status" role="status"></p>'
    yield f'<input id="search" type="search" placeholder="Search" aria-label="{search}" '
    yield 'autocomplete="off" spellcheck="false"><button id="theme" type="button" '
    yield 'aria-label="Switch between light and dark">\u25d0</button></nav>\n'


def _facts(transcript: Transcript) -> str:
    conversation = transcript.conversation
    facts = [
        ("Name", escape(conversation.name)),
        ("Assistant", escape(f"{transcript.assistant.name}@{transcript.assistant.version}")),
        ("Model", escape(" · ".join(part for part in (conversation.model, conversation.provider) if part))),
        ("Turns", f"{conversation.turns:,}"),
        ("Started", _time(conversation.created_at)),
        ("Last used", _time(conversation.updated_at)),
        ("Tags", escape(", ".join(conversation.tags))),
    ]
    return "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts if value)


def _turn(shown: TranscriptTurn, speaker: str) -> Iterator[str]:
    turn = shown.turn
    started = _time(turn.started_at) if turn.started_at else ""
    yield f'<article class="turn" id="turn-{turn.turn}" tabindex="-1" aria-label="Turn {turn.turn}">\n'
    yield f'<header class="meta"><a class="number" href="#turn-{turn.turn}">{turn.turn}</a>{started}'
    yield f'<span class="model">{escape(turn.model)}</span></header>\n<div class="messages">\n'
    yield f'<section class="you"><h2>You</h2>{text_block(markdown_to_html.message_html(turn.user))}'
    yield "".join(map(file_html, shown.files))
    yield f'</section>\n<section class="them"><h2>{escape(speaker)}</h2>'
    if turn.reasoning:
        reasoning = text_block(markdown_to_html.answer_html(turn.reasoning))
        yield f"<details><summary>Reasoning</summary>{reasoning}</details>"
    if shown.items:
        from chatmgr.formats.items_html import items_html

        yield from items_html(shown)
    elif turn.answer:
        yield text_block(markdown_to_html.answer_html(turn.answer))
    if shown.ending:
        yield f'<p class="ending">{escape(shown.ending.strip("[]"))}</p>'
    yield f'<p class="usage">{escape(shown.usage)}</p></section>\n</div></article>\n'


def _index_entry(file: str, conversation: Conversation) -> str:
    facts = [
        conversation.name if conversation.title and conversation.title != conversation.name else "",
        conversation.assistant,
        conversation.model,
        *conversation.tags,
    ]
    facts.append("1 turn" if conversation.turns == 1 else f"{conversation.turns:,} turns")
    details = escape(" · ".join(fact for fact in facts if fact))
    return (
        f'<li><a href="{escape(file)}" dir="auto">{escape(conversation.title or conversation.name)}</a>'
        f'<p class="sub">{details} · {_time(conversation.updated_at)}</p></li>\n'
    )


def _time(moment: datetime) -> str:
    return f'<time datetime="{iso(moment)}">{moment.astimezone():%Y-%m-%d %H:%M}</time>'


@cache
def _asset(name: str) -> str:
    return "\n" + Path(__file__).with_name(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
