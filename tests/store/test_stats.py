"""Sums of turns, tokens and cost, against numbers added up by hand, on both databases."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from chatmgr.domain import periods
from chatmgr.domain.filters import Filters
from chatmgr.domain.totals import Ranking, UsageTotals
from chatmgr.services.statistics import RANKINGS, statistics
from chatmgr.store.location import sqlite_path
from tests.support.store import Store, execute, query

ALL = Filters(archived=None)
Zone = Callable[[str], None]


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Zone]:
    """Sets the time zone of the process."""

    def to(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield to
    monkeypatch.undo()
    time.tzset()


def stored(url: str, at: datetime) -> str:
    """A moment as a literal of either database."""
    text = f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
    return f"'{text}'" if sqlite_path(url) else f"'{text}+00'"


def said(store: Store, at: datetime, name: str = "plan", **of_run: object) -> int:
    """One turn said at a moment, with one run; returns the turn's key."""
    store.answer("hello", "hi", name)
    [(turn, run)] = query(store.url, "SELECT id, run_id FROM turns ORDER BY id DESC LIMIT 1")
    execute(store.url, f"UPDATE turns SET created_at = {stored(store.url, at)} WHERE id = {turn}")
    changed(store, run, **of_run)
    return int(turn)


def changed(store: Store, run: int, **values: object) -> None:
    """Change columns of a run."""
    if sets := ", ".join(f"{name} = {_literal(value)}" for name, value in values.items()):
        execute(store.url, f"UPDATE runs SET {sets} WHERE id = {run}")


def _literal(value: object) -> str:
    return "NULL" if value is None else f"'{value}'" if isinstance(value, str) else str(value)


def retried(store: Store, turn: int, **values: object) -> None:
    """Another run of a turn."""
    same = "conversation_id, assistant_version_id, provider, model, state, detail, error, thread_id, "
    same += "remote_id, sent_at, started_at, finished_at, pid, host"
    execute(
        store.url,
        f"INSERT INTO runs (turn_id, {same}) SELECT turn_id, {same} FROM runs WHERE turn_id = {turn}",
    )
    [(run,)] = query(store.url, "SELECT max(id) FROM runs")
    changed(store, run, **values)
    execute(store.url, f"UPDATE turns SET run_id = {run} WHERE id = {turn}")


MARCH = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def filled(store: Store) -> Store:
    """Four turns in two conversations and one more in the trash; the second turn was retried elsewhere."""
    known = {"sent_at": "2026-03-10 12:00:00.000000", "provider": "openai"}
    said(store, MARCH, model="a", input_tokens=100, output_tokens=10, cached_tokens=40, cost=5_000, **known)
    turn = said(store, MARCH + timedelta(days=1), model="a", input_tokens=7, output_tokens=None, **known)
    retried(
        store, turn, model="b", input_tokens=50, output_tokens=5, reasoning_tokens=2, cost=70_000, **known
    )
    said(store, MARCH + timedelta(days=1, hours=1), "draft", model="b", input_tokens=1, cost=200, **known)
    said(
        store, MARCH + timedelta(days=40), "draft", model="c", sent_at=None, provider="local", state="failed"
    )
    said(store, MARCH, "gone", model="a", input_tokens=9_000, cost=9_000, **known)
    execute(
        store.url,
        "UPDATE conversations SET deleted_at = updated_at WHERE name = 'gone'",
        "UPDATE conversations SET archived_at = updated_at WHERE name = 'draft'",
        "INSERT INTO tags (conversation_id, name) SELECT id, 'work' FROM conversations WHERE name = 'plan'",
    )
    return store


def total_of(store: Store, filters: Filters = ALL) -> UsageTotals:
    total = store.reader.stats.total(filters)
    assert total is not None
    return total[0]


def test_the_total(filled: Store) -> None:
    assert filled.reader.stats.total(ALL) == (
        UsageTotals(
            "",
            turns=4,
            runs=5,
            input_tokens=158,
            output_tokens=15,
            cached_tokens=40,
            reasoning_tokens=2,
            cost=75_200,
            unpriced=1,
            first_at=MARCH,
            last_at=MARCH + timedelta(days=40),
        ),
        2,
    )


@pytest.mark.parametrize(
    "filters", [ALL, Filters(archived=True), Filters(archived=None, tag="work"), Filters(assistant="tutor")]
)
def test_one_pass_gives_the_same_numbers(filled: Store, filters: Filters) -> None:
    """Only the times of rows are left out: they are the total's."""
    whole, quick = (statistics(filled.reader, filters, moments=moments) for moments in (True, False))
    assert whole is not None
    assert quick is not None
    assert quick.one_pass is not None
    assert (quick.total, quick.conversations) == (whole.total, whole.conversations)
    for ranking in RANKINGS:
        for count in (0, 1):
            expected = [
                replace(row, first_at=whole.total.first_at, last_at=whole.total.last_at)
                for row in whole.rows(ranking, count)
            ]
            assert list(quick.rows(ranking, count)) == expected
    assert list(quick.rows("day")) == list(whole.rows("day"))
    assert quick.over_time(40) == whole.over_time(40)


def test_filters_of_runs_are_never_ignored(filled: Store) -> None:
    for filters in (Filters(model="a"), Filters(provider="local"), Filters(since=MARCH), Filters(min_cost=1)):
        whole, quick = (statistics(filled.reader, filters, moments=moments) for moments in (True, False))
        assert whole is not None
        assert quick == whole


def test_a_run_that_failed_for_free_does_not_make_an_unknown_cost_zero(store: Store) -> None:
    turn = said(store, MARCH, model="a", sent_at="2026-03-10 12:00:00.000000", cost=None)
    retried(store, turn, model="a", state="failed", cost=0)
    for moments in (True, False):
        result = statistics(store.reader, ALL, moments=moments)
        assert result is not None
        for row in (result.total, *result.rows("model"), *result.rows("day")):
            assert (row.runs, row.cost, row.unpriced) == (2, None, 1)


@pytest.mark.parametrize(
    ("by", "rows"),
    [
        ("model", [("a", 2, 2, 5_000, 1), ("b", 2, 2, 70_200, 0), ("c", 1, 1, 0, 0)]),
        ("provider", [("openai", 3, 4, 75_200, 1), ("local", 1, 1, 0, 0)]),
        ("assistant", [("tutor", 4, 5, 75_200, 1)]),
        ("conversation", [("draft", 2, 2, 200, 0), ("plan", 2, 3, 75_000, 1)]),
    ],
)
def test_each_ranking(filled: Store, by: Ranking, rows: list[tuple[object, ...]]) -> None:
    groups = [
        (group.key, group.turns, group.runs, group.cost, group.unpriced)
        for group in filled.reader.stats.ranking(by, ALL)
    ]
    assert groups == rows
    assert len(list(filled.reader.stats.ranking(by, ALL, 1))) == 1


def test_what_nobody_told_is_unknown(store: Store) -> None:
    said(store, MARCH, cost=None, sent_at="2026-03-10 12:00:00.000000")
    total = total_of(store)
    assert (total.cost, total.unpriced) == (None, 1)
    assert (total.input_tokens, total.output_tokens, total.cached_tokens) == (None, None, None)
    turn = said(store, MARCH, cost=0, input_tokens=0, sent_at="2026-03-10 12:00:00.000000")
    retried(store, turn, cost=3, input_tokens=None)
    total = total_of(store)
    assert (total.turns, total.runs, total.cost, total.unpriced, total.input_tokens) == (2, 3, 3, 1, 0)


@pytest.mark.parametrize(
    ("filters", "turns", "runs"),
    [
        (ALL, 4, 5),
        (replace(ALL, since=MARCH + timedelta(seconds=1)), 3, 4),
        (replace(ALL, until=MARCH), 1, 1),
        (replace(ALL, model="a"), 2, 2),
        (replace(ALL, model="b"), 2, 2),
        (replace(ALL, provider="local"), 1, 1),
        (replace(ALL, state="failed"), 1, 1),
        (replace(ALL, assistant="tutor"), 4, 5),
        (replace(ALL, tag="work"), 2, 3),
        (replace(ALL, archived=True), 2, 2),
        (Filters(), 2, 3),
        (replace(ALL, min_cost=70_000), 1, 2),
    ],
)
def test_each_filter(filled: Store, filters: Filters, turns: int, runs: int) -> None:
    total = total_of(filled, filters)
    assert (total.turns, total.runs) == (turns, runs)
    listed = list(filled.reader.stats.ranking("conversation", filters))
    assert (sum(record.turns for record in listed), sum(record.runs for record in listed)) == (turns, runs)
    days = filled.reader.stats.periods("day", filters, total).values()
    assert (sum(day.turns for day in days), sum(day.runs for day in days)) == (turns, runs)


@pytest.mark.parametrize("filters", [Filters(assistant="poet"), Filters(file=True), Filters(state="empty")])
def test_filters_that_leave_nothing(filled: Store, filters: Filters) -> None:
    assert filled.reader.stats.total(filters) is None


def test_nothing_was_said_yet(store: Store) -> None:
    assert store.reader.stats.total(ALL) is None
    assert list(store.reader.stats.ranking("model", ALL)) == []


def test_a_file_counts_its_turn(filled: Store) -> None:
    [(message,)] = query(filled.url, "SELECT min(id) FROM messages WHERE role = 'user'")
    data = "x'00'" if sqlite_path(filled.url) else "'\\x00'"
    execute(
        filled.url,
        f"INSERT INTO blobs (sha256, size, data) VALUES ('00', 1, {data})",
        "INSERT INTO attachments (message_id, position, name, content_type, sha256) "
        f"VALUES ({message}, 1, 'a', 'text/plain', '00')",
    )
    assert total_of(filled, replace(ALL, file=True)).input_tokens == 100


def test_days_weeks_and_months(filled: Store, zone: Zone) -> None:
    zone("UTC")
    total = total_of(filled)
    groups = {unit: filled.reader.stats.periods(unit, ALL, total) for unit in ("day", "week", "month")}
    turns = {unit: {key: value.turns for key, value in rows.items()} for unit, rows in groups.items()}
    assert turns == {
        "day": {"2026-03-10": 1, "2026-03-11": 2, "2026-04-19": 1},
        "week": {"2026-W11": 3, "2026-W16": 1},
        "month": {"2026-03": 3, "2026-04": 1},
    }
    assert groups["month"]["2026-03"] == replace(
        total, key="2026-03", turns=3, runs=4, last_at=MARCH + timedelta(days=1, hours=1)
    )


@pytest.mark.parametrize(
    ("name", "midnight", "days"),
    [
        ("Europe/Berlin", datetime(2026, 3, 28, 23, tzinfo=UTC), ("2026-03-28", "2026-03-29")),
        ("Europe/Berlin", datetime(2026, 3, 29, 22, tzinfo=UTC), ("2026-03-29", "2026-03-30")),
        ("Europe/Berlin", datetime(2025, 10, 25, 22, tzinfo=UTC), ("2025-10-25", "2025-10-26")),
        ("Europe/Berlin", datetime(2025, 10, 26, 23, tzinfo=UTC), ("2025-10-26", "2025-10-27")),
        ("America/New_York", datetime(2026, 3, 8, 5, tzinfo=UTC), ("2026-03-07", "2026-03-08")),
        ("America/New_York", datetime(2026, 3, 9, 4, tzinfo=UTC), ("2026-03-08", "2026-03-09")),
        ("Asia/Kathmandu", datetime(2026, 3, 8, 18, 15, tzinfo=UTC), ("2026-03-08", "2026-03-09")),
        ("Australia/Lord_Howe", datetime(2026, 4, 4, 13, tzinfo=UTC), ("2026-04-04", "2026-04-05")),
        ("Australia/Lord_Howe", datetime(2026, 4, 5, 13, 30, tzinfo=UTC), ("2026-04-05", "2026-04-06")),
    ],
)
def test_a_day_begins_at_the_users_midnight(
    store: Store, zone: Zone, name: str, midnight: datetime, days: tuple[str, str]
) -> None:
    zone(name)
    said(store, midnight - timedelta(days=200))  # so that the clocks were changed between
    said(store, midnight - timedelta(microseconds=1))
    said(store, midnight)
    total = store.reader.stats.periods("day", ALL, total_of(store))
    assert [key for key in total if key >= days[0]] == list(days)
    assert [item.turns for item in total.values()] == [1, 1, 1]


@pytest.mark.parametrize(
    ("name", "year", "step"),
    [
        ("UTC", 2026, 86_400),
        ("Asia/Kolkata", 2026, 86_400),
        ("Europe/Berlin", 2026, 3_600),
        ("Australia/Lord_Howe", 2026, 1_800),
        ("America/St_Johns", 2010, 60),  # changed its clocks a minute after midnight
        ("Pacific/Apia", 2011, 3_600),  # left out a whole day
    ],
)
def test_no_stretch_lies_in_two_days(zone: Zone, name: str, year: int, step: int) -> None:
    zone(name)
    first, last = (int(datetime(item, 1, 1, tzinfo=UTC).timestamp()) for item in (year, year + 1))
    grid = periods.day_grid(first, last)
    assert grid.step == step
    for second in range(first, last, 599):
        interval = (second + grid.shift) // grid.step
        assert periods.day_of(grid.interval_start(interval)) == periods.day_of(second)


def test_the_unit_that_fits() -> None:
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    assert periods.finest_unit(first, date(2026, 1, 30), 30)[0] == "day"
    assert periods.finest_unit(first, last, 60)[0] == "week"
    assert periods.finest_unit(first, last, 12) == ("month", [date(2026, month, 1) for month in range(1, 13)])
    assert periods.finest_unit(first, last, 2) == ("month", [date(2026, 11, 1), date(2026, 12, 1)])
    assert periods.period_name("week", date(2025, 12, 29)) == "2026-W01"


def test_the_total_of_one_conversation(store: Store) -> None:
    pk = store.conversation().pk
    assert store.reader.stats.total_of(pk) is None
    store.answer("one", "1", "other")
    assert store.reader.stats.total_of(pk) is None
    for text in ("one", "two"):
        store.answer(text, "answer")
    store.writer.conversations.archive([pk])
    total = store.reader.stats.total_of(pk)
    assert total is not None
    assert (total.turns, total.runs, total.input_tokens, total.cost) == (2, 2, None, 0)  # never sent
