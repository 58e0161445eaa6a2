"""``history`` of turns that hold more than text: shown, as JSON, exported, saved to files."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatmgr.domain.items import Item, ItemKind
from chatmgr.domain.states import RunState
from chatmgr.store.writer import RunOutcome
from tests.support.commands import Chatmgr
from tests.support.sample_items import EVERY_TEXT, EVERYTHING, IMAGE, PNG, THOUGHT, URL, answered, item
from tests.support.store import Store


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    """The store that chatmgr will read: ``demo`` has a turn with everything, and one of text."""
    made = Store(sqlite_url)
    answered(made, EVERY_TEXT, *EVERYTHING, name="demo")
    made.answer("hello", "Plain.", "demo")
    yield made
    made.close()


@pytest.fixture
def demo(store: Store, chatmgr: Chatmgr) -> Chatmgr:
    """chatmgr, to look at that store."""
    return chatmgr


def test_items_in_their_place(demo: Chatmgr) -> None:
    shown = demo("history", "demo").out
    assert "Cats sleep.[1] They eat.[1][2]\n[image: cat.png · image/png · 264 bytes]\n" in shown
    assert f"[1] All *about* cats — {URL}\n" in shown
    assert "hm, cats" not in shown
    assert demo("history", "demo@2").out.endswith("\n\nPlain.\n\n")
    (demo.home / "config.toml").write_text("show_reasoning = true\n", encoding="utf-8")
    (demo.home / "config.toml").chmod(0o600)
    assert "[reasoning: hm, cats]" in demo("history", "demo").out


def test_item_by_item(demo: Chatmgr) -> None:
    shown = demo("history", "demo", "--items").out
    assert shown.count("\n[item ") == len(EVERYTHING) + 1
    assert "reasoning: hm, cats" in shown
    assert shown.endswith("[item 1 · text]\nPlain.\n\n")
    assert "empty" not in shown
    assert "> hello\n\n[item 1 · text]\nPlain." in shown


def test_reasoning_that_came_as_text_is_an_item_too(store: Store, demo: Chatmgr) -> None:
    run = store.open(name="thinking")
    store.writer.runs.close(run, RunOutcome(RunState.COMPLETED, "Yes.", reasoning="Hm."))
    shown = demo("history", "thinking", "--items").out
    assert "[item 1 · reasoning]\nreasoning: Hm.\n\n[item 2 · text]\nYes.\n" in shown


def test_sources_have_one_number_in_every_view(store: Store, demo: Chatmgr) -> None:
    more = {"url": "https://example.test/more", "title": "More"}
    first = item("text", {"text": "Cats sleep.", "citations": [{"end": 11, "url": URL, "title": "Cats"}]})
    both = [{"end": 10, **more}, {"end": 10, "url": URL, "title": "Cats"}]
    answered(
        store, "Cats sleep.\n\nThey play.", first, item("text", {"text": "They play.", "citations": both})
    )
    assert "Cats sleep.[1]\n\nThey play.[1][2]\n" in demo("history", "plan").out
    shown = demo("history", "plan", "--items").out
    assert "\nCats sleep.[1]\n\n[1] Cats — " in shown
    assert "\nThey play.[1][2]\n\n[2] More — https://example.test/more\n[1] Cats — " in shown


def test_items_as_json(demo: Chatmgr) -> None:
    first, second = demo.json("history", "demo")
    assert second["items"] == []
    assert [each["kind"] for each in first["items"]] == [each.kind.value for each in EVERYTHING]
    image = first["items"][3]
    assert (image["content"], image["id"]) == (dict(IMAGE.content), "ig_1")
    assert len(image["sha256"]) == 64
    assert list(image) == ["kind", "content", "id", "api", "model", "sha256", "pixels"]
    answer = first["items"][7]
    assert (answer["content"]["output"], answer["id"], answer["api"]) == ("42", None, None)
    assert not {"pk", "message", "files"} & first.keys()
    assert first["assistant"] == "tutor"


def test_an_answer_is_empty_only_where_nothing_came(store: Store, demo: Chatmgr) -> None:
    answered(store, "", IMAGE, name="picture")
    answered(store, "", THOUGHT, name="thought")
    answered(store, "", name="nothing")
    assert "empty" not in demo("history", "picture").out + demo("history", "thought").out
    assert "[the answer is empty]" in demo("history", "nothing").out


class TestSaving:
    def test_the_files_of_a_turn(self, demo: Chatmgr, tmp_path: Path) -> None:
        folder = tmp_path / "new" / "pictures"
        done = demo("history", "demo@1", "--save", str(folder))
        path = folder / "cat.png"
        assert path.read_bytes() == PNG
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert done.out == ""
        assert done.err == (f"Saved {path} (264 bytes).\n@1: big.bin was not kept: larger than 64 MB.\n")
        assert demo("history", "demo", "--save", str(folder)).err == done.err  # nothing is written twice
        assert [each.name for each in folder.iterdir()] == ["cat.png"]

    def test_as_json(self, demo: Chatmgr, tmp_path: Path) -> None:
        done = demo("history", "demo", "--save", str(tmp_path / "out"), "--json")
        assert done.err == ""
        path = str(tmp_path / "out" / "cat.png")
        image = {"turn": 1, "name": "cat.png", "content_type": "image/png", "path": path, "size": len(PNG)}
        lost = {"turn": 1, "name": "big.bin", "content_type": None, "path": None, "size": None}
        assert [json.loads(line) for line in done.out.splitlines()] == [
            {**image, "missing": None},
            {**lost, "missing": "larger than 64 MB"},
        ]
        assert demo.refused(5, "history", "demo@2", "--save", str(tmp_path), "--json").startswith("chatmgr: ")

    def test_nothing_is_overwritten(self, demo: Chatmgr, tmp_path: Path) -> None:
        (tmp_path / "cat.png").write_bytes(b"mine")
        (tmp_path / "cat-2.png").symlink_to(tmp_path / "elsewhere")
        demo("history", "demo", "--save", str(tmp_path))
        assert (tmp_path / "cat.png").read_bytes() == b"mine"
        assert not (tmp_path / "elsewhere").exists()
        assert (tmp_path / "cat-3.png").read_bytes() == PNG

    @pytest.mark.parametrize(
        ("name", "saved"),
        [
            ("../../evil.sh", "evil.sh"),
            ("/etc/passwd", "passwd"),
            ("..", "file"),
            (".bashrc", "file.bashrc"),
            ("CON.png", "_CON.png"),
            ("a\x1b]0;x\x07b\u202egnp.exe", "a-0-x-b-gnp.exe"),
            ("x" * 300 + ".png", "x" * 120 + ".png"),
            ("", "image"),
            ("C:\\temp\\a.png", "a.png"),
            ("a.png:stream", "a.png-stream"),
        ],
    )
    def test_names_are_harmless(
        self, store: Store, demo: Chatmgr, tmp_path: Path, name: str, saved: str
    ) -> None:
        answered(store, "", item("image", {"name": name}, data=b"x"), name="evil")
        folder = tmp_path / "deep" / "er"
        done = demo("history", "evil", "--save", str(folder))
        written = [path for path in tmp_path.rglob("*") if path.is_file() and path.parent != demo.home]
        assert [str(path.relative_to(tmp_path)) for path in written] == [f"deep/er/{saved}"]
        assert "\x1b" not in done.err

    def test_there_is_nothing_to_save(self, demo: Chatmgr, tmp_path: Path) -> None:
        assert "There is no image or file in “demo@2”." in demo.refused(
            5, "history", "demo@2", "--save", str(tmp_path / "x")
        )
        assert not (tmp_path / "x").exists()

    def test_where_it_cannot_be(self, demo: Chatmgr, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        demo.refused(2, "history", "demo", "--save", str(tmp_path / "file"))
        demo.refused(2, "history", "demo", "--save", "~nobody-at-all/x")

    def test_it_goes_with_a_name(self, demo: Chatmgr) -> None:
        assert "history demo@-1 --save pictures/" in demo.refused(2, "history", "--save", "x")
        assert "--items goes with NAME" in demo.refused(2, "history", "--items")
        assert "--items goes with NAME" in demo.refused(2, "history", "-q", "cats", "--items")


class TestExports:
    def test_markdown(self, demo: Chatmgr) -> None:
        text = demo("export", "demo").out
        assert "Cats sleep.[^1.1] They eat.[^1.1][^1.2]\n" in text
        assert f"[^1.1]: All \\*about\\* cats — <{URL}>\n" in text
        assert "[^1.2]: cats.pdf — “they eat”\n" in text
        assert "*[image: cat.png · image/png · 264 bytes]*\n" in text
        assert "\n\nPlain.\n" in text

    def test_text_is_what_history_prints(self, demo: Chatmgr) -> None:
        assert demo("export", "demo", "--format", "text").out.strip() == demo("history", "demo").out.strip()

    def test_html(self, demo: Chatmgr) -> None:
        page = demo("export", "demo", "--format", "html").out
        assert '<figure><img src="data:image/png;base64,iVBORw0K' in page
        assert f'<a href="{URL.replace("&", "&amp;")}" rel="noopener noreferrer nofollow">' in page
        assert "cats.pdf — “they eat”" in page
        assert "<summary>Reasoning</summary>" in page
        assert "not kept: larger than 64 MB" in page

    @pytest.mark.parametrize("form", ["html", "md", "text"])
    def test_what_a_server_wrote_is_text(self, store: Store, demo: Chatmgr, form: str) -> None:
        evil = '"><script>alert(1)</script>\x1b[31m\n# not a heading'
        citation = {"end": 1, "url": f"javascript:{evil}", "title": evil, "quote": evil}
        answered(
            store,
            "Hi.",
            item("text", {"text": "Hi.", "citations": [citation]}),
            item("tool_call", {"name": evil, "arguments": evil, "output": evil}),
            item("image", {"name": evil, "content_type": "text/html"}, data=evil.encode()),
            Item(ItemKind.OTHER, {"type": evil}),
            name="evil",
        )
        text = demo("export", "evil", "--format", form).out
        assert "\x1b" not in text
        assert form == "html" or "\n# not" not in text
        if form == "html":
            assert "<script>alert" not in text
            assert 'href="javascript' not in text
