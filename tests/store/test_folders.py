"""Folders that conversations were used in, and titles that are suggested, on both databases."""

import pytest

from chatmgr.domain.filters import Filters
from chatmgr.domain.search import parse_query
from chatmgr.services import budget
from tests.support.store import Store, execute


def _make(store: Store, name: str, folder: str, title: str = "") -> None:
    store.writer.conversations.create(name, store.assistant().id, "", "openai", folder)
    if title:
        store.writer.conversations.set_title(store.now(name).pk, title)


def test_a_folder_has_a_last_one(store: Store) -> None:
    for name, folder in (("a", "/p/one"), ("b", "/p/one"), ("c", "/p/two"), ("d", "")):
        _make(store, name, folder)
    assert store.now("a").folder == "/p/one"

    def last(folder: str) -> str:
        conversation = store.reader.conversations.last_in_folder(folder)
        return conversation.name if conversation else ""

    assert [last(item) for item in ("/p/one", "/p/two", "/p", "/p/one/in")] == ["b", "c", "", ""]
    store.writer.conversations.touch(store.now("a").pk, "/p/one")
    assert last("/p/one") == "a"
    store.writer.conversations.touch(
        store.now("a").pk, "/p/two"
    )  # it is where it was used last, and only there
    assert (last("/p/one"), last("/p/two")) == ("b", "a")
    store.writer.conversations.touch(store.now("a").pk)  # from nowhere: it stays where it belongs
    assert last("/p/two") == "a"
    execute(store.url, "UPDATE conversations SET archived_at = updated_at WHERE name = 'a'")
    assert last("/p/two") == "c"


def test_lists_and_searches_are_narrowed_to_a_folder(store: Store) -> None:
    for name, folder in (("a", "/p/one"), ("b", "/p/two")):
        _make(store, name, folder)
        store.answer("the same word", "yes", name)
    only = Filters(folder="/p/two")
    assert only.any
    assert [conversation.name for conversation in store.reader.conversations.list(0, only)] == ["b"]
    hits = store.reader.search.find(parse_query("word"), only, 0, newest=True, conversation=0).hits
    assert [hit.conversation for hit in hits] == ["b"]


@pytest.mark.parametrize(("own", "title"), [("", "Suggested"), ("Mine", "Mine")])
def test_a_suggestion_never_replaces_a_title(store: Store, own: str, title: str) -> None:
    _make(store, "plan", "", own)
    before = store.now()
    assert store.writer.conversations.suggest_title(before.pk, "Suggested") is (own == "")
    assert not store.writer.conversations.suggest_title(before.pk, "Later")
    after = store.now()
    assert (after.title, after.name, after.updated_at) == (title, "plan", before.updated_at)
    hits = store.reader.search.find(parse_query(title), Filters(), 0, newest=False, conversation=0).hits
    assert [hit.conversation for hit in hits] == ["plan"]


def test_what_a_limit_leaves(store: Store) -> None:
    store.answer("hello", "hi")
    pk, limits = store.now().pk, budget.Budget(store.reader)
    assert not limits.is_exhausted(store.now())
    store.writer.conversations.limit_cost(pk, 2_000_000)
    assert not limits.is_exhausted(store.now())
    execute(store.url, "UPDATE runs SET cost = 2000000")
    assert limits.is_exhausted(store.now())
