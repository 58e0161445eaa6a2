"""How a name finds its conversation or assistant."""

import unicodedata

import pytest

from chatmgr.domain.errors import NotFound, UsageFault
from chatmgr.store.reader import Reader
from tests.support.store import Desk, ask, tell

# Upper before lower, accents and other scripts last: the order of code points, as UTF-8 sorts.
IN_ORDER = ["10 ideas", "2 ideas", "Zoo", "alpha", "alpha-2", "alphabet", "alpha～", "zoo"]
IN_ORDER += ["Éclair", "éclair", "中文", "～", "🦊"]


def test_an_exact_name_wins_over_longer_ones(desk: Desk) -> None:
    for name in ("trip", "trip-2"):
        desk.conversation(name)
    assert desk.reader.conversations.get("trip").name == "trip"


def test_an_unambiguous_prefix_is_enough(desk: Desk) -> None:
    for name in ("trip to rome", "train"):
        desk.conversation(name)
    assert desk.reader.conversations.get("tri").name == "trip to rome"


def test_an_ambiguous_prefix_names_the_candidates(desk: Desk) -> None:
    for name in ("trip-1", "trip-2"):
        desk.conversation(name)
    with pytest.raises(UsageFault, match=r"“trip” could be “trip-[12]”, “trip-[12]”") as caught:
        desk.reader.conversations.get("trip")
    assert caught.value.exit_code == 2
    assert "…" not in caught.value.message
    desk.conversation("trip-3")
    with pytest.raises(UsageFault, match="…"):
        desk.reader.conversations.get("trip")


def test_an_id_prefix_is_enough_from_four_characters(desk: Desk) -> None:
    key = desk.conversation("plan").id
    desk.conversation("other")
    assert desk.reader.conversations.get(key).name == "plan"
    assert desk.reader.conversations.get(key[:4]).name == "plan"
    with pytest.raises(NotFound):
        desk.reader.conversations.get(key[:3])


def test_a_name_goes_before_an_id(desk: Desk) -> None:
    """Ids are random: what a prefix of a name means must not hang on them."""
    desk.conversation("beef stew")
    desk.conversation("other")
    tell(desk.url, "UPDATE conversations SET key = 'beef000000000000' WHERE name = 'other'")
    assert desk.reader.conversations.get("beef").name == "beef stew"
    assert desk.reader.conversations.get("beef0").name == "other"


def test_nothing_typed_means_nothing(desk: Desk) -> None:
    desk.conversation("plan")
    with pytest.raises(NotFound):
        desk.reader.conversations.get("")
    with pytest.raises(NotFound):
        desk.reader.assistants.get("")


def test_a_miss_says_what_is_nearest(desk: Desk) -> None:
    for name in ("holiday", "homework"):
        desk.conversation(name)
    with pytest.raises(NotFound) as caught:
        desk.reader.conversations.get("holliday")
    assert caught.value.message == "There is no conversation “holliday”. Did you mean “holiday”?"
    assert caught.value.hint == "See them all: chatmgr history"
    assert caught.value.exit_code == 5


def test_a_miss_in_an_empty_database_says_how_to_begin(desk: Desk) -> None:
    with pytest.raises(NotFound) as caught:
        desk.reader.conversations.get("plan")
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


def test_unicode_is_found_however_it_was_typed(desk: Desk) -> None:
    """macOS hands over decomposed letters; names are kept composed."""
    for name in ("café", "Ωmega 🦊"):
        desk.conversation(name)
    decomposed = unicodedata.normalize("NFD", "café")
    assert decomposed != "café"
    assert desk.reader.conversations.get(decomposed).name == "café"
    assert desk.reader.conversations.find(decomposed) is not None
    assert desk.reader.conversations.names(decomposed, 5) == [("café", "Café")]
    assert desk.reader.conversations.get("Ω").name == "Ωmega 🦊"
    desk.assistant("tutör")
    assert desk.reader.assistants.get(unicodedata.normalize("NFD", "tutör")).name == "tutör"


@pytest.mark.parametrize("typed", ["a\udcffb", "nul\0", "'; DROP TABLE turns; --", "%", "_", "\U0010ffff"])
def test_what_cannot_be_a_name_is_simply_not_found(desk: Desk, typed: str) -> None:
    desk.conversation("plan")
    with pytest.raises(NotFound):
        desk.reader.conversations.get(typed)
    with pytest.raises(NotFound):
        desk.reader.assistants.get(typed)
    assert desk.reader.conversations.names(typed, 5) == []


def test_names_sort_by_code_points_on_both(desk: Desk) -> None:
    for name in reversed(IN_ORDER):
        desk.conversation(name)
        desk.assistant(name)
    assert [name for name, _ in desk.reader.conversations.names("", 99)] == IN_ORDER
    assert [one.name for one in desk.reader.assistants.list() if one.name != "tutor"] == IN_ORDER


def test_names_sort_so_whatever_the_locale_of_the_server(postgres_url: str) -> None:
    Desk(postgres_url).close()
    columns = ask(
        postgres_url,
        "SELECT table_name, column_name FROM information_schema.columns WHERE collation_name = 'C'"
        " AND table_schema = current_schema() ORDER BY 1, 2",
    )
    ours = [("assistants", "name"), ("conversations", "key"), ("conversations", "name"), ("tags", "name")]
    assert columns == ours


def test_completion_gives_names_and_titles_within_its_limit(desk: Desk) -> None:
    for name in ("alpha", "alphabet", "beta"):
        desk.conversation(name)
    assert desk.reader.conversations.names("alp", 9) == [("alpha", "Alpha"), ("alphabet", "Alphabet")]
    assert desk.reader.conversations.names("", 1) == [("alpha", "Alpha")]


def test_names_are_told_apart_by_case(desk: Desk) -> None:
    for name in ("Plan", "plan"):
        desk.conversation(name)
    assert desk.reader.conversations.get("Pl").name == "Plan"
    assert desk.reader.conversations.get("plan").name == "plan"


def test_an_assistant_is_found_by_prefix(desk: Desk) -> None:
    for name in ("critic", "tutor", "tumbler"):
        desk.assistant(name)
    assert desk.reader.assistants.get("cri").name == "critic"
    with pytest.raises(NotFound, match="Did you mean “tutor”"):
        desk.reader.assistants.get("tutro")
