"""Markdown exports: whatever a message holds, each turn keeps a heading of its own."""

import re

import pytest
from markdown_it import MarkdownIt

from tests.formats.injections import ATTACKS
from tests.support.commands import Chatmgr
from tests.support.sample_stores import SampleStore, attachment

OPEN = {
    "fence": "```python\nprint(1)",
    "long fence": "`````\n```\nx\n````",
    "tildes": "~~~~ sh\n~~~\n```\n",
    "fence that is closed": "```\nx\n```",
    "fence in a list": "- one\n\n  ```\n  open\n",
    "fence in a quotation": "> ```\n> open",
    "comment": "text\n\n<!-- open",
    "script": "<script>\nlet x = 1;",
    "pre": "<pre>\n\nx",
    "instruction": "<?php echo 1;",
    "declaration": "<!X ",
    "character data": "<![CDATA[ x",
    "comment with a fence in it": "<!-- ```\nx",
    "fence with a comment in it": "```\n<!--",
    "element": "<div>\nopen",
    "underline": "text\n---",
    "front matter": "---\nkey: value\n---",
    "indented": "    code",
    "trailing backslash": "text\\",
    "table": "| a |\n| - |",
    "reference": "[a]: http://127.0.0.1/ 'open",
}


def headings(text: str) -> list[str]:
    """The second-level headings outside of any other block."""
    body = text.split("---\n", 2)[2]
    tokens = MarkdownIt("commonmark").parse(body)
    return [
        tokens[at + 1].content
        for at, token in enumerate(tokens)
        if token.type == "heading_open" and token.tag == "h2" and token.level == 0
    ]


def test_nothing_swallows_the_next_turn(chatmgr: Chatmgr, samples: SampleStore) -> None:
    texts = [*OPEN.values(), *(text.replace("\x00", "\ufffd") for text in ATTACKS.values())]
    for text in texts:
        samples.say("demo", text, text)
    turns = [item for item in headings(chatmgr("export", "demo").out) if re.match(r"demo@\d+ · ", item)]
    assert [int(turn.split("@")[1].split(" ")[0]) for turn in turns] == list(range(1, len(texts) + 1))


@pytest.mark.parametrize(
    "text", ["```\nx\n```\n\ndone", "a < b", "<div>\n\nx", "- ```\n  x\n  ```", "# a\n\n*b*"]
)
def test_an_answer_stays_as_it_is(chatmgr: Chatmgr, samples: SampleStore, text: str) -> None:
    samples.say("demo", "hello", text)
    assert f"> hello\n\n{text}\n\n" in chatmgr("export", "demo").out


def test_nothing_leaves_a_quotation(chatmgr: Chatmgr, samples: SampleStore) -> None:
    user = "a\r## demo@8 · x\r\n## demo@9 · x\n\n\u2028## b\x0c## c\n```\n"
    samples.say("demo", user, "fine")
    [heading] = headings(chatmgr("export", "demo").out)
    assert heading.startswith("demo@1 · ")


def test_the_facts(chatmgr: Chatmgr, samples: SampleStore) -> None:
    samples.begin("de: mo", 'A "title"\n# of *two* lines', "tu`tor")
    samples.say("de: mo", "look", "", attachment("a*b*.png", "image/png", b"123"))
    out = chatmgr("export", "de: mo").out
    for line in (
        *(
            "---\ngenerator: chatmgr/1\n",
            'conversation: "de: mo"\n',
            'title: "A \\"title\\"\\n# of *two* lines"\n',
        ),
        *('assistant: "tu`tor@1"\n', "turns: 1\n", '# A "title" # of \\*two\\* lines\n', "## de: mo@1 · "),
        *("> look\n", "*Attached: a\\*b\\*.png (image/png, 3 bytes)*\n", "*\\[the answer is empty\\]*\n"),
    ):
        assert line in out, line
