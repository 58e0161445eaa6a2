"""Disks, folders, databases and settings that are not as they should be: said, and left as they are."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from chatmgr.store.migrate import HEAD
from tests.support.commands import CHATMGR, KEY, Chatmgr, one_line
from tests.wire import Fault, WireServer

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


@pytest.fixture
def api() -> str:
    return "responses"


def squeezed(chatmgr: Chatmgr, *words: str, room: int) -> list[str]:
    """A command that can make no file larger than what the database has now, and ``room`` more bytes."""
    size = sum(path.stat().st_size for path in chatmgr.home.glob("chatmgr.db*"))
    return ["sh", "-c", f'ulimit -f {(size + room) // 512}; exec "$@"', "-", *CHATMGR, *words]


class TestFullDisk:
    def test_found_out_before_anything_is_sent(self, talking: Chatmgr, wire: WireServer) -> None:
        done = talking.program(squeezed(talking, "send", "demo", room=100_000), stdin=b"x" * 600_000, code=3)
        assert str(talking.home / "chatmgr.db") in one_line(done)
        assert wire.turns_heard == talking.said() == ["one"]
        assert talking("send", "demo", "two").out == "2 user turns; you said: 'two'\n"

    def test_found_out_by_the_answer(self, talking: Chatmgr, wire: WireServer) -> None:
        wire.fault(Fault(kind="huge_delta", match=("POST", "/responses")))
        done = talking.program(squeezed(talking, "send", "demo", "two", room=200_000), code=3)
        assert "chatmgr: The database" in done.err
        assert talking.said() == ["one", "two"]
        # The run was never closed, so it is taken up: the server still has the whole answer.
        shown = talking("history", "demo@2", "--json")
        assert "is complete now" in shown.err
        [turn] = shown.json()
        assert turn["state"] == "completed"
        assert turn["answer"].startswith("2 user turns")
        assert len(turn["answer"]) > 500_000

    @needs_full
    def test_stdout_that_takes_nothing(self, talking: Chatmgr, wire: WireServer) -> None:
        with FULL.open("wb") as full:
            done = talking("send", "demo", "two", stdout=full, code=1)
            assert "No space left on device" in one_line(done)
            assert "No space left" in one_line(talking("history", stdout=full, code=1))
            assert "No space left" in one_line(talking("--help", stdout=full, code=1))
        turn = talking.turn("demo@2")
        assert (turn["state"], turn["answer"]) == ("completed", "2 user turns; you said: 'two'")
        assert wire.turns_heard == ["one", "two"]


class TestPipes:
    def test_a_reader_that_leaves_does_not_end_the_turn(self, talking: Chatmgr, wire: WireServer) -> None:
        wire.fault(Fault(kind="huge_delta", match=("POST", "/responses")))
        piped = talking.program(["sh", "-c", '"$@" | head -c1', "-", *CHATMGR, "send", "demo", "two"])
        assert (piped.out, piped.err) == ("2", "")
        wire.wait_idle()
        assert talking.turn("demo@2")["state"] == "completed"

    @pytest.mark.parametrize(
        "words", [("history", "demo"), ("history", "demo", "--json"), ("send", "demo", "3")]
    )
    def test_its_exit_code_is_0(self, talking: Chatmgr, wire: WireServer, words: tuple[str, ...]) -> None:
        wire.fault(Fault(kind="huge_delta", match=("POST", "/responses")))
        talking("send", "demo", "two")
        script = '{ "$@"; echo $? >code; } | head -n1 >/dev/null'
        assert talking.program(["sh", "-c", script, "-", *CHATMGR, *words]).err == ""
        assert (talking.home.parent / "code").read_text() == "0\n"


def at_file(parent: Path) -> Path:
    (parent / "file").write_text("mine")
    return parent / "file"


def at_link(parent: Path) -> Path:
    (parent / "link").symlink_to(parent / "nowhere" / "at-all")
    return parent / "link"


def at_loop(parent: Path) -> Path:
    (parent / "loop").symlink_to(parent / "loop")
    return parent / "loop"


PLACES: list[Callable[[Path], Path]] = [at_file, at_link, at_loop, lambda parent: Path("/proc/chatmgr")]


def powerless() -> tuple[str, ...] | None:
    """The words before a command that make root respect the rights of files; None where there are none."""
    if os.geteuid() != 0:
        return ()
    powers = "-dac_override,-dac_read_search"
    program = shutil.which("setpriv")
    return (program, f"--bounding-set={powers}", f"--inh-caps={powers}") if program else None


POWERLESS = powerless()


class TestFolder:
    """Folders that nobody can have, root neither; and one that may only be read."""

    @pytest.mark.parametrize("place", PLACES, ids=["file", "link", "loop", "proc"])
    def test_that_cannot_be(self, chatmgr: Chatmgr, wire: WireServer, place: Callable[[Path], Path]) -> None:
        home = str(place(chatmgr.home.parent))
        env = {"CHATMGR_HOME": home, "OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": wire.base_url}
        code = 7 if home.endswith(("file", "loop")) else 3  # 7 where even the settings cannot be looked for
        assert home in chatmgr.refused(code, "new", "demo", "hi", "-i", "x", "--provider", "openai", env=env)
        assert home in chatmgr.refused(7, "config", "set-key", "openai", stdin=b"sk-1234\n", env=env)
        assert home in chatmgr.refused(
            7, "provider", "add", "x", "--api", "completions", "--base-url", "http://x", env=env
        )
        assert wire.turns_heard == []

    def test_a_file_in_its_place_is_not_an_empty_one(self, chatmgr: Chatmgr) -> None:
        home = str(at_file(chatmgr.home.parent))
        assert "Not a directory" in chatmgr.refused(3, "history", env={"CHATMGR_HOME": home})

    def test_one_that_is_not_there_yet_is_empty(self, chatmgr: Chatmgr) -> None:
        path = chatmgr.home / "chatmgr.db"
        assert chatmgr("history").err == f"No conversations yet in {path}. Begin one: chatmgr new\n"
        assert chatmgr("stats").err == f"No turns yet in {path}. Begin: chatmgr new\n"
        url = {"CHATMGR_DATABASE_URL": "sqlite:////nonexistent/x.db"}
        assert "No conversations yet in /nonexistent/x.db." in chatmgr("history", env=url).err
        home = {"CHATMGR_HOME": "", "HOME": str(chatmgr.home.parent)}
        assert chatmgr("history", env=home).err == "No conversations yet. Begin one: chatmgr new\n"
        assert chatmgr.json("assistant", "list") == chatmgr.json("history") == []
        assert not chatmgr.home.exists()

    @pytest.mark.skipif(POWERLESS is None, reason="root may write anywhere, and setpriv is not here")
    def test_read_only(self, talking: Chatmgr, wire: WireServer) -> None:
        assert POWERLESS is not None
        (talking.home / "chatmgr.db").chmod(0o400)
        talking.home.chmod(0o500)
        try:
            assert talking.program([*POWERLESS, *CHATMGR, "history", "demo"]).out.startswith("demo@1")
            done = talking.program([*POWERLESS, *CHATMGR, "send", "demo", "two"], code=3)
            assert f"{talking.home}/chatmgr.db cannot be used" in one_line(done)
            talking.home.chmod(0)
            done = talking.program([*POWERLESS, *CHATMGR, "history"], code=3)
            assert "Permission denied" in one_line(done)
        finally:
            talking.home.chmod(0o700)
        assert wire.turns_heard == talking.said() == ["one"]


COMMANDS = [("history",), ("send", "demo", "hi"), ("db", "status"), ("db", "check"), ("assistant", "list")]


class TestDatabase:
    @pytest.mark.parametrize(
        "words", [*COMMANDS, ("new", "x", "hi", "-a", "y"), ("resume",), ("db", "upgrade")]
    )
    def test_that_is_none(self, chatmgr: Chatmgr, words: tuple[str, ...]) -> None:
        path = chatmgr.home / "chatmgr.db"
        path.parent.mkdir()
        path.write_bytes(b"This is a letter to my aunt.\n" * 100)
        before = path.read_bytes()
        error = chatmgr.refused(3, *words)
        assert f"{path} cannot be used: file is not a database. Move the file away" in error
        assert path.read_bytes() == before
        assert [path.name for path in chatmgr.home.iterdir()] == ["chatmgr.db"]

    def test_of_a_newer_chatmgr(self, talking: Chatmgr, wire: WireServer) -> None:
        path = talking.home / "chatmgr.db"
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("UPDATE alembic_version SET version_num = '9999'")
            db.execute("UPDATE meta SET value = '42.0' WHERE key = 'written_by'")
        before = path.read_bytes()
        for words in (*COMMANDS[:2], ("db", "upgrade"), ("db", "check")):
            error = talking.refused(4, *words)
            assert "schema 9999, written by chatmgr 42.0" in error
            assert "Nothing was changed" in error
        [status] = talking.json("db", "status")
        assert (status["schema"], status["newest_schema"]) == ("9999", HEAD)
        assert path.read_bytes() == before
        assert wire.turns_heard == ["one"]

    def test_of_another_program(self, chatmgr: Chatmgr) -> None:
        chatmgr.home.mkdir()
        with closing(sqlite3.connect(chatmgr.home / "chatmgr.db")) as db, db:
            db.execute("CREATE TABLE recipes (name TEXT)")
        assert "some other program" in chatmgr.refused(4, "history")
        assert chatmgr.rows("SELECT name FROM sqlite_master") == [("recipes",)]

    @pytest.mark.parametrize(
        ("url", "code"),
        [
            ("foo", 7),
            ("mysql://me:hush@x/y", 7),
            ("postgresql://me:hush@127.0.0.1:9/y", 3),
            ("/tmp/some.db", 7),
        ],
    )
    def test_elsewhere(self, chatmgr: Chatmgr, url: str, code: int) -> None:
        error = chatmgr.refused(code, "history", env={"CHATMGR_DATABASE_URL": url})
        assert "hush" not in error
        assert ("no database that chatmgr knows" in error) is (code == 7)

    def test_a_copy_goes_where_a_folder_is_and_no_file(self, talking: Chatmgr) -> None:
        folder = talking.home.parent / "none"
        error = talking.refused(2, "db", "backup", str(folder / "copy.db"))
        assert f"Create the folder {folder} first" in error
        assert not folder.exists()
        mine = at_file(talking.home.parent)
        assert "exists already. Name another file." in talking.refused(2, "db", "backup", str(mine))
        assert mine.read_text() == "mine"

    def test_after_care(self, talking: Chatmgr) -> None:
        assert talking("db", "check").out == "The database is intact.\n"
        copy = Path(talking("db", "backup").out.strip())
        assert copy.stat().st_mode & 0o777 == 0o600
        [status] = talking.json("db", "status")
        assert (status["conversations"], status["turns"], status["assistants"]) == (1, 1, 1)
        with closing(sqlite3.connect(talking.home / "chatmgr.db")) as db, db:
            db.execute("UPDATE conversations SET turns = 7")
        assert "“demo” counts 7 turns and has 1" in talking.refused(3, "db", "check")


class TestSettings:
    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("\n\nprovider = \n", "(at line 3"),
            ("tail = 3\ntail = 4\n", "line 2"),
            ("# tails\ntail = 'long'\n", "line 2: “tail” must be a whole number, not 'long'"),
            ("tail = true\n", "line 1: “tail” must be a whole number, not True"),
            ("tail = -1\n", "line 1: “tail” must be between 0 and"),
            ("timeout = nan\n", "line 1: “timeout” must be between 0 and"),
            ("provider = 3\n", "line 1: “provider” must be text"),
            ("nonsense = 1\n", "line 1: “nonsense” is not a setting"),
            ("tails = 1\n", "“tails” is not a setting. Did you mean “tail”?"),
            (
                "[local]\n\ncontxt = 3\n",
                "line 3: “local.contxt” is not a setting. Did you mean “local.context”?",
            ),
            ("providers = 3\n", "line 1: “providers” must be tables"),
            ("[providers.w]\napi = 'soap'\n", "line 2: “providers.w.api” must be one of responses,"),
            (
                "[providers.w]\napi = 'responses'\nbase_url = 3\n",
                "line 3: “providers.w.base_url” must be text",
            ),
            ("[providers.w]\napi = 'responses'\n", "“providers.w.base_url” must begin with http"),
            ("[providers.openai]\nkey = 'x'\n", "line 2: “providers.openai.key” is not one of api,"),
            ("tail = 3\n# caf\xe9\n", "line 2 is not UTF-8"),
        ],
    )
    def test_malformed(self, chatmgr: Chatmgr, text: str, told: str) -> None:
        chatmgr.home.mkdir()
        path = chatmgr.home / "config.toml"
        path.write_bytes(text.encode("latin1"))
        error = chatmgr.refused(7, "config", "show")
        assert error.startswith(f"chatmgr: {path}")
        assert told in error
        adding = ("provider", "add", "x", "--api", "responses", "--base-url", "http://x")
        assert told in chatmgr.refused(7, *adding)
        assert path.read_bytes() == text.encode("latin1")

    def test_reading_what_is_kept_needs_none(self, talking: Chatmgr) -> None:
        (talking.home / "config.toml").write_text("tail = \n", "utf-8")
        assert len(talking.json("history", "demo")) == 1
        talking.refused(7, "send", "demo", "two")

    def test_a_malformed_key_file(self, talking: Chatmgr) -> None:
        (talking.home / "keys.json").write_text("{", "utf-8")
        assert "keys.json cannot be read" in talking.refused(7, "send", "demo", "two", env={"WIRE_KEY": ""})
        assert talking("send", "demo", "two").err == ""  # the variable goes first
