"""The paths of conversations as they are read: their tips, their tree, who shares them, and the journal."""

import os

import pytest

from chatmgr.domain.filters import EVERYTHING
from chatmgr.domain.search import Hit, parse_query
from chatmgr.domain.tree import Tip, TreePath
from chatmgr.store.writer import ThreadKey
from chatmgr.store.writer.records import ImportedTurn
from tests.support.store import ENDPOINT, Store


def say(store: Store, *texts: str, name: str = "plan") -> None:
    for text in texts:
        store.answer(text, f"about {text}", name)


def undo(store: Store, position: int, name: str = "plan") -> None:
    store.writer.tree.move_tip(store.now(name).pk, position, "undo")


def tip(store: Store, name: str = "plan") -> Tip:
    return store.reader.tree.tip(store.now(name).pk)


def shape(store: Store, name: str = "plan") -> list[tuple[int, int, int, list[tuple[int, str]]]]:
    """The number of each path, what it parts from and after which turn, and its own questions."""
    tree = store.reader.tree
    return [
        (path.number, path.parent, path.after, _questions(store, path))
        for path in tree.paths(store.now(name).pk)
    ]


def _questions(store: Store, path: TreePath) -> list[tuple[int, str]]:
    return [turn for piece in path.pieces for turn in store.reader.tree.questions(piece, 80)]


def test_a_line_is_one_path(store: Store) -> None:
    say(store, "one", "two")
    assert shape(store) == [(1, 0, 0, [(1, "one"), (2, "two")])]
    [path] = store.reader.tree.paths(store.now().pk)
    assert path.current
    assert (path.tip, path.end) == (2, 2)


def test_paths_part_where_something_else_was_said(store: Store) -> None:
    say(store, "one", "two", "three")
    undo(store, 1)
    say(store, "deux", "trois")
    undo(store, 2)
    say(store, "tre")
    undo(store, 0)
    say(store, "elsewhere")
    undo(store, 0)
    assert shape(store) == [
        (4, 0, 0, [(1, "elsewhere")]),
        (1, 0, 0, [(1, "one"), (2, "two"), (3, "three")]),
        (2, 1, 1, [(2, "deux"), (3, "trois")]),
        (3, 2, 2, [(3, "tre")]),
    ]
    current = store.reader.tree.paths(store.now().pk)[0]
    assert (current.current, current.tip, current.end) == (True, 0, 1)


def test_a_fork_shows_what_it_shares(store: Store) -> None:
    say(store, "one", "two", "three", "four")
    store.writer.tree.fork(store.now().pk, 3, "fork")
    say(store, "vier", name="fork")
    undo(store, 1, name="fork")
    say(store, "zwei", name="fork")
    assert shape(store, "fork") == [
        (2, 0, 0, [(1, "one"), (2, "zwei")]),
        (1, 2, 1, [(2, "two"), (3, "three"), (4, "vier")]),
    ]
    tree = store.reader.tree
    [sharing] = tree.sharing(store.now("fork").pk, tree.paths(store.now("fork").pk))
    assert (sharing.conversation, sharing.position) == ("plan", 3)
    [sharing] = tree.sharing(store.now().pk, tree.paths(store.now().pk))
    assert (sharing.conversation, sharing.position) == ("fork", 1)


def test_a_change_of_the_tip_names_what_came_and_went(store: Store) -> None:
    say(store, "one", "two", "three")
    pk, seen = store.now().pk, tip(store)
    say(store, "four")
    change = store.reader.tree.change(pk, seen, tip(store))
    assert (change.common, change.added, change.undone) == (3, 1, 0)
    assert change.author is not None
    assert change.author.pid == os.getpid()
    undo(store, 2)
    store.writer.conversations.set_title(pk, "Something else")
    change = store.reader.tree.change(pk, seen, tip(store))
    assert (change.common, change.added, change.undone) == (2, 0, 1)
    entries = {entry.action: entry.at for entry in store.reader.journal.entries(pk)}
    assert change.author is not None
    assert change.author.at == entries["undo"]
    say(store, "drei")
    assert seen != tip(store)
    change = store.reader.tree.change(pk, seen, tip(store))
    assert (change.common, change.added, change.undone) == (2, 1, 1)
    store.writer.tree.switch(pk, seen.branch, 3)
    assert seen == tip(store)


def test_the_journal_tells_what_was_done(store: Store) -> None:
    say(store, "one", "two")
    pk = store.now().pk
    conversations = store.writer.conversations
    conversations.rename({pk: "better"})
    conversations.rename({pk: "better"})
    conversations.set_title(pk, "Better")
    conversations.move(pk, "azure", "gpt-y")
    conversations.move(pk, "azure", "gpt-y")
    store.writer.assistants.use(pk, store.assistant("critic").id, own_model=True)
    conversations.archive([pk])
    conversations.unarchive([pk])
    undo(store, 1, "better")
    store.writer.trash.put([pk])
    store.writer.trash.restore({pk: "again"})
    key = ThreadKey(pk, "azure", ENDPOINT)
    version = store.assistant().version_id
    store.writer.turns.import_turns(key, version, "thread_1", [ImportedTurn("a", "b")], "sync")
    entries = store.reader.journal.entries(pk)
    assert [(entry.action, dict(entry.detail)) for entry in entries[1:]] == [
        ("rename", {"before": "plan", "name": "better"}),
        ("title", {"before": "Plan", "title": "Better"}),
        ("move", {"before": ["openai", ""], "provider": "azure", "model": "gpt-y"}),
        ("assistant", {"name": "critic", "version": 1}),
        ("archive", {}),
        ("unarchive", {}),
        ("undo", {"before": 2, "after": 1}),
        ("delete", {}),
        ("restore", {"before": "better", "name": "again"}),
        ("sync", {"thread": "thread_1", "provider": "azure", "turns": 1}),
    ]
    assert {entry.pid for entry in entries} == {os.getpid()}
    assert [entry.action for entry in store.reader.journal.entries(pk, 2)] == ["restore", "sync"]


def test_the_journal_names_no_conversation_that_was_deleted(store: Store) -> None:
    say(store, "one", "two")
    store.writer.tree.fork(store.now().pk, 1, "fork")
    plan, fork = store.now().pk, store.now("fork").pk
    [entry] = [entry for entry in store.reader.journal.entries(plan) if entry.action == "forked"]
    assert (entry.detail["name"], entry.detail["turn"]) == ("fork", 1)
    store.writer.conversations.rename({plan: "before"})
    [entry] = store.reader.journal.entries(fork)
    assert (entry.action, entry.detail["name"]) == ("fork", "before")
    store.writer.trash.put([plan])
    store.writer.trash.purge([plan])
    [entry] = store.reader.journal.entries(fork)
    assert entry.detail["name"] is None
    assert "before" not in str(entry.detail)


def _found(store: Store, text: str, *, all_paths: bool = False, newest: bool = False) -> list[Hit]:
    query = parse_query(text)
    return list(store.reader.search.find(query, EVERYTHING, 20, all_paths=all_paths, newest=newest).hits)


@pytest.mark.parametrize("newest", [False, True])
def test_a_search_finds_a_shared_turn_once_and_left_turns_on_demand(store: Store, newest: bool) -> None:
    say(store, "apple", "pear", "cherry")
    assert [hit.address for hit in _found(store, "cherry", newest=newest)] == ["plan@3"]
    undo(store, 2)
    assert _found(store, "cherry", newest=newest) == []
    [hit] = _found(store, "cherry", all_paths=True, newest=newest)
    assert (hit.address, hit.path) == ("plan~1@3", 1)
    say(store, "plum")
    store.writer.tree.fork(store.now().pk, 2, "fork")
    [hit] = _found(store, "cherry", all_paths=True, newest=newest)
    assert hit.address == "plan~1@3"
    for all_paths in (False, True):
        [hit] = _found(store, "pear", all_paths=all_paths, newest=newest)
        assert (hit.address, hit.also_in, hit.path) == ("plan@2", ("fork",), 0)
        [hit] = _found(store, "plum", all_paths=all_paths, newest=newest)
        assert (hit.address, hit.also_in) == ("plan@3", ())
