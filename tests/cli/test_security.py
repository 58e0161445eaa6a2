"""Keys are never shown or stored with the data; files are their owner's alone; a model is not trusted."""

import json
import re
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.commands import CHATMGR, Chatmgr, CommandResult
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
        requests = [
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
        everything = "".join(done.out + done.err for done in requests)
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
        with WireServer(reply=lambda _messages, _instructions: HOSTILE, split=list) as running:
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


class TestCredentialsThatAreTyped:
    """In an address, a parameter or an argument: they are not kept, and not repeated."""

    PASSWORD = "hunter2-Zq8mW2vK5t"

    @pytest.fixture
    def anything_goes(self) -> Iterator[WireServer]:
        """A server that is also called with the wrong authorization, or at the wrong path."""
        with WireServer() as running:
            yield running

    def unknown(self, chatmgr: Chatmgr, *done: CommandResult) -> None:
        shown = [
            chatmgr.start(*line.split()).wait()
            for line in (
                *(
                    "provider list",
                    "provider list --json",
                    "provider show openai",
                    "provider show openai --json",
                ),
                *(
                    "assistant list --json",
                    "assistant show demo --json",
                    "assistant show demo",
                    "runs --json",
                ),
                *("history demo --runs --json", "thread show demo --json", "thread show demo"),
                *("export --all --format jsonl", "export --all --format json", "models --provider openai"),
            )
        ]
        assert self.PASSWORD not in "".join(result.out + result.err for result in (*done, *shown))
        for path in chatmgr.home.rglob("*"):
            assert not path.is_file() or self.PASSWORD.encode() not in path.read_bytes(), path

    @pytest.mark.parametrize("form", ["user", "user alone", "query", "other query", "nobody there"])
    def test_in_the_address_of_openai(self, chatmgr: Chatmgr, anything_goes: WireServer, form: str) -> None:
        host = anything_goes.base_url.removeprefix("http://")
        url = {
            "user": f"http://me:{self.PASSWORD}@{host}",
            "user alone": f"http://{self.PASSWORD}@{host}",
            "query": f"http://{host}?api-version=1&api-key={self.PASSWORD}",
            "other query": f"http://{host}?code={self.PASSWORD}",
            "nobody there": f"http://me:{self.PASSWORD}@127.0.0.1:9/v1?key={self.PASSWORD}",
        }[form]
        chatmgr.env.update(OPENAI_BASE_URL=url, OPENAI_API_KEY=SECRET)
        chatmgr.home.mkdir(mode=0o700)
        (chatmgr.home / "config.toml").write_text("retry_seconds = 0.1\nrecover_seconds = 0.1\n", "utf-8")
        begun = chatmgr.start("new", "demo", "hi", "-i", "x", "-m", "gpt-4.1", "--provider", "openai").wait()
        sent = chatmgr.start("--debug", "send", "demo", "again").wait()
        tested = chatmgr.start("provider", "test", "openai").wait()
        self.unknown(chatmgr, begun, sent, tested)

    def test_a_server_repeats_the_password_of_its_address(self, chatmgr: Chatmgr) -> None:
        answer = f"You are me:{self.PASSWORD}, I say."
        with WireServer(reply=lambda _messages, _instructions: answer) as server:
            url = server.base_url.replace("://", f"://me:{self.PASSWORD}@")
            chatmgr.env.update(OPENAI_BASE_URL=url, OPENAI_API_KEY=SECRET)
            done = chatmgr.start(
                "new", "demo", "hi", "-i", "x", "-m", "gpt-4.1", "--provider", "openai"
            ).wait()
            self.unknown(chatmgr, done)

    def test_in_what_was_stored_by_an_earlier_version(self, talking: Chatmgr) -> None:
        with closing(sqlite3.connect(talking.home / "chatmgr.db")) as db, db:
            db.execute("UPDATE threads SET endpoint = ?", (f"http://me:{self.PASSWORD}@host/v1?key=x",))
            params = json.dumps({"api_key": self.PASSWORD, "headers": [{"Authorization": self.PASSWORD}]})
            db.execute("UPDATE assistant_versions SET params = ?", (params,))
        shown = [
            talking(*line.split()).out
            for line in (
                *("assistant show demo", "assistant show demo --json", "thread show demo --json"),
                *("export demo --format json", "export demo --format jsonl"),
            )
        ]
        assert self.PASSWORD not in "".join(shown)
        assert '"api_key": "…"' in shown[1]

    @pytest.mark.parametrize(
        "param",
        [
            "api_key={}",
            "extra.api-key={}",
            'extra_headers={{"Authorization": "Bearer {}"}}',
            "metadata.OPENAI_API_KEY={}",
            "client_secret={}",
            "user=sk-{}",
            "sk-{}",
        ],
    )
    def test_in_a_parameter(self, talking: Chatmgr, param: str) -> None:
        typed = param.format(self.PASSWORD)
        requests = [
            talking.refused(2, "assistant", "new", "other", "-i", "x", "--param", typed),
            talking.refused(2, "assistant", "edit", "demo", "--param", typed),
            talking.refused(2, "new", "second", "hi", "-i", "x", "--provider", "wire", "--param", typed),
        ]
        assert self.PASSWORD not in "".join(requests)
        assert "config set-key" in requests[0] or "key=value" in requests[0]
        self.unknown(talking)

    def test_parameters_that_only_sound_like_it(self, talking: Chatmgr) -> None:
        schema = '{"type": "object", "properties": {"password": {"type": "string"}}}'
        for param in ("max_tokens=20", "prompt_cache_key=abc", f"response_format.json_schema={schema}"):
            talking("assistant", "edit", "demo", "--param", param)
        [assistant] = talking.json("assistant", "show", "demo")
        assert assistant["params"]["prompt_cache_key"] == "abc"
        assert "password" in assistant["params"]["response_format"]["json_schema"]["properties"]

    @pytest.mark.parametrize(
        "words", ["wire {}", "{}", "wire --key {}", "wire --key={}", "openai= {}", "--api-key={}"]
    )
    def test_as_an_argument_of_set_key(self, chatmgr: Chatmgr, words: str) -> None:
        error = chatmgr.refused(2, "config", "set-key", *words.format(self.PASSWORD).split())
        assert "A key is never an argument" in error
        assert self.PASSWORD not in error
        assert not (chatmgr.home / "keys.json").exists()

    def test_in_the_place_of_a_variables_name(self, chatmgr: Chatmgr) -> None:
        words = ("provider", "add", "x", "--api", "completions", "--base-url", "http://127.0.0.1:9/v1")
        for key in (self.PASSWORD, "gsk_abcdefghij1234567890"):
            error = chatmgr.refused(2, *words, "--key-env", key)
            assert key not in error
            assert "config set-key x" in error

    def test_errors_repeat_no_key_that_was_typed(self, chatmgr: Chatmgr) -> None:
        for words in (("provider", "test", "openai", SECRET), (SECRET,), ("models", "--provider", SECRET)):
            assert SECRET[3:] not in chatmgr.start(*words).wait().err
        url = f"http://me:{self.PASSWORD}@127.0.0.1:9/x.txt?sig={self.PASSWORD}"
        done = chatmgr.start("new", "demo", "hi", "-i", "x", "--provider", "ollama", "-f", url).wait()
        assert self.PASSWORD not in done.out + done.err
