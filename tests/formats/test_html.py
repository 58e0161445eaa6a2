"""The pages as their readers use them: search, keys, themes, phones, paper."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chatmgr.domain.states import RunState
from tests.support.browser import Browser, Page
from tests.support.sample_files import PNG
from tests.support.sample_stores import SampleStore, attachment

CODE = "```python\ndef answer() -> int:\n    return 42  # " + "long " * 60 + "\n```"
TABLE = "| " + " | ".join(f"column {n}" for n in range(12)) + " |\n|" + " --- |" * 12 + "\n|" + " x |" * 12


@pytest.fixture
def site(samples: SampleStore, exported: Callable[..., Path]) -> Path:
    """The index of an archive of two conversations."""
    files = attachment("dot.png", "image/png", PNG), attachment("a.csv", "text/csv", b"a,b\n")
    samples.begin("demo", "A little of everything")
    samples.say(
        "demo", "Show me *everything*\n  as it is", f"# Title\n\n{CODE}\n\n{TABLE}\n\n- one\n- two", *files
    )
    samples.say("demo", "w" * 400, f"Half an ans {'v' * 400}", state=RunState.INCOMPLETE, detail="length")
    samples.say("demo", "And?", "", state=RunState.FAILED, error="The server is on fire.")
    for number in range(4, 9):
        samples.say(
            "demo", f"question{number}", "\n\n".join(f"line {n} of answer {number}" for n in range(30))
        )
    samples.say("other", "Where is the zebra?", "In the savanna, “über alles”.")
    return exported()


def clean(page: Page) -> None:
    assert page.complaints() == []
    assert page.requests() == []
    page.close()


def test_what_a_page_shows(site: Path, browser: Browser) -> None:
    page = browser.page(site.with_name("demo.html"))
    text = page.run("document.querySelector('main').innerText")
    for message in (
        *(
            "A little of everything",
            "tutor@1",
            "Show me *everything*\n  as it is",
            "1,210 tokens in",
            "$0.005524",
        ),
        *("cut off at the length limit", "The server is on fire.", "a.csv", "python"),
    ):
        assert message in text, message
    assert page.run("document.querySelector('.p-k').textContent") == "def"
    assert page.run("document.querySelector('figure img').naturalWidth") == 1
    assert page.run("document.querySelector('.turn time').dateTime").endswith("Z")
    assert page.run("document.querySelector('.file a').download") == "a.csv"
    assert page.run("document.querySelectorAll('.them table th').length") == 12
    clean(page)


def test_search_finds_in_all_conversations(site: Path, browser: Browser) -> None:
    page = browser.page(site)
    assert page.run("[...document.querySelectorAll('#list a')].map(one => one.textContent)") == [
        *("other", "A little of everything")
    ]
    page.key("/")
    assert page.run("document.activeElement.id") == "search"
    page.type("ZEBRA savanna")
    page.wait("document.querySelector('#results li')")
    assert page.run("document.querySelector('#list').hidden")
    assert page.run("document.querySelector('#status').textContent") == "One match"
    assert page.run("[...document.querySelectorAll('#results mark')].map(one => one.textContent)") == [
        *("zebra", "savanna")
    ]
    page.run("document.querySelector('#search').blur()")
    page.key("j")
    assert page.run("document.activeElement.textContent") == "other"
    address = page.run("document.activeElement.href")
    assert address.endswith("other.html#turn-1")
    page.go(address)
    assert page.run("document.querySelector(':target').id") == "turn-1"
    clean(page)


def test_search_within_a_conversation(site: Path, browser: Browser) -> None:
    page = browser.page(site.with_name("demo.html"))
    page.key("/")
    page.type("Question7 of")
    page.wait("document.querySelector('.turn[hidden]')")
    shown = "[...document.querySelectorAll('.turn:not([hidden])')].map(one => one.id)"
    assert page.run(shown) == ["turn-7"]
    assert page.run("document.querySelector('#status').textContent") == "One turn of 8"
    page.key("Escape")
    page.wait("!document.querySelector('.turn[hidden]')")
    clean(page)


def test_keys_go_from_turn_to_turn(site: Path, browser: Browser) -> None:
    page = browser.page(site.with_name("demo.html"))
    page.key("Tab")
    assert page.run("document.activeElement.className") == "skip"
    assert page.run("document.activeElement.getBoundingClientRect().left") == 0
    assert page.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.key("Enter")
    page.wait("document.activeElement.id === 'transcript'")
    for key, turn in (("j", 1), ("j", 2), ("j", 3), ("k", 2), ("k", 1), ("k", 1)):
        page.key(key)
        assert page.run("document.activeElement.id") == f"turn-{turn}", key
    clean(page)


@pytest.mark.parametrize("dark", [False, True])
def test_light_and_dark(site: Path, browser: Browser, dark: bool) -> None:
    page = browser.page(site.with_name("demo.html"), dark=dark)
    light = "getComputedStyle(document.body).backgroundColor"
    page.run("try { localStorage.clear() } catch {}")
    before = page.run(light)
    assert (sum(map(int, before.strip("rgb()").split(","))) < 300) == dark
    page.run("document.querySelector('#theme').click()")
    assert page.run(light) != before
    page.go(site.as_uri())
    assert page.run("document.documentElement.dataset.theme") == ("light" if dark else "dark")
    page.run("try { localStorage.clear() } catch {}")
    clean(page)


@pytest.mark.parametrize("name", ["demo.html", "index.html"])
def test_a_phone_scrolls_one_way(site: Path, browser: Browser, name: str) -> None:
    page = browser.page(site.with_name(name), width=390, height=844)
    assert page.run("document.documentElement.scrollWidth") == 390
    if name == "demo.html":
        assert page.run("document.querySelector('.them pre').scrollWidth") > 390
        assert page.run("document.querySelector('.wide').scrollWidth") > 390
    clean(page)


def test_paper_has_no_furniture(site: Path, browser: Browser) -> None:
    page = browser.page(site.with_name("demo.html"), dark=True)
    page.call("Emulation.setEmulatedMedia", media="print")
    for furniture in (".bar", ".foot"):
        assert page.run(f"getComputedStyle(document.querySelector('{furniture}')).display") == "none"
    assert page.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf().startswith(b"%PDF")
    clean(page)


def test_a_page_needs_no_script_to_be_read(site: Path, browser: Browser) -> None:
    page = browser.page(site)
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    page.go(site.with_name("demo.html").as_uri())
    page.call("Emulation.setScriptExecutionDisabled", value=False)
    assert page.run("document.documentElement.className") == ""
    assert page.run("document.querySelector('#turn-8 .them').checkVisibility()")
    assert "question8" in page.run("document.querySelector('#turn-8').textContent")
    page.close()
