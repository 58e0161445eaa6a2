"""The filters of lists, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest

from chatmgr.domain.filters import Filters
from tests.support.store import Store, execute


@pytest.mark.parametrize(
    ("filters", "names"),
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
def test_each_filter(store: Store, filters: Filters, names: list[str]) -> None:
    store.answer("hello", "hi", "old")
    store.answer("hello", "", "draft")
    store.answer("hello", "hi", "plan")
    pk = store.now("plan").pk
    execute(
        store.url,
        f"INSERT INTO tags (conversation_id, name) VALUES ({pk}, 'work'), ({pk}, 'draft')",
        f"UPDATE runs SET cost = 2000000 WHERE conversation_id = {pk}",
        "UPDATE conversations SET archived_at = updated_at WHERE name = 'old'",
    )
    assert [conversation.name for conversation in store.reader.conversations.list(0, filters)] == names
    assert store.now("plan").tags == ("draft", "work")
    assert store.reader.conversations.tags() == [("draft", 1), ("work", 1)]
