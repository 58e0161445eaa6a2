"""PostgreSQL is restarted under a chat, an answer and an open connection: nothing is lost."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatmgr.store.writer import Writer
from tests.support import postgres
from tests.support.commands import AHEAD, TURN
from tests.support.processes import PATIENCE, Home, until
from tests.support.screen import ENTER, Screen, environment
from tests.support.store import Store
from tests.wire import Fault, Gate, WireServer

APIS = ("completions", "responses", "assistants")
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def own_server() -> Iterator[postgres.Server]:
    """A server that no other test uses."""
    with postgres.running(f"restarts-{os.getpid()}") as running:
        yield running


@pytest.fixture
def own_url(own_server: postgres.Server) -> Iterator[str]:
    """A database of it, of today's schema."""
    own_server.start()
    with own_server.database() as url:
        Writer(url).close()
        try:
            yield url
        finally:
            own_server.start()


@pytest.fixture
def restarted_home(own_url: str, tmp_path: Path) -> Iterator[Home]:
    """A home whose database is on that server."""
    with Home(tmp_path / "home", own_url) as home:
        yield home


def _restart(server: postgres.Server) -> None:
    server.stop()
    server.start()


def test_open_connections_are_checked_before_use(own_server: postgres.Server, own_url: str) -> None:
    store = Store(own_url)
    store.answer("hello", "hi")
    with store.reader as reader:
        assert reader.meta.counts().turns == 1
        _restart(own_server)
        assert reader.meta.counts().turns == 1
        store.answer("more", "yes")
        assert reader.meta.counts().turns == 2
    store.close()


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("words", [1, 5])
def test_an_answer_is_kept_whole(
    own_server: postgres.Server, restarted_home: Home, api: str, words: int
) -> None:
    """The server goes away within an answer, and is back when its end has been waiting for a while."""
    with WireServer() as wire:
        restarted_home.provider(api, wire.base_url)
        restarted_home.conversation("demo", api)
        assert restarted_home.run("send", "demo", "first").code == 0
        gate = Gate()
        wire.fault(Fault(kind="gate", match=TURN[api], after=AHEAD[api] + words, gate=gate))
        running = restarted_home.start("send", "demo", "second")
        gate.wait_reached(PATIENCE)
        own_server.stop()
        gate.open()
        until(lambda: "Trying for 30 s" in running.err, "the line about waiting")
        assert not running.over
        own_server.start()
        sent = running.wait()
        assert sent.code == 0, sent.err
        assert sent.err.count("Trying for 30 s") == 1
        assert len(wire.turns_heard) == 2
    whole = "2 user turns; you said: 'second'"
    assert sent.out == f"{whole}\n"
    kept = restarted_home.ask("SELECT content FROM messages WHERE role = 'assistant' ORDER BY id")
    assert kept[1:] == [(whole,)]
    assert restarted_home.ask("SELECT state FROM runs ORDER BY id") == [("completed",)] * 2


def test_an_idle_chat_survives_with_the_typed_line(
    own_server: postgres.Server, own_url: str, home: Path
) -> None:
    home.mkdir()
    with WireServer() as wire:
        table = f'[providers.wire]\napi = "responses"\nbase_url = "{wire.base_url}"\n'
        (home / "config.toml").write_text(f'provider = "wire"\n{table}', encoding="utf-8")
        env = environment(home, CHATMGR_DATABASE_URL=own_url)
        with Screen(["-m", "chatmgr", "new", "demo", "-i", ""], env, home.parent) as screen:
            screen.until("“demo” with its assistant demo at wire", at_prompt=True)
            screen.say("one")
            screen.until("1 user turns; you said: 'one'", at_prompt=True)
            _restart(own_server)
            screen.say("two")
            screen.until("2 user turns; you said: 'two'", at_prompt=True)
            own_server.stop()
            screen.say("three")
            screen.until("cannot be used")
            until(lambda: screen.read() and "❯ three" in screen.text, "the line, once more")
            own_server.start()
            screen.type(ENTER)
            screen.until("3 user turns; you said: 'three'", at_prompt=True)
            screen.say("exit()")
            assert screen.end() == 0
        assert wire.turns_heard == ["one", "two", "three"]
