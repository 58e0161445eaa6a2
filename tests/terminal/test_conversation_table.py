"""The table of conversations: what each is about, in the width there is; every column where nobody looks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chatmgr.domain.model import Conversation
from chatmgr.terminal.conversation_table import conversation_table
from chatmgr.terminal.durations import age
from chatmgr.terminal.sanitize import display_width

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _conversation(name: str, opening: str = "", **facts: object) -> Conversation:
    made = Conversation(
        *(1, "0123456789abcdef", name, "", "default", 1, "gpt-6-luna", "openai", "", 12, "completed"),
        *(NOW - 3 * HOUR, NOW - 3 * HOUR),
    )
    return replace(made, opening=opening, **facts)  # type: ignore[arg-type]


FREEZE = _conversation("gc-freeze", "What does gc.freeze() do, and when would I use it before a fork?")
TAXES = _conversation("taxes-2026", title="Deducting a home office", turns=48, updated_at=NOW)
POEMS = _conversation("old-poems", "Haiku about compilers", turns=7, paths=2, model="local")
KYOTO = _conversation("京都の旅", "東京から京都まで、一番安い行き方を教えてください。", state="interrupted")
ALL = [FREEZE, TAXES, POEMS, KYOTO]


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")


def test_the_list_at_80_columns() -> None:
    assert list(conversation_table(ALL, NOW, width=80)) == [
        "NAME        ABOUT                                   TURNS  MODEL       LAST USED",
        "gc-freeze   What does gc.freeze() do, and when wo…     12  gpt-6-luna  3 hours",
        "taxes-2026  Deducting a home office                    48  gpt-6-luna  now",
        "old-poems   ✂ 2 paths · Haiku about compilers           7  local       3 hours",
        "京都の旅    broke off · 東京から京都まで、一番安…      12  gpt-6-luna  3 hours",
    ]


@pytest.mark.parametrize("width", [8, 20, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = list(conversation_table([*ALL, _conversation("x" * 90, "y" * 201)], NOW, width=width))
    assert len(lines) == 6
    assert max(map(display_width, lines)) <= width
    assert all(line.startswith(("NAME", "gc", "tax", "old", "京", "xxx")) for line in lines)


def test_a_wide_terminal_shows_the_whole_and_no_more() -> None:
    _, first, *_ = conversation_table(ALL, NOW, width=200)
    assert FREEZE.opening in first
    assert display_width(first) < 120


def test_columns_that_say_nothing_are_left_out() -> None:
    head, *_ = conversation_table(ALL, NOW, width=200)
    assert head.split() == ["NAME", "ABOUT", "TURNS", "MODEL", "LAST", "USED"]
    own = replace(FREEZE, assistant=FREEZE.name)  # an assistant that is called like its conversation
    head, *_ = conversation_table([own, TAXES], NOW, width=200)
    assert "ASSISTANT" not in head
    mixed = [replace(TAXES, tags=("money",), assistant="clerk"), replace(POEMS, provider="wire"), own]
    head, *rows = conversation_table(mixed, NOW, width=200)
    assert head.split() == [
        *("NAME", "ABOUT", "TURNS", "TAGS", "ASSISTANT", "MODEL", "PROVIDER", "LAST", "USED")
    ]
    assert rows[0].split()[-6:] == ["48", "money", "clerk", "gpt-6-luna", "openai", "now"]


def test_how_an_answer_ended_stands_beside_the_name_in_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    ends = ("interrupted", "requires_action", "incomplete", "failed", "cancelled", "completed")
    listed = [
        replace(FREEZE, opening="Hi", state=state, paths=2 if state == "failed" else 1) for state in ends
    ]
    listed.append(replace(FREEZE, opening="", turns=0, state="empty"))
    abouts = [line[len("gc-freeze  ") :].split("  ")[0] for line in conversation_table(listed, NOW, width=80)]
    assert abouts[1:] == [
        "\x1b[33mbroke off\x1b[0m · Hi",
        "\x1b[33mwaits for you\x1b[0m · Hi",
        "\x1b[33mcut off\x1b[0m · Hi",
        "\x1b[31mfailed\x1b[0m · \x1b[2m✂ 2 paths\x1b[0m · Hi",
        "\x1b[2mstopped\x1b[0m · Hi",
        "Hi",
        "\x1b[2mno turns yet\x1b[0m",
    ]


def test_a_pipe_gets_every_column_uncut() -> None:
    head, first, *_ = conversation_table([replace(FREEZE, tags=("a", "b")), POEMS], NOW)
    assert head.split() == [
        *("NAME", "TURNS", "ASSISTANT", "MODEL", "PROVIDER", "STATE", "LAST", "USED", "TAGS", "ABOUT")
    ]
    assert first.endswith(f"completed  3 hours    a b   {FREEZE.opening}")
    assert list(conversation_table([], NOW)) == list(conversation_table([], NOW, width=80)) == []


@pytest.mark.parametrize(
    ("about", "model"), [("Say hi.", "smollm2-135m-instruct"), ("word " * 30, "smollm2-135m-in…")]
)
def test_a_model_is_cut_only_where_its_columns_are_needed(about: str, model: str) -> None:
    [_, row] = conversation_table(
        [_conversation("demo", about, model="smollm2-135m-instruct")], NOW, width=80
    )
    assert model in row.split()
    assert display_width(row) <= 80


def test_the_trash_tells_ids_and_when() -> None:
    deleted = replace(TAXES, deleted_at=NOW - 26 * HOUR)
    head, row = conversation_table([deleted], NOW, width=100, deleted=True)
    assert head.split() == ["NAME", "ABOUT", "TURNS", "MODEL", "ID", "DELETED"]
    assert row.split()[-3:] == [deleted.id, "1", "day"]


def test_nothing_hostile_and_one_line() -> None:
    [_, row] = conversation_table([_conversation("demo", "a\x1b[2Jb\n\n\u202ec\td")], NOW, width=80)
    assert "a␛[2Jb <202E>c d" in row


def test_what_it_is_about() -> None:
    assert _conversation("demo", "  one\n two ").about == "one two"
    assert _conversation("demo", "x" * 201).about == "x" * 200 + "…"
    assert _conversation("demo", "x" * 200).about == "x" * 200
    assert _conversation("demo", "words", title="A title").about == "A title"


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(seconds=-5), "now"),
        (timedelta(seconds=59), "now"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=59), "59 minutes"),
        (timedelta(hours=23), "23 hours"),
        (timedelta(days=6), "6 days"),
        (timedelta(days=30), "28 October"),
        (timedelta(days=400), "October 2025"),
    ],
)
def test_ages_in_words(before: timedelta, words: str) -> None:
    assert age(NOW - before, NOW) == words
