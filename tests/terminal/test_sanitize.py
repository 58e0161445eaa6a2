"""Nothing that an answer holds reaches the terminal as anything but text."""

import re

import pytest

from chatmgr.terminal.markdown import rendered_lines
from tests.terminal.virtual_screen import streamed

SEQUENCES = {
    "clear": "\x1b[2J\x1b[H",
    "colour": "\x1b[31m",
    "title": "\x1b]0;pwned\x07",
    "title, ended by ST": "\x1b]2;pwned\x1b\\",
    "clipboard": "\x1b]52;c;cm0gLXJm\x07",
    "link": "\x1b]8;;http://evil.example\x1b\\text\x1b]8;;\x1b\\",
    "device control": "\x1bP1$r0m\x1b\\",
    "application command": "\x1b_x\x1b\\",
    "reset": "\x1bc",
    "C1 CSI": "\x9b31m",
    "C1 OSC": "\x9d0;pwned\x9c",
    "C1 DCS": "\x90x\x9c",
    "8-bit NEL": "a\x85b",
    "backspace": "rm\x08\x08ls",
    "bell": "\x07",
    "return": "good\rbad",
    "vertical tab": "a\x0bb\x0cc",
    "delete": "a\x7f",
    "null": "a\x00b",
    "override": "\u202egnp.exe\u202c",
    "isolate": "\u2066x\u2069",
    "mark": "a\u200fb\u200e",
    "zero width": "a\u200bb\u2060c\ufeffd",
    "soft hyphen": "a\u00adb",
    "tags": "a\U000e0041\U000e007fb",
    "line separator": "a\u2028b\u2029c",
    "surrogate": "a\ud800b",
    "entity": "&#27;[2J&#x1b;]0;pwned&#7; &#155;31m &#x9b;2J",
    "entity of an override": "&#x202e;gnp.exe&#8236; &#x200b;x &ZeroWidthSpace; &shy; &rlm; &lrm;",
    "entity of a return": "good&#13;bad&#10;x&#8;&#127;",
    "escaped": "\\\x1b[2J",
}
PLACES = {
    "text": "before {} after\n",
    "bold": "**before {} after**\n",
    "heading": "# {}\n",
    "list": "- {}\n- x\n",
    "quote": "> {}\n",
    "inline code": "`{}` and `` {} ``\n",
    "fence": "```python\nx = '{}'\n{}\n```\n",
    "info string": "```{}\nx\n```\n",
    "indented": "    {}\n",
    "table": "| {} | b |\n|---|---|\n| c | {} |\n",
    "link text": "[{}](http://a.example)\n",
    "link target": "[a](http://a.example/{}) [b](<http://b.example/{}>) <http://c.example/{}>\n",
    "link title": '[a](http://a.example "{}")\n',
    "image": "![{}](http://a.example/{})\n",
    "reference": "[{}][1]\n\n[1]: http://a.example/{}\n",
    "html": "<div title='{}'>\n{}\n</div>\n",
    "inline html": "a <b title='{}'>x</b>\n",
    "unclosed": "```\n{}",
}
_SGR = re.compile(r"\x1b\[[0-9]+(?:;[0-9]+)*m")
_MOVES = re.compile(r"\r(?:\x1b\[[0-9]+A)?\x1b\[J")
_HOSTILE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)


def forged(sequence: str, written: str) -> bool:
    """Whether a colour of the answer's own is among ours: only what it wrote itself can be followed by it."""
    return sequence == "\x1b[31m" and "\x1b[31m" in written


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", SEQUENCES)
def test_static(name: str, place: str) -> None:
    text = PLACES[place].replace("{}", SEQUENCES[name])
    for columns in (80, 200, 20):
        written = "\n".join(rendered_lines(text, columns))
        assert not _HOSTILE.search(_SGR.sub("", written))
        assert not forged(SEQUENCES[name], written)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", SEQUENCES)
def test_streamed(name: str, place: str) -> None:
    """One sign at a time, so that every sequence is cut at every place."""
    text = PLACES[place].replace("{}", SEQUENCES[name])
    paper = streamed(text, 80)
    written = "".join(paper.raw)
    assert not _HOSTILE.search(_SGR.sub("", _MOVES.sub("", written)))
    assert not forged(SEQUENCES[name], written)
    assert paper.screen.title == ""
