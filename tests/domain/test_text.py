"""Names made of others, and titles."""

import pytest

from chatmgr.domain.errors import UsageFault
from chatmgr.domain.names import NAME_LIMIT, free_name, is_numbered_name, valid_title


@pytest.mark.parametrize(
    ("name", "base", "after"),
    [
        ("demo", "demo", True),
        ("demo-2", "demo", True),
        ("Ada Lovelace", "ada-lovelace", True),
        ("demo", "demo-2", False),
        ("demonstration", "demo", False),
        ("demo-draft", "demo", False),
    ],
)
def test_what_is_named_after_what(name: str, base: str, after: bool) -> None:
    assert is_numbered_name(name, base) is after


def test_a_free_name_is_numbered_and_no_longer_than_names_are() -> None:
    assert free_name("plan", {"other"}.__contains__) == "plan"
    assert free_name("plan", {"plan", "plan-2"}.__contains__) == "plan-3"
    long = "x" * NAME_LIMIT
    assert free_name(long, {long}.__contains__) == "x" * (NAME_LIMIT - 2) + "-2"


@pytest.mark.parametrize("title", ["a\nb", "a\x1b[2J", "a\u202eb", "x" * 201, "\ud800"])
def test_no_titles(title: str) -> None:
    with pytest.raises(UsageFault, match="The title"):
        valid_title(title)


@pytest.mark.parametrize("title", ["", "Where to go, in spring?", "旅行", "x" * 200])
def test_titles(title: str) -> None:
    assert valid_title(title) == title
