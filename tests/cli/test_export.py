"""``chatmgr export`` as it is typed: what is chosen, where it goes, and what is refused."""

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from chatmgr.domain.states import RunState
from tests.cli.test_startup_imports import foreign, modules
from tests.support.commands import CHATMGR, Chatmgr
from tests.support.sample_stores import SampleStore, attachment

FORMS = {"md": "md", "json": "json", "jsonl": "jsonl", "html": "html", "text": "txt"}


@pytest.fixture(autouse=True)
def some(samples: SampleStore) -> SampleStore:
    """Two conversations; one of them is archived."""
    notes = attachment("notes.txt", "text/plain", b"12 apples")
    samples.say("demo", "How many apples?\nCount.", "Twelve.", notes)
    samples.say("demo", "Sure?", "Quite s", state=RunState.INCOMPLETE, detail="length")
    samples.say("old", "hello", "hi")
    with samples.writer.database.begin() as db:
        db.exec_driver_sql("UPDATE conversations SET archived_at = updated_at WHERE name = 'old'")
    return samples


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestChoosing:
    def test_by_name_in_the_order_named(self, chatmgr: Chatmgr) -> None:
        out = chatmgr("export", "old", "demo", "--format", "md").out
        assert out.index("# old") < out.index("# demo")

    def test_all_takes_the_archived_too(self, chatmgr: Chatmgr) -> None:
        everything = json.loads(chatmgr("export", "--all", "--format", "json").out)
        assert {conversation["name"] for conversation in everything["conversations"]} == {"demo", "old"}

    def test_filters(self, chatmgr: Chatmgr) -> None:
        for words, names in (
            (("--assistant", "tutor"), {"demo"}),
            (("--archived",), {"old"}),
            (("--file",), {"demo"}),
        ):
            document = json.loads(chatmgr("export", *words, "--format", "json").out)
            assert {conversation["name"] for conversation in document["conversations"]} == names

    def test_nothing_that_matches_is_said(self, chatmgr: Chatmgr) -> None:
        done = chatmgr("export", "--model", "none")
        assert (done.out, done.err) == ("", "No conversation matches.\n")

    def test_nothing_chosen(self, chatmgr: Chatmgr) -> None:
        assert "chatmgr export --all" in chatmgr.refused(2, "export")

    def test_names_and_filters(self, chatmgr: Chatmgr) -> None:
        assert "cannot be combined with" in chatmgr.refused(2, "export", "demo", "--all")

    def test_an_unknown_name(self, chatmgr: Chatmgr) -> None:
        assert "Did you mean “demo”?" in chatmgr.refused(5, "export", "dmeo", "--format", "json")

    def test_an_unknown_format(self, chatmgr: Chatmgr) -> None:
        chatmgr("export", "demo", "--format", "docx", code=2)


class TestStandardOutput:
    def test_text_is_what_history_prints(self, chatmgr: Chatmgr) -> None:
        assert chatmgr("export", "demo", "--format", "text").out == chatmgr("history", "demo").out

    @pytest.mark.parametrize("form", FORMS)
    def test_a_reader_that_leaves(self, chatmgr: Chatmgr, samples: SampleStore, form: str) -> None:
        samples.say("long", "x" * 300_000, "y" * 300_000)
        process = subprocess.Popen(
            [*CHATMGR, "export", "long", "--format", form],
            env=chatmgr.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout
        assert process.stderr
        process.stdout.read(10)
        process.stdout.close()
        assert (process.stderr.read(), process.wait(60)) == (b"", 0)
        process.stderr.close()

    def test_several_pages_need_a_folder(self, chatmgr: Chatmgr) -> None:
        assert "Name a folder: -o DIR/" in chatmgr.refused(2, "export", "--all", "--format", "html")

    @pytest.mark.parametrize("form", ["json", "jsonl", "text"])
    def test_loads_click_alone(self, chatmgr: Chatmgr, form: str) -> None:
        assert foreign(modules(chatmgr, "export", "demo", "--format", form)) == {"click"}


class TestFiles:
    @pytest.mark.parametrize("form", FORMS)
    def test_a_file_is_private_and_what_stdout_would_be(
        self, chatmgr: Chatmgr, tmp_path: Path, form: str
    ) -> None:
        path = tmp_path / f"out.{FORMS[form]}"
        done = chatmgr("export", "demo", "-o", str(path))
        assert (done.out, done.err) == ("", f"One conversation → {path}\n")
        assert mode(path) == 0o600
        whole, stdout = path.read_text("utf-8"), chatmgr("export", "demo", "--format", form).out
        assert len(whole) == len(stdout)
        assert whole[:20] == stdout[:20]
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []

    @pytest.mark.parametrize("form", FORMS)
    def test_a_folder(self, chatmgr: Chatmgr, samples: SampleStore, tmp_path: Path, form: str) -> None:
        for name in ("Demo", "../../etc/passwd", "con", "index", "..", "a/b\\c:d*?<e>|", "ü" * 64, "n.md"):
            samples.say(name, "hello", f"from {name}")
        folder = tmp_path / "made" / "here"
        for _ in range(2):  # ours are replaced
            force = ["--force"] if form == "text" else []  # plain text has no mark of whose it is
            chatmgr("export", "--all", "--format", form, "-o", f"{folder}/", *force)
        assert (mode(folder), mode(folder.parent)) == (0o700, 0o700)
        names = sorted(path.name for path in folder.iterdir())
        assert len({name.lower() for name in names}) == len(names) == 11
        assert sorted(path.name for path in tmp_path.iterdir() if path != chatmgr.home) == ["made"]
        assert {mode(path) for path in folder.iterdir()} == {0o600}
        stems = {name.rpartition(".")[0] for name in names}
        assert {"etc-passwd", "_con", "_index", "index", "conversation", "a-b-c-d-e", "n.md", "old"} <= stems
        index = next(path for path in folder.iterdir() if path.stem == "index").read_text("utf-8")
        assert "etc-passwd" in index

    def test_an_existing_folder_needs_no_slash(self, chatmgr: Chatmgr, tmp_path: Path) -> None:
        (tmp_path / "there").mkdir()
        chatmgr("export", "demo", "--format", "jsonl", "-o", str(tmp_path / "there"))
        listed = json.loads((tmp_path / "there" / "index.json").read_text("utf-8"))
        assert [conversation["file"] for conversation in listed["conversations"]] == ["demo.jsonl"]

    @pytest.mark.parametrize("form", FORMS)
    def test_what_is_not_ours_stays(self, chatmgr: Chatmgr, tmp_path: Path, form: str) -> None:
        path = tmp_path / "mine"
        path.write_text("my thesis", "utf-8")
        line = chatmgr.refused(2, "export", "demo", "--format", form, "-o", str(path))
        assert "was not written by chatmgr" in line
        assert "--force" in line
        assert path.read_text("utf-8") == "my thesis"
        chatmgr("export", "demo", "--format", form, "-o", str(path), "--force")
        assert "Twelve" in path.read_text("utf-8")
        assert mode(path) == 0o600

    def test_a_link_to_nowhere_is_not_ours(self, chatmgr: Chatmgr, tmp_path: Path) -> None:
        (tmp_path / "link.md").symlink_to(tmp_path / "target")
        chatmgr.refused(2, "export", "demo", "-o", str(tmp_path / "link.md"))
        assert not (tmp_path / "target").exists()

    @pytest.mark.parametrize("force", [(), ("--force",)])
    def test_devices_stay_devices(self, chatmgr: Chatmgr, tmp_path: Path, force: tuple[str, ...]) -> None:
        os.mkfifo(tmp_path / "pipe")
        chatmgr.refused(2, "export", "demo", "-o", str(tmp_path / "pipe"), *force)
        assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)

    @pytest.mark.parametrize("place", ["missing/out.md", "file/out.md", "file/", "file/deep/"])
    def test_a_place_that_cannot_be_written(self, chatmgr: Chatmgr, tmp_path: Path, place: str) -> None:
        (tmp_path / "file").touch()
        error = chatmgr.refused(2, "export", "demo", "-o", f"{tmp_path}/{place}")
        assert "cannot be written" in error
        assert error.endswith("hoose another path.")

    def test_an_ending_of_no_format(self, chatmgr: Chatmgr, tmp_path: Path) -> None:
        path = tmp_path / "out.foo"
        error = chatmgr.refused(2, "export", "demo", "-o", str(path))
        assert "“.foo” is not the extension of a format. Those are .md, .json, .jsonl, .html, .txt." in error
        assert not path.exists()
        chatmgr("export", "demo", "-o", str(path), "--format", "text")
        chatmgr("export", "demo", "-o", str(tmp_path / "out"))
        assert path.read_text("utf-8") != (tmp_path / "out").read_text("utf-8")

    def test_pages_of_several_need_a_folder(self, chatmgr: Chatmgr, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        chatmgr.refused(2, "export", "--all", "--format", "html", "-o", str(tmp_path / "file"))

    def test_what_fails_half_way_leaves_what_was_there(self, chatmgr: Chatmgr, tmp_path: Path) -> None:
        chatmgr("export", "demo", "-o", str(tmp_path / "a.md"))
        before = (tmp_path / "a.md").read_text("utf-8")
        with (chatmgr.home / "chatmgr.db").open("r+b") as file:
            file.seek(4096 * 2)
            file.write(os.urandom(4096 * 30))
        chatmgr("export", "demo", "-o", str(tmp_path / "a.md"), code=3)
        assert (tmp_path / "a.md").read_text("utf-8") == before
        assert list(tmp_path.glob(".chatmgr-*")) == []


BROWSER = "#!/bin/sh\nprintf '%s' \"$1\" > shown\n"


class TestInTheBrowser:
    def test_a_page_is_shown_and_kept_private(
        self, chatmgr: Chatmgr, samples: SampleStore, tmp_path: Path
    ) -> None:
        script = tmp_path / "browser"
        script.write_text(BROWSER, "utf-8")
        script.chmod(0o700)
        for answer in ("Twelve.", "Thirteen."):
            samples.say("demo", "Again?", answer)
            done = chatmgr.fresh("history", "demo", "--web", env={"BROWSER": f"{script} %s"})
            [page] = (chatmgr.home / "pages").iterdir()
            assert (done.out, done.err) == ("", f"{page}\n")
            assert (tmp_path / "shown").read_text("utf-8") == page.as_uri()
            assert answer in page.read_text("utf-8")
        assert (mode(page), mode(page.parent)) == (0o600, 0o700)
        chatmgr("delete", "demo")
        assert page.exists()
        chatmgr("trash", "empty", "--yes")
        assert not page.exists()

    def test_only_a_whole_conversation_is_shown(self, chatmgr: Chatmgr) -> None:
        assert "--web goes with NAME" in chatmgr.refused(2, "history", "--web")
        assert "--web goes with NAME" in chatmgr.refused(2, "history", "demo@1", "--web")

    def test_no_browser(self, chatmgr: Chatmgr, tmp_path: Path) -> None:
        env = {"BROWSER": str(tmp_path / "none"), "PATH": "", "DISPLAY": "", "WAYLAND_DISPLAY": ""}
        done = chatmgr.fresh("history", "demo", "--web", env=env, code=1)
        [page] = (chatmgr.home / "pages").iterdir()
        assert done.err == f"chatmgr: No browser can be opened here; the page is {page}. Or set BROWSER.\n"
