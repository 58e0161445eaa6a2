"""Names, tags, the archive and the trash, on both databases."""

from collections.abc import Callable

import pytest

from chatmgr.domain.errors import Busy, NotFound, UsageFault
from chatmgr.domain.filters import Filters
from chatmgr.domain.ids import FAR
from chatmgr.domain.names import valid_tag
from tests.store.row_counts import counts, indexed, trashed
from tests.support.store import ENDPOINT, Store, execute


class TestNames:
    def test_swapped_and_in_a_row(self, store: Store) -> None:
        a, b, c = (store.conversation(name).pk for name in "abc")
        store.writer.conversations.rename({a: "b", b: "a"})
        assert (store.now("b").pk, store.now("a").pk) == (a, b)
        store.writer.conversations.rename({a: "c", c: "d"})
        assert (store.now("c").pk, store.now("d").pk) == (a, c)
        assert [-key for key in indexed(store.url)] == sorted((a, b, c), reverse=True)

    def test_taken_changes_nothing(self, store: Store) -> None:
        a, b = store.conversation("a").pk, store.conversation("b").pk
        store.conversation("c")
        with pytest.raises(UsageFault, match="Nothing was changed"):
            store.writer.conversations.rename({a: "x", b: "c"})
        assert {conversation.name for conversation in store.reader.conversations.list(0)} == {"a", "b", "c"}

    def test_deleted_meanwhile(self, store: Store) -> None:
        a, b = store.conversation("a").pk, store.conversation("b").pk
        trashed(store, "b")
        changes: list[Callable[[], object]] = [
            lambda: store.writer.conversations.rename({a: "x", b: "y"}),
            lambda: store.writer.conversations.archive([a, b]),
            lambda: store.writer.conversations.tag([a, b], ["t"], []),
            lambda: store.writer.trash.put([a, b]),
            lambda: store.writer.trash.purge([a, b]),
            lambda: store.writer.trash.restore({a: "x", b: "y"}),
        ]
        for change in changes:
            with pytest.raises(Busy):
                change()
        assert store.now("a").archived_at is None
        assert [conversation.pk for conversation in store.reader.trash.list()] == [b]

    def test_used_elsewhere(self, store: Store) -> None:
        old = store.conversation("a")
        store.writer.conversations.rename({old.pk: "b"})
        store.writer.conversations.set_title(old.pk, "New")
        assert (
            store.reader.conversations.refresh(old).name,
            store.reader.conversations.refresh(old).title,
        ) == ("b", "New")


class TestArchive:
    def test_hides_and_a_turn_brings_back(self, store: Store) -> None:
        store.answer("hello", "hi", "a")
        before = store.now("a")
        store.writer.conversations.archive([before.pk])
        assert list(store.reader.conversations.list(0)) == []
        assert [
            conversation.name for conversation in store.reader.conversations.list(0, Filters(archived=True))
        ] == ["a"]
        assert store.now("a").updated_at == before.updated_at
        store.writer.conversations.unarchive([before.pk])
        assert store.now("a") == before
        store.writer.conversations.archive([before.pk])
        store.answer("more", "yes", "a")
        assert store.now("a").archived_at is None

    def test_ten_thousand_at_once(self, store: Store) -> None:
        assistant = store.assistant().id
        moment = "CURRENT_TIMESTAMP"
        digits = " UNION ALL ".join(f"SELECT {n} AS n" for n in range(10))
        four = ", ".join(f"({digits}) {item}" for item in "abcd")
        numbers = f"SELECT a.n+10*b.n+100*c.n+1000*d.n AS n FROM {four}"
        execute(
            store.url,
            "INSERT INTO branches (key, parent_position, created_at) "
            f"SELECT 'k' || n, 0, {moment} FROM ({numbers}) x",
            "INSERT INTO conversations (key, name, title, assistant_id, model, provider, turns, created_at, "
            "updated_at, used_at, folder, branch_id) "
            f"SELECT key, 'c' || id, '', {assistant}, '', 'openai', 0, {moment}, {moment}, {moment}, '', id "
            "FROM branches",
            "INSERT INTO path_segments (conversation_id, first, branch_id, last) "
            f"SELECT id, 1, branch_id, {FAR} FROM conversations",
        )
        keys = [conversation.pk for conversation in store.reader.conversations.list(0)]
        assert len(keys) == 10_000
        store.writer.conversations.archive(keys)
        assert counts(store, "conversations WHERE archived_at IS NOT NULL") == [10_000]
        store.writer.conversations.tag(keys, ["one", "two"], [])
        store.writer.trash.put(keys)
        store.writer.trash.purge(keys)
        assert counts(store, "conversations", "tags") == [0, 0]


class TestTags:
    def test_on_and_off(self, store: Store) -> None:
        a, b = store.conversation("a").pk, store.conversation("b").pk
        store.writer.conversations.tag([a, b], ["work", "draft"], [])
        store.writer.conversations.tag([a], ["work", "new"], ["draft", "unknown"])
        assert (store.now("a").tags, store.now("b").tags) == (("new", "work"), ("draft", "work"))
        assert store.reader.conversations.tags() == [("draft", 1), ("new", 1), ("work", 2)]

    @pytest.mark.parametrize("word", ["work", "a.b_c-d/e", "x" * 32, "日本", "2026", "हिन्दी", "cafe\u0301"])
    def test_good(self, word: str) -> None:
        assert len(valid_tag(word)) <= 32

    @pytest.mark.parametrize("word", ["", "a b", "a,b", "x" * 33, "-a", "a+b", "\x1b[31m", "a\udcff", "@"])
    def test_bad(self, word: str) -> None:
        with pytest.raises(UsageFault, match="cannot be a tag"):
            valid_tag(word)


class TestTrash:
    def test_there_and_back(self, store: Store) -> None:
        store.answer("hello", "hi", "a")
        before = store.now("a")
        [pk] = trashed(store, "a")
        assert list(store.reader.conversations.list(0)) == []
        store.answer("other", "yes", "a")  # the name is free at once
        store.writer.trash.restore({pk: "b"})
        back = store.now("b")
        assert (back.pk, back.id, back.turns, back.deleted_at) == (pk, before.id, 1, None)

    def test_names_and_ids(self, store: Store) -> None:
        first = store.conversation("plan")
        trashed(store, "plan")
        second = store.conversation("plan")
        trashed(store, "plan")
        store.conversation("planet")
        trashed(store, "planet")
        store.conversation("here")
        for name, hits in {"plan": second.pk, first.id: first.pk, second.id[:8]: second.pk}.items():
            assert store.reader.trash.get(name).pk == hits
        assert store.reader.trash.get("plane").name == "planet"
        assert [name for name, _ in store.reader.trash.names("pl", 9)] == ["plan", "planet"]
        with pytest.raises(UsageFault, match="could be"):
            store.reader.trash.get("pla")
        with pytest.raises(NotFound, match="Did you mean “planet”") as missing:
            store.reader.trash.get("planat")
        assert "trash list" in missing.value.hint
        with pytest.raises(NotFound) as there:
            store.reader.trash.get("here")
        assert "not deleted" in there.value.hint

    def test_a_live_run_is_in_the_way(self, store: Store) -> None:
        store.open("hello", "a")
        store.conversation("b")
        with pytest.raises(Busy):
            store.writer.trash.put([store.now("b").pk, store.now("a").pk])
        assert list(store.reader.trash.list()) == []

    def test_no_turn_in_the_trash(self, store: Store) -> None:
        old = store.conversation("a")
        trashed(store, "a")
        with pytest.raises(NotFound) as error:
            store.writer.turns.open(old.pk, store.assistant(), "m", "openai", ENDPOINT, "hello")
        assert "chatmgr restore a" in error.value.hint
        store.writer.trash.purge([old.pk])
        with pytest.raises(NotFound, match="no conversation"):
            store.writer.turns.open(old.pk, store.assistant(), "m", "openai", ENDPOINT, "hello")
        with pytest.raises(NotFound):
            store.reader.conversations.refresh(old)
