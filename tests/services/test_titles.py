"""Titles: made by the model beside the conversation, after its first answer, and never in anybody's way."""

import sqlite3
from contextlib import closing

import pytest

from chatmgr.domain.model import Provider
from chatmgr.services.providers import is_private
from chatmgr.services.titles import clean_title
from tests.support.commands import TURN, Chatmgr
from tests.wire import Fault, Gate, WireServer
from tests.wire.parts import Said
from tests.wire.world import echo

TITLE = "Hello in three words"
NEW = ("new", "demo", "--provider", "wire", "one")
ASKED = {"responses": "/responses", "assistants": "/chat/completions", "completions": "/chat/completions"}


class Namer:
    """The model: echoes what it is told, and names conversations when it is asked to."""

    def __init__(self, title: str = TITLE) -> None:
        self.title = title
        self.asked: list[str] = []

    def __call__(self, messages: list[Said], instructions: str | None) -> str:
        if "name conversations" not in (instructions or ""):
            return echo(messages, instructions)
        self.asked.append(messages[-1][1])
        return self.title


def titled(chatmgr: Chatmgr, settings: str = "titles_private = true\ntitle_seconds = 60.0") -> None:
    """Write more settings before the tables of the file."""
    path = chatmgr.home / "config.toml"
    path.write_text(f"{settings}\n{path.read_text('utf-8')}", "utf-8")


@pytest.fixture
def namer(wire: WireServer) -> Namer:
    made = Namer()
    wire.world.reply = made
    return made


@pytest.fixture
def naming(chatmgr: Chatmgr, wire: WireServer, namer: Namer, api: str) -> Chatmgr:
    """chatmgr on each API, with titles at private servers too."""
    chatmgr.provider(api, wire.base_url)
    titled(chatmgr)
    return chatmgr


@pytest.fixture
def responding(chatmgr: Chatmgr, wire: WireServer, namer: Namer) -> Chatmgr:
    """The same on one API, where another would show nothing new."""
    chatmgr.provider("responses", wire.base_url)
    titled(chatmgr)
    return chatmgr


def title(chatmgr: Chatmgr) -> str | None:
    [document] = chatmgr.json("history")
    assert document["name"] == "demo"
    return document["title"] and str(document["title"])


def test_the_first_answer_brings_a_title(naming: Chatmgr, wire: WireServer, namer: Namer, api: str) -> None:
    """One small request that names no thread and is kept nowhere; the transcript knows nothing of it."""
    done = naming(*NEW)
    assert done.out == "1 user turns; you said: 'one'\n"
    assert TITLE not in done.err
    assert title(naming) == TITLE
    assert namer.asked == ["User: one\n\nAssistant: 1 user turns; you said: 'one'"]
    request = wire.requests[-1]
    assert request.path == ASKED[api]
    body = request.body
    assert not {"conversation", "previous_response_id", "stream", "background"} & set(body)
    if api == "responses":
        assert (body["store"], body["max_output_tokens"]) == (False, 24)
        [thread] = wire.conversations.values()
        assert len(thread.items) == 2
    else:
        assert body["max_tokens"] == 24
    assert naming.rows("SELECT count(*) FROM runs") == [(1,)]
    naming("send", "demo", "two")
    assert naming("send", "demo", "three").out == "3 user turns; you said: 'three'\n"
    assert len(namer.asked) == 1
    assert [hit["turn"] for hit in naming.json("history", "-q", "words")] == [None]


def test_none_at_a_private_server_unless_asked(
    chatmgr: Chatmgr, wire: WireServer, namer: Namer, api: str
) -> None:
    chatmgr.provider(api, wire.base_url)
    chatmgr(*NEW)
    assert (title(chatmgr), namer.asked) == (None, [])


def test_none_where_they_are_off(responding: Chatmgr, namer: Namer) -> None:
    titled(responding, "titles = false")
    responding(*NEW)
    assert (title(responding), namer.asked) == (None, [])


def test_a_title_of_somebody_s_own_stays(responding: Chatmgr, namer: Namer) -> None:
    namer.title = ""
    responding(*NEW)
    with closing(sqlite3.connect(responding.home / "chatmgr.db")) as db, db:
        db.execute("UPDATE conversations SET title = 'Mine'")
    namer.title = TITLE
    responding("send", "demo", "two")
    assert (title(responding), len(namer.asked)) == ("Mine", 1)


def test_it_is_tried_three_times_at_most(responding: Chatmgr, namer: Namer) -> None:
    namer.title = "Here is a title:\n\n" + "words and words " * 9
    for number in range(1, 6):
        done = responding(*NEW) if number == 1 else responding("send", "demo", "more")
        assert done.err.count("\n") == 0, done.err
        assert len(namer.asked) == min(number, 3)
    assert title(responding) is None


def test_a_failure_is_silent_and_tried_again(
    naming: Chatmgr, wire: WireServer, namer: Namer, api: str
) -> None:
    """The request after the turn's fails; where it is one of the same kind, that is the second."""
    nth = 2 if TURN[api][1] == ASKED[api] else 1
    wire.fault(Fault(kind="status", match=("POST", ASKED[api]), nth=nth, status=500, heard=False))
    done = naming(*NEW)
    assert (done.out, done.err) == ("1 user turns; you said: 'one'\n", "")
    assert title(naming) is None
    naming("send", "demo", "two")
    assert title(naming) == TITLE
    assert namer.asked[-1].startswith("User: one\n")  # it is about how it began


def test_a_model_that_does_not_reason_is_not_told_to_leave_it(responding: Chatmgr, wire: WireServer) -> None:
    refused = "Unsupported parameter: 'reasoning.effort' is not supported with this model."
    wire.fault(Fault(kind="status", match=TURN["responses"], nth=2, times=2, status=400, message=refused))
    responding(*NEW)
    assert title(responding) == TITLE
    told = [request.body.get("reasoning") for request in wire.requests if request.path == "/responses"]
    assert told == [None, {"effort": "none"}, {"effort": "minimal"}, None]


def test_a_slow_title_is_not_waited_for(responding: Chatmgr, wire: WireServer) -> None:
    path = responding.home / "config.toml"
    path.write_text(path.read_text("utf-8").replace("title_seconds = 60.0", "title_seconds = 0.1"), "utf-8")
    gate = Gate()
    wire.fault(Fault(kind="gate", match=TURN["responses"], nth=2, gate=gate))
    done = responding(*NEW)  # ends though the gate is closed
    assert (done.out, done.err) == ("1 user turns; you said: 'one'\n", "")
    gate.open()
    assert title(responding) is None


def test_none_past_the_limit_of_the_cost(chatmgr: Chatmgr, wire: WireServer, namer: Namer) -> None:
    """The turn that reaches the limit is the last thing that costs."""
    chatmgr.env.update({"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": wire.base_url})
    chatmgr.home.mkdir(mode=0o700)
    (chatmgr.home / "config.toml").write_text("titles_private = true\ntitle_seconds = 60.0\n", "utf-8")
    words = ("-i", "Be brief.", "--provider", "openai", "-m", "gpt-4.1", "one")
    chatmgr("new", "cheap", *words, "--max-cost", "0.000001")
    assert namer.asked == []
    chatmgr("new", "free", *words)
    assert len(namer.asked) == 1


def test_a_conversation_without_a_name_is_called_by_its_first_words(responding: Chatmgr) -> None:
    responding("assistant", "new", "poet", "-i", "Rhyme.", "--provider", "wire")
    for _ in range(2):
        responding("new", "-a", "poet", stdin=b"Plan my trip to the sea, please\n")
    responding("new", "-a", "poet", stdin="¿Qué es la vida?".encode())
    names = [conversation["name"] for conversation in responding.json("history")]
    assert names == ["qué-es-la-vida", "plan-my-trip-to-the-2", "plan-my-trip-to-the"]


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        ("A trip to the sea", "A trip to the sea"),
        ('"A trip to the sea."', "A trip to the sea"),
        ("**Title:** “A trip to the sea”.\n\nI chose it because…", "A trip to the sea"),
        ("# The conversation title: A trip", "A trip"),
        ("Here is a title:\n\n- A trip", "A trip"),
        ("<think>The user wants\na title.</think>\nA trip", "A trip"),
        ("The user wants a title.</think>A trip", "A trip"),
        ("<think>The user wants a ti", ""),
        ("Two steps:\nfirst:\nsecond", ""),
        ("\x1b]0;pwned\x07A \u202etrip\u200b\u3164", "]0;pwnedA trip"),
        (".NET and C# basics", ".NET and C# basics"),
        ("Les œufs\u00a0: durs ou à la coque\u00a0?", "Les œufs : durs ou à la coque ?"),
        ("海への旅。", "海への旅"),
        ("x" * 60, "x" * 60),
        ("x" * 61, ""),
        ("…", ""),
        ("", ""),
    ],
)
def test_what_is_made_of_what_a_model_says(reply: str, shown: str) -> None:
    assert clean_title(reply) == shown


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("https://api.openai.com/v1", False),
        ("https://8.8.8.8/v1", False),
        ("https://[2606:4700::1111]/v1", False),
        ("http://127.0.0.1:11434/v1", True),
        ("http://localhost:8080/v1", True),
        ("http://[::1]:8080/v1", True),
        ("http://10.1.2.3/v1", True),
        ("http://192.168.0.7:1234/v1", True),
        ("http://gpu-box:8000/v1", True),
        ("http://llm.corp.internal/v1", True),
        ("http://nas.local/v1", True),
    ],
)
def test_which_providers_are_private(url: str, private: bool) -> None:
    assert is_private(Provider("mine", "completions", url)) is private
    assert is_private(Provider("local", "local"))
