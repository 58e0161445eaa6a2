"""A conversation as one HTML page that needs nothing else, and the index of an archive of them.

Model text is hostile: everything is escaped, and a content-security policy that names the page's one style
and one script by their hashes refuses whatever might still slip through. The data that an archive's search
looks through is embedded in the index as JSON that is never run, so that it works from ``file://``.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path

from chatmgr.domain.export_schema import HTML_HEAD, iso
from chatmgr.domain.model import Attachment, Conversation
from chatmgr.formats import markdown_to_html
from chatmgr.formats.html_escaping import escape, script_json, visible
from chatmgr.formats.transcript import Transcript, TranscriptTurn

_IMAGES = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}

_KEYS = "<kbd>/</kbd> search &ensp; <kbd>j</kbd> next &ensp; <kbd>k</kbd> previous"


def conversation_page(entry: Transcript, index: str = "") -> Iterator[str]:
    """The page of a conversation; ``index`` is where the archive's index lies, if it is part of one."""
    one = entry.conversation
    back = f'<a class="back" href="{escape(index)}">All conversations</a>' if index else ""
    yield from _top(one.title or one.name, "#transcript", back, "Find in this conversation")
    yield '<main class="page">\n<header class="head">\n'
    yield f'<h1 dir="auto">{escape(one.title or one.name)}</h1>\n<dl class="facts">{_facts(entry)}</dl>\n'
    if entry.assistant.instructions.strip():
        yield f"<details><summary>Instructions of {escape(entry.assistant.name)}</summary>\n"
        yield f"{_text(markdown_to_html.message_html(entry.assistant.instructions))}</details>\n"
    yield "</header>\n"
    yield '<div id="transcript" tabindex="-1">\n'
    empty = True
    for said in entry.turns():
        empty = False
        yield from _turn(said, entry.assistant.name)
    yield '<p class="none">No turns yet.</p>\n' if empty else ""
    yield f'</div>\n</main>\n<footer class="foot">{_KEYS}</footer>\n</body></html>\n'


def index_page(listed: Callable[[], Iterable[tuple[str, Transcript]]], now: datetime) -> Iterator[str]:
    """The index of an archive: its conversations by month, and what its search looks through."""
    yield from _top("Conversations", "#list", "", "Search all conversations")
    yield '<main class="page">\n<header class="head"><h1>Conversations</h1>\n'
    yield f'<p class="sub">Exported {_time(now)}</p></header>\n'
    yield '<ol id="results" class="list" hidden></ol>\n'
    yield '<div id="list" tabindex="-1">\n'
    month = ""
    for file, entry in listed():
        if (here := f"{entry.conversation.updated_at.astimezone():%B %Y}") != month:
            yield "</ol></section>\n" if month else ""
            yield f'<section><h2>{here}</h2><ol class="list">\n'
            month = here
        yield _line(file, entry.conversation)
    yield "</ol></section>\n" if month else '<p class="none">No conversations.</p>\n'
    yield f'</div>\n</main>\n<footer class="foot">{_KEYS}</footer>\n'
    for file, entry in listed():
        yield from _searched(file, entry)
    yield "</body></html>\n"


def _searched(file: str, entry: Transcript) -> Iterator[str]:
    """A conversation as the search takes it, one turn at a time."""
    one = entry.conversation
    about = {"page": file, "title": visible(one.title or one.name), "name": one.name}
    yield f'<script type="application/json" class="data">[{script_json(about)}'
    for said in entry.turns():
        turn = said.turn
        yield "," + script_json([turn.turn, visible(turn.user), visible(turn.answer)])
    yield "]</script>\n"


def _top(title: str, main: str, back: str, search: str) -> Iterator[str]:
    """Everything before the page's own content."""
    kind = ' class="index"' if main == "#list" else ""
    style, script = _asset("page.css"), _asset("page.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )
    yield HTML_HEAD
    yield '<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
    yield '<meta http-equiv="x-dns-prefetch-control" content="off">\n'  # a link's host is not looked up
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield '<meta name="referrer" content="no-referrer">\n<meta name="color-scheme" content="light dark">\n'
    yield f'<link rel="icon" href="data:,">\n<title>{escape(title)}</title>\n'
    yield f"<style>{style}</style>\n<script>{script}</script>\n<body{kind}>\n"
    yield f'<a class="skip" href="{main}">Skip to the content</a>\n<nav class="bar">{back}'
    yield '<p class="status" id="status" role="status"></p>'
    yield f'<input id="search" type="search" placeholder="Search" aria-label="{search}" '
    yield 'autocomplete="off" spellcheck="false"><button id="theme" type="button" '
    yield 'aria-label="Switch between light and dark">\u25d0</button></nav>\n'


def _facts(entry: Transcript) -> str:
    one = entry.conversation
    facts = [
        ("Name", escape(one.name)),
        ("Assistant", escape(f"{entry.assistant.name}@{entry.assistant.version}")),
        ("Model", escape(" · ".join(part for part in (one.model, one.provider) if part))),
        ("Turns", f"{one.turns:,}"),
        ("Begun", _time(one.created_at)),
        ("Last used", _time(one.updated_at)),
        ("Tags", escape(", ".join(one.tags))),
    ]
    return "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts if value)


def _turn(said: TranscriptTurn, speaker: str) -> Iterator[str]:
    turn = said.turn
    when = _time(turn.started_at) if turn.started_at else ""
    yield f'<article class="turn" id="turn-{turn.turn}" tabindex="-1" aria-label="Turn {turn.turn}">\n'
    yield f'<header class="meta"><a class="number" href="#turn-{turn.turn}">{turn.turn}</a>{when}'
    yield f'<span class="model">{escape(turn.model)}</span></header>\n<div class="said">\n'
    yield f'<section class="you"><h2>You</h2>{_text(markdown_to_html.message_html(turn.user))}'
    yield "".join(map(_file, said.files))
    yield f'</section>\n<section class="them"><h2>{escape(speaker)}</h2>'
    if turn.reasoning:
        yield f"<details><summary>Reasoning</summary>{_text(markdown_to_html.answer_html(turn.reasoning))}</details>"
    if turn.answer:
        yield _text(markdown_to_html.answer_html(turn.answer))
    if said.ending:
        yield f'<p class="ending">{escape(said.ending.strip("[]"))}</p>'
    yield f'<p class="usage">{escape(said.usage)}</p></section>\n</div></article>\n'


def _text(rendered: str) -> str:
    return f'<div class="text" dir="auto">{rendered}</div>'


def _file(one: Attachment) -> str:
    """An image in its place; anything else as something to download, of a type that nothing opens."""
    name, size = escape(one.name), f"{len(one.data):,} bytes"
    data = base64.b64encode(one.data).decode()
    if one.content_type in _IMAGES and one.data.startswith(_IMAGES[one.content_type]):
        source = f"data:{one.content_type};base64,{data}"
        return f'<figure><img src="{source}" alt="{name}"><figcaption>{name} · {size}</figcaption></figure>'
    link = f'<a download="{name}" href="data:application/octet-stream;base64,{data}">{name}</a>'
    return f'<p class="file">{link} <span>{escape(one.content_type)} · {size}</span></p>'


def _line(file: str, one: Conversation) -> str:
    facts = [one.name if one.title and one.title != one.name else "", one.assistant, one.model, *one.tags]
    facts.append("one turn" if one.turns == 1 else f"{one.turns:,} turns")
    words = escape(" · ".join(fact for fact in facts if fact))
    return (
        f'<li><a href="{escape(file)}" dir="auto">{escape(one.title or one.name)}</a>'
        f'<p class="sub">{words} · {_time(one.updated_at)}</p></li>\n'
    )


def _time(moment: datetime) -> str:
    return f'<time datetime="{iso(moment)}">{moment.astimezone():%Y-%m-%d %H:%M}</time>'


@cache
def _asset(name: str) -> str:
    return "\n" + Path(__file__).with_name(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
