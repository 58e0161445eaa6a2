"""Folders that conversations were used in, and titles that are suggested, on both databases."""

import pytest

from chatmgr.domain.filters import Filters
from chatmgr.domain.search import parse_query
from chatmgr.services import budget
from tests.support.store import Desk, tell


def _make(desk: Desk, name: str, folder: str, title: str = "") -> None:
    desk.writer.create_conversation(name, title, desk.assistant().id, "", "openai", folder)


def test_a_folder_has_a_last_one(desk: Desk) -> None:
    for name, folder in (("a", "/p/one"), ("b", "/p/one"), ("c", "/p/two"), ("d", "")):
        _make(desk, name, folder)
    assert desk.now("a").folder == "/p/one"

    def last(folder: str) -> str:
        found = desk.reader.last_here(folder)
        return found.name if found else ""

    assert [last(one) for one in ("/p/one", "/p/two", "/p", "/p/one/in")] == ["b", "c", "", ""]
    desk.writer.touch(desk.now("a").pk, "/p/one")
    assert last("/p/one") == "a"
    desk.writer.touch(desk.now("a").pk, "/p/two")  # it is where it was used last, and only there
    assert (last("/p/one"), last("/p/two")) == ("b", "a")
    desk.writer.touch(desk.now("a").pk)  # from nowhere: it stays where it belongs
    assert last("/p/two") == "a"
    tell(desk.url, "UPDATE conversations SET archived_at = updated_at WHERE name = 'a'")
    assert last("/p/two") == "c"


def test_lists_and_searches_are_narrowed_to_a_folder(desk: Desk) -> None:
    for name, folder in (("a", "/p/one"), ("b", "/p/two")):
        _make(desk, name, folder)
        desk.answer("the same word", "yes", name)
    only = Filters(folder="/p/two")
    assert only.any
    assert [one.name for one in desk.reader.conversations(0, only)] == ["b"]
    hits = desk.reader.search(parse_query("word"), only, 0, newest=True, conversation=0).hits
    assert [one.conversation for one in hits] == ["b"]


@pytest.mark.parametrize(("own", "title"), [("", "Suggested"), ("Mine", "Mine")])
def test_a_suggestion_never_replaces_a_title(desk: Desk, own: str, title: str) -> None:
    _make(desk, "plan", "", own)
    before = desk.now()
    assert desk.writer.suggest_title(before.pk, "Suggested") is (own == "")
    assert not desk.writer.suggest_title(before.pk, "Later")
    after = desk.now()
    assert (after.title, after.name, after.updated_at) == (title, "plan", before.updated_at)
    hits = desk.reader.search(parse_query(title), Filters(), 0, newest=False, conversation=0).hits
    assert [one.conversation for one in hits] == ["plan"]


def test_what_a_limit_leaves(desk: Desk) -> None:
    desk.answer("hello", "hi")
    pk, limits = desk.now().pk, budget.Budget(desk.reader)
    assert not limits.is_exhausted(desk.now())
    desk.writer.limit_cost(pk, 2_000_000)
    assert not limits.is_exhausted(desk.now())
    tell(desk.url, "UPDATE runs SET cost = 2000000")
    assert limits.is_exhausted(desk.now())
