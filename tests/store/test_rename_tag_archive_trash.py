"""Names, tags, the archive and the trash, on both databases."""

from collections.abc import Callable

import pytest

from chatmgr.domain.errors import Busy, NotFound, UsageFault
from chatmgr.domain.filters import Filters
from chatmgr.domain.names import valid_tag
from tests.store.row_counts import counts, indexed, trashed
from tests.support.store import ENDPOINT, Desk, tell


class TestNames:
    def test_swapped_and_in_a_row(self, desk: Desk) -> None:
        a, b, c = (desk.conversation(name).pk for name in "abc")
        desk.writer.conversations.rename({a: "b", b: "a"})
        assert (desk.now("b").pk, desk.now("a").pk) == (a, b)
        desk.writer.conversations.rename({a: "c", c: "d"})
        assert (desk.now("c").pk, desk.now("d").pk) == (a, c)
        assert [-key for key in indexed(desk.url)] == sorted((a, b, c), reverse=True)

    def test_taken_changes_nothing(self, desk: Desk) -> None:
        a, b = desk.conversation("a").pk, desk.conversation("b").pk
        desk.conversation("c")
        with pytest.raises(UsageFault, match="Nothing was changed"):
            desk.writer.conversations.rename({a: "x", b: "c"})
        assert {one.name for one in desk.reader.conversations.list(0)} == {"a", "b", "c"}

    def test_deleted_meanwhile(self, desk: Desk) -> None:
        a, b = desk.conversation("a").pk, desk.conversation("b").pk
        trashed(desk, "b")
        changes: list[Callable[[], object]] = [
            lambda: desk.writer.conversations.rename({a: "x", b: "y"}),
            lambda: desk.writer.conversations.archive([a, b]),
            lambda: desk.writer.conversations.tag([a, b], ["t"], []),
            lambda: desk.writer.trash.put([a, b]),
            lambda: desk.writer.trash.purge([a, b]),
            lambda: desk.writer.trash.restore({a: "x", b: "y"}),
        ]
        for change in changes:
            with pytest.raises(Busy):
                change()
        assert desk.now("a").archived_at is None
        assert [one.pk for one in desk.reader.trash.list()] == [b]

    def test_used_elsewhere(self, desk: Desk) -> None:
        old = desk.conversation("a")
        desk.writer.conversations.rename({old.pk: "b"})
        desk.writer.conversations.set_title(old.pk, "New")
        assert (
            desk.reader.conversations.refresh(old).name,
            desk.reader.conversations.refresh(old).title,
        ) == ("b", "New")


class TestArchive:
    def test_hides_and_a_turn_brings_back(self, desk: Desk) -> None:
        desk.answer("hello", "hi", "a")
        before = desk.now("a")
        desk.writer.conversations.archive([before.pk])
        assert list(desk.reader.conversations.list(0)) == []
        assert [one.name for one in desk.reader.conversations.list(0, Filters(archived=True))] == ["a"]
        assert desk.now("a").updated_at == before.updated_at
        desk.writer.conversations.unarchive([before.pk])
        assert desk.now("a") == before
        desk.writer.conversations.archive([before.pk])
        desk.answer("more", "yes", "a")
        assert desk.now("a").archived_at is None

    def test_ten_thousand_at_once(self, desk: Desk) -> None:
        assistant = desk.assistant().id
        moment = "CURRENT_TIMESTAMP"
        digits = " UNION ALL ".join(f"SELECT {n} AS n" for n in range(10))
        four = ", ".join(f"({digits}) {one}" for one in "abcd")
        numbers = f"SELECT a.n+10*b.n+100*c.n+1000*d.n AS n FROM {four}"
        tell(
            desk.url,
            "INSERT INTO conversations (key, name, title, assistant_id, model, provider, turns, created_at, "
            f"updated_at, used_at, folder) SELECT 'k' || n, 'c' || n, '', {assistant}, '', 'openai', 0, "
            f"{moment}, {moment}, {moment}, '' FROM ({numbers}) x",
        )
        keys = [one.pk for one in desk.reader.conversations.list(0)]
        assert len(keys) == 10_000
        desk.writer.conversations.archive(keys)
        assert counts(desk, "conversations WHERE archived_at IS NOT NULL") == [10_000]
        desk.writer.conversations.tag(keys, ["one", "two"], [])
        desk.writer.trash.put(keys)
        desk.writer.trash.purge(keys)
        assert counts(desk, "conversations", "tags") == [0, 0]


class TestTags:
    def test_on_and_off(self, desk: Desk) -> None:
        a, b = desk.conversation("a").pk, desk.conversation("b").pk
        desk.writer.conversations.tag([a, b], ["work", "draft"], [])
        desk.writer.conversations.tag([a], ["work", "new"], ["draft", "unknown"])
        assert (desk.now("a").tags, desk.now("b").tags) == (("new", "work"), ("draft", "work"))
        assert desk.reader.conversations.tags() == [("draft", 1), ("new", 1), ("work", 2)]

    @pytest.mark.parametrize("word", ["work", "a.b_c-d/e", "x" * 32, "日本", "2026", "हिन्दी", "cafe\u0301"])
    def test_good(self, word: str) -> None:
        assert len(valid_tag(word)) <= 32

    @pytest.mark.parametrize("word", ["", "a b", "a,b", "x" * 33, "-a", "a+b", "\x1b[31m", "a\udcff", "@"])
    def test_bad(self, word: str) -> None:
        with pytest.raises(UsageFault, match="cannot be a tag"):
            valid_tag(word)


class TestTrash:
    def test_there_and_back(self, desk: Desk) -> None:
        desk.answer("hello", "hi", "a")
        before = desk.now("a")
        [pk] = trashed(desk, "a")
        assert list(desk.reader.conversations.list(0)) == []
        desk.answer("other", "yes", "a")  # the name is free at once
        desk.writer.trash.restore({pk: "b"})
        back = desk.now("b")
        assert (back.pk, back.id, back.turns, back.deleted_at) == (pk, before.id, 1, None)

    def test_names_and_ids(self, desk: Desk) -> None:
        first = desk.conversation("plan")
        trashed(desk, "plan")
        second = desk.conversation("plan")
        trashed(desk, "plan")
        desk.conversation("planet")
        trashed(desk, "planet")
        desk.conversation("here")
        for name, found in {"plan": second.pk, first.id: first.pk, second.id[:8]: second.pk}.items():
            assert desk.reader.trash.get(name).pk == found
        assert desk.reader.trash.get("plane").name == "planet"
        assert [name for name, _ in desk.reader.trash.names("pl", 9)] == ["plan", "planet"]
        with pytest.raises(UsageFault, match="could be"):
            desk.reader.trash.get("pla")
        with pytest.raises(NotFound, match="Did you mean “planet”") as missing:
            desk.reader.trash.get("planat")
        assert "trash list" in missing.value.hint
        with pytest.raises(NotFound) as there:
            desk.reader.trash.get("here")
        assert "not deleted" in there.value.hint

    def test_a_live_run_is_in_the_way(self, desk: Desk) -> None:
        desk.open("hello", "a")
        desk.conversation("b")
        with pytest.raises(Busy):
            desk.writer.trash.put([desk.now("b").pk, desk.now("a").pk])
        assert list(desk.reader.trash.list()) == []

    def test_no_turn_in_the_trash(self, desk: Desk) -> None:
        old = desk.conversation("a")
        trashed(desk, "a")
        with pytest.raises(NotFound) as error:
            desk.writer.turns.open(old.pk, desk.assistant(), "m", "openai", ENDPOINT, "hello")
        assert "chatmgr restore a" in error.value.hint
        desk.writer.trash.purge([old.pk])
        with pytest.raises(NotFound, match="no conversation"):
            desk.writer.turns.open(old.pk, desk.assistant(), "m", "openai", ENDPOINT, "hello")
        with pytest.raises(NotFound):
            desk.reader.conversations.refresh(old)
