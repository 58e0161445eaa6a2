"""What a model says is put into a page as text, whatever it is: seen in a real browser."""

import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatmgr.domain.states import RunState
from tests.formats.injections import ATTACKS, Canary
from tests.support.browser import Browser, Page
from tests.support.sample_files import PNG
from tests.support.sample_stores import SampleStore, attachment

# What a page is made of; anything else would have come out of a message.
TAGS = (
    "a article blockquote body br button code dd del details div dl dt em figcaption figure footer "
    "h1 h2 h3 h4 h5 h6 head header hr html img input kbd li link main mark meta nav ol p pre script section "
    "span strong style summary table tbody td th thead time title tr ul"
)
ATTRIBUTES = (
    "alt aria-label autocomplete charset class content data-theme datetime dir download hidden href "
    "http-equiv id lang name placeholder rel role spellcheck src start tabindex title type"
)
STRANGE = f"""
[...document.querySelectorAll("*")].flatMap(one => [
    ...("{TAGS}".split(" ").includes(one.localName) ? [] : [one.localName]),
    ...one.getAttributeNames().filter(name => !"{ATTRIBUTES}".split(" ").includes(name)),
    ...(one.localName === "img" && !/^data:image\\/(png|jpeg|gif|webp);/.test(one.src) ? [one.src] : []),
    ...(one.localName === "script" && one.src ? [one.src] : []),
])
"""
LINKS = """
[...document.links].filter(one => !one.getAttribute("href").startsWith("#") && !one.matches(".back, .list a"))
    .map(one => [one.protocol, one.rel, one.download])
"""


@pytest.fixture
def canary() -> Iterator[Canary]:
    with Canary() as running:
        yield running


@pytest.fixture
def attacked(samples: SampleStore, canary: Canary) -> SampleStore:
    """A conversation of nothing but attacks, in every place that text can come from."""
    for attack in canary.attacks().values():
        text = attack.replace("\x00", "\ufffd")  # which neither database can hold
        files = [
            attachment(f"{text[:100]}.html", "text/html", f"<script>window.ran=1</script>{text}".encode()),
            attachment(
                text[:100], "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
            ),
            attachment("image.png", "image/png", text.encode()),
            attachment(text[:100], text[:100], PNG),
        ]
        samples.say("attacks", text, text, *files, model=text[:200], reasoning=text)
        samples.say("attacks", f"a {text}", "", state=RunState.FAILED, error=text, detail=text[:80])
    title, persona = canary.attacks()["closes the title"], canary.attacks()["image in quotes"]
    samples.begin("named", title, persona, canary.attacks()["script"])
    samples.begin("<img src=x onerror=alert(1)>", "", persona)
    samples.say("named", "<b>bold</b>", "fine")
    return samples


def harmless(page: Page, canary: Canary) -> None:
    """Nothing ran, nothing was fetched, nothing foreign is in the page."""
    page.wait("document.readyState === 'complete'")
    assert page.run("window.ran") is None
    assert page.run(STRANGE) == []
    assert page.requests() == []
    assert canary.calls == []
    assert page.complaints() == []


def test_the_canary_sings(canary: Canary) -> None:
    with urllib.request.urlopen(f"{canary.url}/seen.png") as answer:
        assert answer.status == 204
    assert canary.calls == ["/seen.png"]


def test_a_page_of_attacks(
    attacked: SampleStore, canary: Canary, exported: Callable[..., Path], browser: Browser
) -> None:
    page = browser.page(exported("attacks"))
    harmless(page, canary)
    assert page.run("document.title") == "attacks"
    assert page.run("document.querySelectorAll('.turn').length") == 2 * len(ATTACKS)
    for protocol, rel, download in page.run(LINKS):
        assert (protocol, bool(download)) == ("data:", True) or protocol in {"http:", "https:", "mailto:"}
        assert download or rel == "noopener noreferrer nofollow"
    seen = page.run("document.querySelector('#transcript').textContent")
    assert "<script>window.ran=1;document.title='ran'</script>" in seen
    assert not set(seen) & set("\x01\x1f\u202e\u2066")
    inert = "[...document.querySelectorAll('a')].filter(one => /^(https?|mailto):/.test(one.href))"
    page.run(f"{inert}.forEach(one => one.removeAttribute('href'))")  # these lead away, as links do
    page.run("document.querySelectorAll('details').forEach(one => { one.open = true })")
    page.run("document.querySelectorAll('.text *, summary, figure, img').forEach(one => one.click())")
    harmless(page, canary)
    page.close()


def test_an_archive_of_attacks(
    attacked: SampleStore, canary: Canary, exported: Callable[..., Path], browser: Browser
) -> None:
    page = browser.page(exported())
    harmless(page, canary)
    page.key("/")
    page.type("window.ran")
    page.wait("document.querySelectorAll('#results li').length > 50")
    harmless(page, canary)
    assert "<script>window.ran=1" in page.run("document.querySelector('#results').textContent")
    page.key("Escape")
    page.key("/")
    page.type("closes nothing")
    page.wait("document.querySelector('#status').textContent === 'No matches'")
    harmless(page, canary)
    address = page.run(
        "[...document.querySelectorAll('.list a')].find(one => /title/.test(one.textContent)).href"
    )
    page.go(address)
    harmless(page, canary)
    assert page.run("document.title") == "</title><script>window.ran=1</script>"
    page.close()


def test_the_policy_is_what_stops_a_script(
    samples: SampleStore, exported: Callable[..., Path], browser: Browser, canary: Canary
) -> None:
    """If escaping failed all the same: the same attacks as markup, in a page of ours."""
    samples.say("demo", "hello", "PLACE")
    path = exported("demo")
    names = ["script", "script in capitals", "image", "svg", "frame", "object", "link element", "base"]
    names += ["style element", "form", "details"]
    markup = "".join(canary.attacks()[name] for name in names)
    path.write_text(path.read_text("utf-8").replace("PLACE", markup), "utf-8")
    page = browser.page(path)
    assert page.run("window.ran") is None
    assert page.run("document.querySelectorAll('img[onerror]').length") > 0
    assert canary.calls == []
    assert any("Content Security Policy" in item for item in page.complaints())
    page.close()


def test_a_host_in_a_link_is_not_looked_up(samples: SampleStore, exported: Callable[..., Path]) -> None:
    samples.say("demo", "hello", "[x](http://name-that-tells.example.test/)")
    assert '<meta http-equiv="x-dns-prefetch-control" content="off">' in exported("demo").read_text("utf-8")
