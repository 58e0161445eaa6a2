"""How a name finds its conversation or assistant."""

import unicodedata

import pytest

from chatmgr.domain.errors import NotFound, UsageFault
from chatmgr.store.reader import Reader
from tests.support.store import Store, execute, query

# Upper before lower, accents and other scripts last: the order of code points, as UTF-8 sorts.
IN_ORDER = ["10 ideas", "2 ideas", "Zoo", "alpha", "alpha-2", "alphabet", "alpha～", "zoo"]
IN_ORDER += ["Éclair", "éclair", "中文", "～", "🦊"]


def test_an_exact_name_wins_over_longer_ones(store: Store) -> None:
    for name in ("trip", "trip-2"):
        store.conversation(name)
    assert store.reader.conversations.get("trip").name == "trip"


def test_an_unambiguous_prefix_is_enough(store: Store) -> None:
    for name in ("trip to rome", "train"):
        store.conversation(name)
    assert store.reader.conversations.get("tri").name == "trip to rome"


def test_an_ambiguous_prefix_names_the_candidates(store: Store) -> None:
    for name in ("trip-1", "trip-2"):
        store.conversation(name)
    with pytest.raises(UsageFault, match=r"“trip” could be “trip-[12]”, “trip-[12]”") as caught:
        store.reader.conversations.get("trip")
    assert caught.value.exit_code == 2
    assert "…" not in caught.value.message
    store.conversation("trip-3")
    with pytest.raises(UsageFault, match="…"):
        store.reader.conversations.get("trip")


def test_an_id_prefix_is_enough_from_four_characters(store: Store) -> None:
    key = store.conversation("plan").id
    store.conversation("other")
    assert store.reader.conversations.get(key).name == "plan"
    assert store.reader.conversations.get(key[:4]).name == "plan"
    with pytest.raises(NotFound):
        store.reader.conversations.get(key[:3])


def test_a_name_goes_before_an_id(store: Store) -> None:
    """Ids are random: what a prefix of a name means must not hang on them."""
    store.conversation("beef stew")
    store.conversation("other")
    execute(store.url, "UPDATE conversations SET key = 'beef000000000000' WHERE name = 'other'")
    assert store.reader.conversations.get("beef").name == "beef stew"
    assert store.reader.conversations.get("beef0").name == "other"


def test_nothing_typed_means_nothing(store: Store) -> None:
    store.conversation("plan")
    with pytest.raises(NotFound):
        store.reader.conversations.get("")
    with pytest.raises(NotFound):
        store.reader.assistants.get("")


def test_a_miss_says_what_is_nearest(store: Store) -> None:
    for name in ("holiday", "homework"):
        store.conversation(name)
    with pytest.raises(NotFound) as caught:
        store.reader.conversations.get("holliday")
    assert caught.value.message == "There is no conversation “holliday”. Did you mean “holiday”?"
    assert caught.value.hint == "See them all: chatmgr history"
    assert caught.value.exit_code == 5


def test_a_miss_in_an_empty_database_says_how_to_begin(store: Store) -> None:
    with pytest.raises(NotFound) as caught:
        store.reader.conversations.get("plan")
    assert caught.value.hint == "Begin it: chatmgr new plan"


def test_before_the_first_turn_there_is_nothing_to_read(sqlite_url: str, postgres_url: str) -> None:
    for url in (sqlite_url, postgres_url):
        with Reader(url) as reader:
            assert list(reader.conversations.list(0)) == []
            assert reader.conversations.last_used() is None
            assert reader.assistants.list() == []
            assert reader.meta.counts() == (0, 0, 0)
            with pytest.raises(NotFound):
                reader.conversations.get("plan")


def test_unicode_is_found_however_it_was_typed(store: Store) -> None:
    """macOS hands over decomposed letters; names are kept composed."""
    for name in ("café", "Ωmega 🦊"):
        store.conversation(name)
    decomposed = unicodedata.normalize("NFD", "café")
    assert decomposed != "café"
    assert store.reader.conversations.get(decomposed).name == "café"
    assert store.reader.conversations.find(decomposed) is not None
    assert store.reader.conversations.names(decomposed, 5) == [("café", "Café")]
    assert store.reader.conversations.get("Ω").name == "Ωmega 🦊"
    store.assistant("tutör")
    assert store.reader.assistants.get(unicodedata.normalize("NFD", "tutör")).name == "tutör"


@pytest.mark.parametrize("typed", ["a\udcffb", "nul\0", "'; DROP TABLE turns; --", "%", "_", "\U0010ffff"])
def test_what_cannot_be_a_name_is_simply_not_found(store: Store, typed: str) -> None:
    store.conversation("plan")
    with pytest.raises(NotFound):
        store.reader.conversations.get(typed)
    with pytest.raises(NotFound):
        store.reader.assistants.get(typed)
    assert store.reader.conversations.names(typed, 5) == []


def test_names_sort_by_code_points_on_both(store: Store) -> None:
    for name in reversed(IN_ORDER):
        store.conversation(name)
        store.assistant(name)
    assert [name for name, _ in store.reader.conversations.names("", 99)] == IN_ORDER
    assert [
        assistant.name for assistant in store.reader.assistants.list() if assistant.name != "tutor"
    ] == IN_ORDER


def test_names_sort_so_whatever_the_locale_of_the_server(postgres_url: str) -> None:
    Store(postgres_url).close()
    columns = query(
        postgres_url,
        "SELECT table_name, column_name FROM information_schema.columns WHERE collation_name = 'C'"
        " AND table_schema = current_schema() ORDER BY 1, 2",
    )
    ours = [("assistants", "name"), ("conversations", "key"), ("conversations", "name"), ("tags", "name")]
    assert columns == ours


def test_completion_gives_names_and_titles_within_its_limit(store: Store) -> None:
    for name in ("alpha", "alphabet", "beta"):
        store.conversation(name)
    assert store.reader.conversations.names("alp", 9) == [("alpha", "Alpha"), ("alphabet", "Alphabet")]
    assert store.reader.conversations.names("", 1) == [("alpha", "Alpha")]


def test_names_are_told_apart_by_case(store: Store) -> None:
    for name in ("Plan", "plan"):
        store.conversation(name)
    assert store.reader.conversations.get("Pl").name == "Plan"
    assert store.reader.conversations.get("plan").name == "plan"


def test_an_assistant_is_found_by_prefix(store: Store) -> None:
    for name in ("critic", "tutor", "tumbler"):
        store.assistant(name)
    assert store.reader.assistants.get("cri").name == "critic"
    with pytest.raises(NotFound, match="Did you mean “tutor”"):
        store.reader.assistants.get("tutro")
