"""Which names, tags and titles there may be: those that people read, and none that prints as nothing."""

import pytest

from chatmgr.domain.errors import UsageFault
from chatmgr.domain.names import slug, valid_name, valid_tag, valid_title
from chatmgr.services.titles import clean_title

PERSIAN = "می\u200cخواهم"  # with the joiner that it is spelled with
FAMILY = "👩\u200d👩\u200d👧"
HEART = "❤\ufe0f\u200d🔥"
NOTHING = ["\u034f", "\u2800", "\u3164", "\ufe0f", "\ufe0e\ufe0f", "\u115f\u1160", "\uffa0", "\U000e0100"]
NOTHING += ["\u2800 \u3164", "\u0301", "\u180b", "\u17b4", "\U0001d159"]
STRAY = [
    "\u200d",
    "\u200cplan",
    "plan\u200d",
    "a \u200c b",
    "a\u200d\u200db",
    "a\u200c\n",
    "\u200b",
    "a\u200bb",
]
STRAY += ["a\u202eb", "a\u2066b", "\ufeffa", "a\u00adb", "a\x1bb", "👩\u200d", "a\u200d\u200c"]


@pytest.mark.parametrize(
    "name", [PERSIAN, FAMILY, HEART, f"plan {FAMILY}", f"{PERSIAN} 2", "क्\u200dष", "é", "한글"]
)
def test_joiners_join(name: str) -> None:
    assert valid_name("conversation", name) == name
    assert valid_title(name) == name
    assert clean_title(name) in {name, ""}


def test_joiners_in_tags() -> None:
    assert valid_tag(PERSIAN) == PERSIAN


@pytest.mark.parametrize("name", NOTHING)
def test_what_prints_as_nothing_is_no_name(name: str) -> None:
    for check in (valid_title, valid_tag, lambda text: valid_name("conversation", text)):
        with pytest.raises(UsageFault):
            check(name)
    assert slug(name) == "chat"
    assert clean_title(name) == ""


@pytest.mark.parametrize("name", STRAY)
def test_a_joiner_that_joins_nothing_is_invisible(name: str) -> None:
    with pytest.raises(UsageFault, match="invisible"):
        valid_name("conversation", name)
    with pytest.raises(UsageFault):
        valid_title(name)


def test_beside_something_that_shows_they_may_stand() -> None:
    for name in ("1\ufe0f\u20e3", "plan \u2800", "가\u3164나"):
        assert valid_name("conversation", name)


def test_a_title_from_a_model_keeps_its_joiners() -> None:
    assert clean_title(f"Title: \u200d“{PERSIAN} {FAMILY}”\u200c") == f"{PERSIAN} {FAMILY}"
    assert clean_title("plan\u200d \u200cB") == "plan B"
