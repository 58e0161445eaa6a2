"""The filters of lists, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest

from chatmgr.domain.filters import Filters
from tests.support.store import Desk, tell


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(), ["plan", "draft"]),
        (Filters(since=datetime.now(UTC) + timedelta(hours=1)), []),
        (Filters(until=datetime.now(UTC) - timedelta(hours=1)), []),
        (Filters(assistant="tutor"), ["plan", "draft"]),
        (Filters(assistant="poet"), []),
        (Filters(model="gpt-x"), ["plan", "draft"]),
        (Filters(model="gpt-y"), []),
        (Filters(provider="openai"), ["plan", "draft"]),
        (Filters(provider="local"), []),
        (Filters(tag="work"), ["plan"]),
        (Filters(tag="home"), []),
        (Filters(state="failed"), ["draft"]),
        (Filters(file=True), []),
        (Filters(min_cost=2_000_000), ["plan"]),
        (Filters(archived=True), ["old"]),
        (Filters(archived=None), ["plan", "draft", "old"]),
    ],
)
def test_each_filter(desk: Desk, filters: Filters, found: list[str]) -> None:
    desk.answer("hello", "hi", "old")
    desk.answer("hello", "", "draft")
    desk.answer("hello", "hi", "plan")
    pk = desk.now("plan").pk
    tell(
        desk.url,
        f"INSERT INTO tags (conversation_id, name) VALUES ({pk}, 'work'), ({pk}, 'draft')",
        f"UPDATE runs SET cost = 2000000 WHERE conversation_id = {pk}",
        "UPDATE conversations SET archived_at = updated_at WHERE name = 'old'",
    )
    assert [one.name for one in desk.reader.conversations.list(0, filters)] == found
    assert desk.now("plan").tags == ("draft", "work")
    assert desk.reader.conversations.tags() == [("draft", 1), ("work", 1)]
