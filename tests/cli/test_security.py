"""Keys are never shown or stored with the data; files are their owner's alone; a model is not trusted."""

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import CHATMGR, Chatmgr
from tests.wire import Fault, WireServer

SECRET = "sk-proj-Zq8mW2vK5tR7xN4b"
HOSTILE = (
    "\x1b[2J\x1b[31mred \x1b]52;c;aGVsbG8=\x07 \x1b]0;title\x1b\\ \x1bP1$r0m\x1b\\ \x9b31m \x9d8;;http://x\x9c"
    " \u202egnp.exe\u202c \u2066hid\u2069 zero\u200bwidth \ufeff bell\x07 back\x08\x7f over\rwrite\ttab\nline"
)
DANGEROUS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff]")


@pytest.fixture
def api() -> str:
    return "completions"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestKeys:
    def test_kept_where_only_the_owner_reads(self, talking: Chatmgr, wire: WireServer) -> None:
        kept = talking("config", "set-key", "wire", stdin=f"{SECRET}\n".encode(), env={"WIRE_KEY": ""})
        assert SECRET not in kept.out + kept.err
        assert talking("send", "demo", "two", env={"WIRE_KEY": ""}).err == ""
        for path in talking.home.iterdir():
            assert mode(path) == 0o600, path
            assert (SECRET.encode() in path.read_bytes()) == (path.name == "keys.json"), path
        assert mode(talking.home) == 0o700

    def test_never_shown(self, talking: Chatmgr, wire: WireServer) -> None:
        wire.wrong_keys.add(SECRET)
        env = {"WIRE_KEY": SECRET}
        said = [
            talking(*words, env=env, code=code)
            for words, code in (
                (("provider", "show", "wire"), 0),
                (("provider", "show", "wire", "--json"), 0),
                (("provider", "list", "--json"), 0),
                (("config", "show", "--json"), 0),
                (("config", "path"), 0),
                (("--debug", "send", "demo", "two"), 7),
                (("--debug", "provider", "test", "wire"), 7),
                (("history", "demo", "--json"), 0),
            )
        ]
        everything = "".join(done.out + done.err for done in said)
        assert "WIRE_KEY" in everything
        for at in range(len("sk-proj-"), len(SECRET) - 3):
            assert SECRET[at : at + 4] not in everything
        assert all(SECRET.encode() not in path.read_bytes() for path in talking.home.iterdir())

    @pytest.mark.parametrize("key", [b"", b"\n", b"  \n", "schl\u00fcssel\n".encode(), b"a\x1bb\n"])
    def test_that_are_none(self, chatmgr: Chatmgr, key: bytes) -> None:
        assert "not a key" in chatmgr.refused(7, "config", "set-key", stdin=key)
        assert not chatmgr.home.exists()

    def test_bytes_that_are_no_text(self, chatmgr: Chatmgr) -> None:
        assert "not a key" in chatmgr.refused(7, "config", "set-key", stdin=b"\xff\xfe\n")

    def test_the_variable_goes_first_and_says_so(self, talking: Chatmgr) -> None:
        assert "WIRE_KEY is also set" in talking("config", "set-key", "wire", stdin=b"abc123\n").err

    def test_openai_headers_stay_with_openai(self, talking: Chatmgr, wire: WireServer) -> None:
        env = {"OPENAI_ORG_ID": "org-mine", "OPENAI_PROJECT_ID": "proj-mine", "OPENAI_API_KEY": SECRET}
        talking("send", "demo", "two", env=env)
        assert not {"openai-organization", "openai-project"} & set(wire.requests[-1].headers)


class TestFiles:
    def test_are_private_whatever_the_umask(self, chatmgr: Chatmgr, wire: WireServer) -> None:
        words = ("provider", "add", "wire", "--api", "completions", "--base-url", wire.base_url)
        command = ("sh", "-c", 'umask 0; "$@"', "-", *CHATMGR)
        chatmgr.program([*command, *words])
        chatmgr.program([*command, "new", "demo", "hi", "-i", "x", "--provider", "wire"])
        assert mode(chatmgr.home) == 0o700
        assert {mode(path) for path in chatmgr.home.iterdir()} == {0o600}

    def test_an_open_database_is_closed_to_others(self, talking: Chatmgr) -> None:
        path = talking.home / "chatmgr.db"
        path.chmod(0o644)
        talking("send", "demo", "two")
        assert mode(path) == 0o600


class TestHostileOutput:
    @pytest.fixture
    def wire(self) -> Iterator[WireServer]:
        with WireServer(reply=lambda said, told: HOSTILE, split=list) as running:
            yield running

    def test_neutralised_in_text_exact_in_json(self, talking: Chatmgr) -> None:
        sent = talking("send", "demo", "two")
        shown = talking("history", "demo@2")
        for done in (sent, shown):
            assert not DANGEROUS.search(done.out), DANGEROUS.findall(done.out)
            assert "␛[31mred ␛]52;c;aGVsbG8=␇" in done.out
            assert "<202E>gnp.exe<202C>" in done.out
            assert "\ttab\nline" in done.out
        assert talking.turn("demo@2")["answer"] == HOSTILE

    def test_neutralised_in_notes_and_errors(self, talking: Chatmgr, wire: WireServer) -> None:
        fault = Fault(kind="status", match=("POST", "/chat/completions"), status=400, message=HOSTILE)
        wire.fault(fault)
        assert not DANGEROUS.search(talking.refused(8, "send", "demo", "two"))
        assert not DANGEROUS.search(talking("history", "demo@2").out)


def test_hostile_instructions_and_parameters(chatmgr: Chatmgr) -> None:
    chatmgr("assistant", "new", "demo", "-i", HOSTILE, "--param", f"stop={HOSTILE}")
    for words in (("assistant", "show", "demo"), ("assistant", "list")):
        assert not DANGEROUS.search(chatmgr(*words).out)
    assert chatmgr.json("assistant", "show", "demo")[0]["instructions"] == HOSTILE
