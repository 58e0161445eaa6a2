"""Mathematics, boxes and diffs in exports: as they were written, and no price is taken for a formula."""

from html import unescape
from pathlib import Path

import pytest

from chatmgr.formats.markdown_to_html import answer_html
from tests.support.commands import Chatmgr
from tests.support.sample_stores import SampleStore
from tests.terminal.test_mathematics import FORMULAS


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_page_shows_the_source(formula: str) -> None:
    page = answer_html(f"*Look* at this:\n{formula}\nand **that**.")
    assert formula in unescape(page)
    assert "<em>Look</em>" in page
    assert "<strong>that</strong>" in page
    for other in ("<em>x", "<h3", "<li>", "<blockquote>"):
        assert other not in page


def test_prices_are_text() -> None:
    assert answer_html("From **$5** and *$6* to $7.") == (
        "<p>From <strong>$5</strong> and <em>$6</em> to $7.</p>\n"
    )


def test_a_markdown_export_has_them_unchanged(chatmgr: Chatmgr, samples: SampleStore, tmp_path: Path) -> None:
    answer = "\n\n".join(FORMULAS)
    samples.say("demo", f"What is {FORMULAS[0]}?", answer)
    chatmgr("export", "demo", "--format", "md", "-o", str(tmp_path / "demo.md"))
    exported = (tmp_path / "demo.md").read_text("utf-8")
    assert answer in exported
    assert f"> What is {FORMULAS[0]}?" in exported


def test_boxes() -> None:
    page = answer_html("- [ ] to do\n- [x] done\n- [X] done, too\n- [y] text\n\n1. [x] first\n\n[ ] no item")
    assert page.count('<input type="checkbox" disabled>') == 1
    assert page.count('<input type="checkbox" disabled checked>') == 3
    assert "[y] text" in page
    assert "<p>[ ] no item</p>" in page


def test_lines_of_a_diff_have_their_classes() -> None:
    page = answer_html("```diff\n-old\n+new\n```")
    assert '<span class="p-gd">-old</span>\n<span class="p-gi">+new</span></code>' in page
