"""Help is for people: groups by what they do, an example a command, one text for both manuals."""

import re
import subprocess
from pathlib import Path

import pytest

from chatmgr.cli.help import man_page
from chatmgr.cli.help.command_tree import contexts
from chatmgr.cli.help.reference import pages
from chatmgr.cli.main import COMMANDS, GROUPS
from tests.support.command_lines import commands, parse
from tests.support.commands import Chatmgr
from tests.support.tools import require

PAGES = dict(pages())
KEPT = Path(__file__).parents[2] / "docs/chatmgr.1"


@pytest.mark.parametrize("path", PAGES)
def test_every_command_has_an_example_that_is_one_of_it(path: str) -> None:
    match = re.search(r"^  Examples?:\n((?:    .*\n?)+)", PAGES[path], re.MULTILINE)
    assert match, f"{path} has no example"
    assert path in match[1]


def test_examples_parse() -> None:
    """Every word after ``chatmgr`` in an example is a command, an option or an argument that is taken."""
    for text in PAGES.values():
        for block in re.findall(r"^  Examples?:\n((?:    .*\n?)+)", text, re.MULTILINE):
            for line in block.splitlines():
                for words in commands(line.split("   (")[0]):
                    if words[0] == "chatmgr":
                        parse(words[1:])


def test_help_is_in_groups(chatmgr: Chatmgr) -> None:
    shown = chatmgr("--help").out
    heads = [line.removesuffix(":") for line in shown.splitlines() if re.fullmatch(r"[A-Z][\w ]+:", line)]
    assert heads == ["Options", *(title for title, group in GROUPS.items() if group), "Also understood"]
    listed = re.findall(r"^  ([a-z]+)  +[A-Z]", shown, re.MULTILINE)
    assert listed == list(COMMANDS)
    assert sum(map(len, GROUPS.values())) == len(COMMANDS)  # no verb in two groups


def test_alone_in_a_pipe_it_is_the_help(chatmgr: Chatmgr) -> None:
    done = chatmgr(code=2)
    assert done.out == ""
    assert done.err == chatmgr("--help").out
    assert "history" in chatmgr.refused(2, "histroy")


def test_the_manual_page_is_what_help_says(chatmgr: Chatmgr) -> None:
    assert KEPT.read_text("ascii") == man_page.render(), "run: python -m chatmgr.cli.help.reference"
    assert chatmgr("man").out == man_page.render()


def test_the_manual_page_is_well_formed() -> None:
    lines = man_page.render().splitlines()
    assert [line for line in lines if line.startswith(".TH")] == [lines[1]]
    sections = [line.removeprefix(".SH ") for line in lines if line.startswith(".SH ")]
    assert sections[:5] == ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS"]
    requests = {line.split()[0] for line in lines if line.startswith(".")}
    assert requests <= {'.\\"', ".TH", ".SH", ".SS", ".PP", ".TP", ".nf", ".fi"}
    assert not [line for line in lines if line.startswith("'")]
    assert lines.count(".nf") == lines.count(".fi")
    paths = [ctx.command_path for ctx in contexts()]
    assert [line[5:-1].replace("\\-", "-") for line in lines if line.startswith(".SS ")] == paths[1:]


def test_hostile_text_is_text_in_roff() -> None:
    assert man_page._text(".so /etc/passwd") == "\\&.so /etc/passwd"
    assert man_page._text("'a\\*b-c“é”") == "\\(aqa\\e*b\\-c\\[u201C]\\[u00E9]\\[u201D]"


def test_groff_has_nothing_to_say() -> None:
    groff = require("groff")
    done = subprocess.run(
        [groff, "-man", "-Tutf8", "-ww", "-P-cbou"],
        input=man_page.render().encode(),
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    shown = " ".join(done.stdout.decode().split())
    for text in (
        "chatmgr completion install [OPTIONS] [bash|",
        'history -q "what was said"',
        "OPENAI_API_KEY",
    ):
        assert text in shown
