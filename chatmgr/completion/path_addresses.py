"""Addresses of other paths, as the shell's Tab completes them: ``demo~2``, and ``demo~2@5`` for a turn there.

What is asked of the database is the caller's, so that it can be SQLite without any other module.
"""

from collections.abc import Callable, Iterator
from typing import Any

MOST = 50  # turns offered at once
Path = tuple[int, int, str]  # the branch that it ends in, its last position, and what was first asked there
Turn = tuple[int, str]  # its position, and what was asked


# The reader's ``tree.named_paths`` and ``tree.turns_along``, without its loader and its files.
PATHS = """
SELECT
    branches.id AS branch,
    coalesce(
        (SELECT max(turns.position) FROM turns WHERE turns.branch_id = branches.id), branches.parent_position
    ) AS last,
    coalesce(
        (
            SELECT substr(messages.content, 1, 100)
            FROM turns
            JOIN messages ON messages.turn_id = turns.id AND messages.role = 'user'
            WHERE turns.branch_id = branches.id
            ORDER BY turns.position
            LIMIT 1
        ),
        ''
    ) AS question
FROM conversations
JOIN branches ON branches.conversation_id = conversations.id
WHERE conversations.name = :name AND conversations.deleted_at IS NULL
ORDER BY branches.id
"""
TURNS = """
WITH RECURSIVE pieces (branch, first, last) AS (
    SELECT branches.id, branches.parent_position + 1, CAST(:last AS INTEGER)
    FROM branches
    WHERE branches.id = :branch
    UNION ALL
    SELECT
        parents.id,
        parents.parent_position + 1,
        CASE WHEN pieces.first - 1 < pieces.last THEN pieces.first - 1 ELSE pieces.last END
    FROM pieces
    JOIN branches ON branches.id = pieces.branch
    JOIN branches AS parents ON parents.id = branches.parent_id
)
SELECT turns.position AS turn, substr(messages.content, 1, 100) AS question
FROM pieces
JOIN turns
    ON turns.branch_id = pieces.branch
    AND turns.position >= pieces.first
    AND turns.position <= pieces.last
    AND turns.position >= :first
JOIN messages ON messages.turn_id = turns.id AND messages.role = 'user'
ORDER BY turns.position
"""


def path_addresses(
    typed: str,
    paths_of: Callable[[str], list[Path]],
    turns_of: Callable[[int, int, int], list[Turn]],
) -> Iterator[tuple[str, str]]:
    """The addresses that begin with what was typed, each with what was asked there.

    ``paths_of`` gives the paths of the conversation of exactly a name, in their order. ``turns_of`` gives the
    turns of a path between two positions, both included.
    """
    name, tilde, rest = typed.rpartition("~")
    number, at, turn = rest.partition("@")
    if not (name and tilde and _is_begun(number) and _is_begun(turn)):
        return
    for count, (branch, end, question) in enumerate(paths_of(name), 1):
        if not at and str(count).startswith(number):
            yield f"{name}~{count}", f"to @{end}: {question}" if end else "no turns"
        elif at and str(count) == number:
            for low, high in _ranges(turn, end):
                for position, asked in turns_of(branch, low, high):
                    yield f"{name}~{count}@{position}", asked


def addresses_in(
    ask: Callable[..., Any], typed: str, as_stored: Callable[[str], str]
) -> Iterator[tuple[str, str]]:
    """The same, from an SQLite database that is asked by ``ask``."""
    return path_addresses(
        typed,
        lambda name: list(ask(PATHS, {"name": as_stored(name)})),
        lambda branch, first, last: list(ask(TURNS, {"branch": branch, "first": first, "last": last})),
    )


def _is_begun(number: str) -> bool:
    """Whether a number begins so."""
    return not number or (number.isascii() and number.isdecimal() and number[0] != "0" and len(number) < 10)


def _ranges(begun: str, end: int) -> Iterator[tuple[int, int]]:
    """The positions that begin so, in ranges, as many as are offered; the last ones if nothing is typed."""
    if not begun:
        yield max(end - MOST + 1, 1), end
        return
    left, low, high = MOST, int(begun), int(begun)
    while low <= end and left > 0:
        last = min(high, end, low + left - 1)
        yield low, last
        left -= last - low + 1
        low, high = low * 10, high * 10 + 9
