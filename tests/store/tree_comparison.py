"""What a database is asked about the tree of turns, and what the model says."""

import json
from collections.abc import Iterator
from typing import Any

from chatmgr.domain.filters import EVERYTHING, Filters
from chatmgr.domain.model import Conversation, Turn
from chatmgr.domain.search import parse_query
from chatmgr.services.export import Exporter
from chatmgr.store import integrity
from chatmgr.store.search import index
from tests.store.tree_model import ModelConversation, ModelTurn, Tree
from tests.store.tree_player import WORDS, common
from tests.support.store import ENDPOINT, Store, query

Comparison = dict[str, Any]


def difference(wanted: Comparison, present: Comparison) -> str:
    return "\n".join(
        f"{name}:\n  expected {wanted.get(name)}\n  actual   {present.get(name)}"
        for name in wanted | present
        if wanted.get(name) != present.get(name)
    )


def _prefixed(comparisons: dict[str, Comparison]) -> Comparison:
    return {f"{name}: {key}": value for name, each in comparisons.items() for key, value in each.items()}


def _turn(turn: ModelTurn, position: int) -> tuple[object, ...]:
    return position, turn.text, turn.answer, turn.runs[turn.chosen].cost, bool(turn.file)


def expected(tree: Tree) -> Comparison:
    """What the model says of all that the reader is asked."""
    listed = tree.listed()
    exported = tree.turns(listed)
    turns = tree.turns(tree.conversations)
    return {
        **_prefixed({each.name: _expected_of(each) for each in listed}),
        **{f"search {word}": _expected_hits(tree, word) for word in WORDS},
        **{
            f"usage {each.name}": usage for each in listed if (usage := _usage(exported, [each])) != (0, 0, 0)
        },
        "total": _usage(turns, listed),
        "trash": sorted(each.name for each in tree.conversations if each.in_trash),
        "exported": sorted((turn.text, len(turn.runs)) for turn in exported),
        "turns": len(turns),
        "runs": sum(len(turn.runs) for turn in turns),
        "files": sorted({turn.file for turn in turns if turn.file}),
        "damage": [],
        "index matches": True,
    }


def _expected_of(conversation: ModelConversation) -> Comparison:
    visible = conversation.visible
    answered = [at for at, turn in enumerate(visible, 1) if turn.answer]
    thread, held = conversation.thread, 0
    if thread is not None:
        held = common(thread, visible)
    return {
        "list": [_turn(turn, at) for at, turn in enumerate(visible, 1)],
        "tail": [_turn(turn, at) for at, turn in enumerate(visible, 1)][-2:],
        "context": [text for turn in visible if turn.answer for text in (turn.text, turn.answer)],
        "last answered": answered[-1] if answered else 0,
        "last answered before": max((at for at in answered if at < len(visible)), default=0),
        "runs": [(run.answer, run.cost) for run in visible[-1].runs] if visible else [],
        "chosen": visible[-1].chosen if visible else -1,
        "state": visible[-1].runs[visible[-1].chosen].state if visible else "empty",
        "thread": None if thread is None else (held, len(thread) - held),
        "path": conversation.current,
        **{
            f"path {number}": [_turn(turn, at) for at, turn in enumerate(path.turns, 1)]
            for number, path in enumerate(conversation.paths)
        },
    }


def _expected_hits(tree: Tree, word: str) -> list[tuple[object, ...]]:
    hits = []
    for turn in tree.turns(tree.listed()):
        names = [each.name for each in tree.holders(turn)]
        if names and word in f"{turn.text} {turn.answer}":
            [position] = {each.visible.index(turn) + 1 for each in tree.holders(turn)}
            hits.append((names[0], position, tuple(names[1:])))
    return sorted(hits)


def _usage(turns: list[ModelTurn], makers: list[ModelConversation]) -> tuple[int, int, int]:
    """Turns, runs and cost of what conversations made; copies of runs are not counted again."""
    made = [(turn, run) for turn in turns for run in turn.runs if run.maker in makers and not run.is_copy]
    return len({id(turn) for turn, _ in made}), len(made), sum(run.cost for _, run in made)


def actual(store: Store) -> Comparison:
    """The same, as the reader and the checks of the database see it."""
    reader, url = store.reader, store.url
    listed = list(reader.conversations.list(0))
    with reader.snapshot():
        usages = {
            f"usage {each.conversation}": (each.turns, each.runs, each.cost or 0)
            for each in reader.stats.usage(EVERYTHING)
        }
        total = reader.stats.total(EVERYTHING)
        answers = {
            **_prefixed({each.name: _actual_of(store, each) for each in listed}),
            **{f"search {word}": _actual_hits(store, word) for word in WORDS},
            **usages,
            "total": (total[0].turns, total[0].runs, total[0].cost or 0) if total else (0, 0, 0),
            "trash": sorted(each.name for each in reader.trash.list()),
            "exported": _exported(store),
        }
    with store.writer.database.begin() as db:
        matches = index.matches_tables(db)
    return answers | {
        "turns": query(url, "SELECT count(*) FROM turns")[0][0],
        "runs": query(url, "SELECT count(*) FROM runs")[0][0],
        "files": sorted(bytes(data) for (data,) in query(url, "SELECT data FROM blobs")),
        "damage": integrity.damage(url),
        "index matches": matches,
    }


def _actual_of(store: Store, conversation: Conversation) -> Comparison:
    reader, pk, tip = store.reader, conversation.pk, conversation.turns
    runs = reader.turns.runs(conversation, tip) if tip else []
    thread = reader.threads.get(pk, "openai", ENDPOINT)
    [(branches,)] = query(store.url, f"SELECT count(*) FROM branches WHERE conversation_id = {pk}")
    return {
        "list": [_row(turn) for turn in reader.turns.list(conversation)],
        "tail": [_row(turn) for turn in reader.turns.tail(conversation, 2)],
        "context": [message.content for message in reader.turns.context(pk, tip + 1)],
        "last answered": reader.turns.last_answered(pk, tip + 1),
        "last answered before": reader.turns.last_answered(pk, tip),
        "runs": [(run.answer, run.cost) for run in runs],
        "chosen": next((at for at, run in enumerate(runs) if run.chosen), -1),
        "state": conversation.state,
        "thread": None if thread is None else (thread.synced, thread.ahead),
        "path": reader.tree.current(conversation) - 1,
        **{f"path {number}": _along(store, conversation, number) for number in range(branches)},
    }


def _along(store: Store, conversation: Conversation, number: int) -> list[tuple[object, ...]]:
    other = store.reader.tree.along(conversation, number + 1)
    return [_row(turn) for turn in store.reader.turns.list(other)]


def _row(turn: Turn) -> tuple[object, ...]:
    return turn.turn, turn.user, turn.answer, turn.cost, turn.files


def _actual_hits(store: Store, word: str) -> list[tuple[object, ...]]:
    hits: Iterator[Any] = store.reader.search.find(parse_query(word), EVERYTHING, 0).hits
    return sorted((hit.conversation, hit.turn, hit.also_in) for hit in hits if hit.turn is not None)


def _exported(store: Store) -> list[tuple[object, ...]]:
    """The turns of a lossless export of all conversations; what they refer to comes before them, once."""
    reader = store.reader
    lines = "".join(
        Exporter(reader).pieces(reader.export.chosen(Filters(archived=None)), "jsonl")
    ).splitlines()
    records = [json.loads(line) for line in lines]
    branches: list[int] = []
    turns: list[tuple[object, ...]] = []
    for record in records:
        if record["type"] == "conversation":
            branches += [branch["id"] for branch in record["branches"]]
            parents = {branch["parent_id"] for branch in record["branches"]} - {None}
            assert {piece["branch_id"] for piece in record["path_segments"]} | parents <= {*branches}
        elif record["type"] == "turn":
            assert record["branch_id"] in branches
            [question] = [message for message in record["messages"] if message["role"] == "user"]
            turns.append((question["content"], len(record["runs"])))
    assert len(branches) == len({*branches})
    return sorted(turns)
