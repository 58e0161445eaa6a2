"""File names made of names: safe anywhere, never twice, and the same ones the next time."""

import pytest

from chatmgr.formats.file_names import safe_file_name, unique_file_names


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("plan", "plan"),
        ("Plan B (new), v1.2", "Plan B (new), v1.2"),
        ("../../etc/passwd", "etc-passwd"),
        ("/", "conversation"),
        ("..", "conversation"),
        (" . ", "conversation"),
        ("con", "_con"),
        ("CON.backup", "_CON.backup"),
        ("lpt¹", "_lpt¹"),
        ("index", "_index"),
        ("console", "console"),
        ('a\\b:c*d?e<f>g|h"i', "a-b-c-d-e-f-g-h-i"),
        ("trailing dot.", "trailing dot"),
        ("#1 50% off?", "1 50- off"),
        ("Größe 東京", "Größe 東京"),
        ("x" * 300, "x" * 120),
        ("東" * 300, "東" * 40),
        ("javascript:alert(1)", "javascript-alert(1)"),
    ],
)
def test_a_name_is_one_file_name_anywhere(name: str, file: str) -> None:
    assert safe_file_name(name) == file


def test_names_that_some_system_takes_for_one() -> None:
    rows = [
        (1, "Plan", "aaaaaaaabbbb"),
        (2, "plan", "ccccccccdddd"),
        (3, "cafe\u0301", "eeee"),
        (4, "caf\u00e9", "ffff"),
    ]
    rows += [
        (5, "straße", "1111"),
        (6, "STRASSE", "2222"),
        (7, "alone", "3333"),
        (8, "a/b", "4"),
        (9, "a?b", "4x"),
    ]
    given = unique_file_names(rows)
    assert given[1] == "Plan-aaaaaaaa"
    assert given[2] == "plan-cccccccc"
    assert given[7] == "alone"
    assert len({item.casefold() for item in given.values()}) == len(rows)
    assert unique_file_names(reversed(rows)) == given


def test_a_name_that_looks_like_another_with_its_id() -> None:
    rows = [(1, "a", "11112222" + "3" * 8), (2, "A", "44445555"), (3, "a-11112222", "6")]
    given = unique_file_names(rows)
    assert given == {1: "a-11112222" + "3" * 8, 2: "A-44445555", 3: "a-11112222"}


def test_ids_that_begin_alike() -> None:
    given = unique_file_names([(1, "a", "same"), (2, "A", "same")])
    assert len({item.casefold() for item in given.values()}) == 2
