"""``chatmgr stats``: text, JSON and the page."""

import base64
import hashlib
import json
import re
import sqlite3
import stat
from collections.abc import Sequence
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.support.commands import Chatmgr
from tests.support.screen import COLUMNS, Screen

HOSTILE = '</th><script>alert("1")</script>\x1b[31m\u202e'
SHAPE = "by key turns runs input_tokens output_tokens cached_tokens reasoning_tokens cost unpriced_runs"


@pytest.fixture
def api() -> str:
    return "completions"


def tell(chatmgr: Chatmgr, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(chatmgr.home / "chatmgr.db")) as db, db:
        db.execute(sql, values)


@pytest.fixture
def counted(talking: Chatmgr) -> Chatmgr:
    """Two conversations with a turn each: one of a known price, one of a model with a hostile name.

    Both were said at one moment, so that midnight cannot come between them.
    """
    talking("new", "other", "-i", "Be brief.", "--provider", "wire", "two")
    run = "WHERE conversation_id = (SELECT id FROM conversations WHERE name = ?)"
    known = "model = 'gpt-6', input_tokens = 1500, output_tokens = 20, cost = 1250000000"
    tell(talking, f"UPDATE runs SET {known} {run}", "demo")
    tell(talking, f"UPDATE runs SET cost = NULL, model = ? {run}", HOSTILE, "other")
    tell(talking, "UPDATE turns SET created_at = (SELECT max(created_at) FROM turns)")
    return talking


def test_an_empty_store_is_one_line_on_stderr(chatmgr: Chatmgr) -> None:
    for words in ((), ("--json",), ("--by", "day"), ("--html", "page.html")):
        done = chatmgr("stats", *words)
        assert (done.out, done.err.count("\n")) == ("", 1)
    assert not (chatmgr.home.parent / "page.html").exists()


def test_filters_that_leave_nothing_are_said(counted: Chatmgr) -> None:
    done = counted("stats", "--model", "none")
    assert (done.out, done.err) == ("", "No turns to count.\n")


def test_a_pipe_gets_a_plain_table(counted: Chatmgr) -> None:
    done = counted("stats")
    assert not re.search("[\x1b\u202e█▏]", done.out)
    assert re.search(r"^Turns +2$", done.out, re.MULTILINE)
    assert re.search(r"^Cost +\$1\.25  excluding 1 run of unknown price$", done.out, re.MULTILINE)
    assert re.search(r"^gpt-6 +1 +1 +1,500 +[—\d]+ +20 +[—\d]+ +\$1\.25 +0$", done.out, re.MULTILINE)
    heads = [line.split()[0] for line in done.out.splitlines() if line.endswith("UNPRICED")]
    assert heads == ["DAY", "MODEL", "ASSISTANT", "CONVERSATION"]


def test_one_table_and_how_many_rows(counted: Chatmgr) -> None:
    assert len(counted("stats", "--by", "conversation").out.splitlines()) == 3
    assert len(counted("stats", "--by", "conversation", "-n", "1").out.splitlines()) == 2
    assert counted("stats", "--by", "provider").out.splitlines()[1].split()[:3] == ["wire", "2", "2"]
    assert counted("stats", "--by", "month").out.splitlines()[1].split()[1] == "2"


def test_json(counted: Chatmgr) -> None:
    document = counted.json("stats")
    assert [item["by"] for item in document] == [
        "total",
        "day",
        *["model"] * 2,
        *["assistant"] * 2,
        *["conversation"] * 2,
    ]
    assert all(" ".join(item) == f"{SHAPE} first_at last_at" for item in document)
    total = document[0]
    assert (total["key"], total["turns"], total["cost"], total["unpriced_runs"]) == (None, 2, 1.25, 1)
    models = {group["key"]: group for group in counted.json("stats", "--by", "model")}
    assert models["gpt-6"]["input_tokens"] == 1500
    assert (models[HOSTILE]["cost"], models[HOSTILE]["unpriced_runs"]) == (None, 1)
    assert counted.json("stats", "--by", "model", "--model", "gpt-6") == [models["gpt-6"]]


def test_the_archive_counts_and_the_trash_does_not(counted: Chatmgr) -> None:
    tell(counted, "UPDATE conversations SET archived_at = updated_at WHERE name = 'demo'")
    tell(counted, "UPDATE conversations SET deleted_at = updated_at WHERE name = 'other'")
    assert [group["key"] for group in counted.json("stats", "--by", "conversation")] == ["demo"]
    assert "trash" in counted("stats", "--help").out


def test_days_are_those_of_the_time_zone(counted: Chatmgr) -> None:
    tell(counted, "UPDATE turns SET created_at = '2026-03-29 22:30:00.000000'")  # 00:30 in summer time
    for zone, day in (("Europe/Berlin", "2026-03-30"), ("UTC", "2026-03-29")):
        done = counted.fresh("stats", "--by", "day", "--json", env={"TZ": zone})
        assert [json.loads(line)["key"] for line in done.out.splitlines()] == [day]


def test_what_does_not_go_together_is_refused(counted: Chatmgr) -> None:
    counted.refused(2, "stats", "--html", "-", "--json")
    counted.refused(2, "stats", "--force")
    counted.refused(2, "stats", "--by", "planet")
    counted.refused(5, "stats", "--assistant", "nobody")


def test_a_terminal_gets_bars_in_colour(counted: Chatmgr) -> None:
    with Screen(["-m", "chatmgr", "stats"], counted.environment(), counted.home.parent) as screen:
        assert screen.end() == 0
    assert "\x1b[36m" in screen.raw
    assert "\x1b[31m" not in screen.raw
    assert "\u202e" not in screen.raw
    assert "Turns per day" in screen.text
    assert any("█" in line and line.startswith("gpt-6") for line in screen.lines)
    assert max(map(len, re.sub(r"\x1b\[\d+m", "", screen.raw).splitlines())) <= COLUMNS


def plotted(chatmgr: Chatmgr, *words: str) -> tuple[str, int]:
    """The heading of the plot at a terminal, and how many columns its axis has."""
    args = ["-m", "chatmgr", "stats", *words]
    with Screen(args, chatmgr.environment(), chatmgr.home.parent) as screen:
        assert screen.end() == 0
    [heading] = [line for line in screen.lines if line.startswith("Turns per")]
    axis = next(line for line in screen.lines if "└" in line)
    return heading, axis.count("─")


def test_the_plot_has_the_days_there_are(counted: Chatmgr) -> None:
    tell(counted, "UPDATE turns SET created_at = datetime('now')")
    widest = plotted(counted)[1]  # of one day
    assert "to" not in plotted(counted)[0].split()
    tell(counted, "UPDATE turns SET created_at = '2026-03-12 12:00:00.000000'")
    tell(counted, "UPDATE turns SET created_at = '2026-03-10 12:00:00.000000' WHERE id = 1")
    assert plotted(counted) == ("Turns per day, from 2026-03-10 to 2026-03-12", 3 * widest)
    assert plotted(counted, "--since", "2026-01-01") == plotted(counted)
    tell(counted, "UPDATE turns SET created_at = '2025-03-10 12:00:00.000000' WHERE id = 1")
    assert plotted(counted)[0] == "Turns per day, from 2026-02-11 to 2026-03-12"


class _Page(HTMLParser):
    """A page as a browser takes it apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.policy = ""
        self.style = ""
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self._inside = tag
        attributes = dict(attrs)
        if attributes.get("http-equiv") == "Content-Security-Policy":
            self.policy = attributes.get("content") or ""

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            self.style += data
        self._inside = "" if self._inside == "style" else self._inside


def test_the_page_runs_nothing_and_fetches_nothing(counted: Chatmgr) -> None:
    text = counted("stats", "--html", "-").out
    page = _Page(text)
    assert not page.tags & {"script", "link", "img", "iframe", "object", "a", "form", "use"}
    assert not {attribute for attribute in page.attributes if attribute.startswith("on")} | (
        page.attributes & {"style", "src"}
    )
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert page.policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; ")
    assert "url(" not in page.style
    assert "&lt;/th&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;\ufffd[31m\ufffd" in text
    assert "1 turn · 1,500 tokens in" not in text  # both turns were said on one day
    assert re.search(r"<title>\d{4}-\d\d-\d\d: 2 turns · ", text)
    assert "<dd>$1.25</dd><dd>excluding 1 run of unknown price</dd>" in text


def test_the_page_is_its_owners_and_overwrites_nothing(counted: Chatmgr) -> None:
    path = counted.home.parent / "page.html"
    assert counted("stats", "--html", str(path), "--by", "model").out == ""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first = path.read_text("utf-8")
    assert "By model" in first
    assert "By assistant" not in first
    path.chmod(0o644)
    counted("stats", "--html", str(path))  # its own page may be replaced, as exports are
    assert "By assistant" in path.read_text("utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("mine", "utf-8")
    assert "already exists" in counted.refused(2, "stats", "--html", str(path))
    assert path.read_text("utf-8") == "mine"


def test_a_link_is_replaced_and_not_followed(counted: Chatmgr) -> None:
    kept, link = counted.home.parent / "kept", counted.home.parent / "link.html"
    kept.write_text("mine", "utf-8")
    link.symlink_to(kept)
    counted.refused(2, "stats", "--html", str(link))
    counted("stats", "--html", str(link), "--force")
    assert (kept.read_text("utf-8"), link.is_symlink()) == ("mine", False)


def test_where_no_file_can_be_nothing_is_left(counted: Chatmgr, tmp_path: Path) -> None:
    before = sorted(counted.home.parent.iterdir())
    assert "Create the folder" in counted.refused(2, "stats", "--html", str(tmp_path / "none" / "page.html"))
    counted.refused(2, "stats", "--html", str(counted.home), "--force")
    assert sorted(counted.home.parent.iterdir()) == before
