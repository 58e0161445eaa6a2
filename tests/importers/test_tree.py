"""Messages of a source become turns, runs and paths, and every path of the source is one of ours."""

import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chatmgr.domain.events import Usage
from chatmgr.domain.items import Item, ItemKind
from chatmgr.domain.source_conversations import SourceConversation, SourceMessage, SourceRole
from chatmgr.importers import tree as tree_module
from chatmgr.importers.source import Unreadable
from chatmgr.importers.source_turns import turns_of_one_path
from chatmgr.importers.tree import SourceTurns, turns_of

ROLES = {"u": SourceRole.USER, "a": SourceRole.ASSISTANT, "t": SourceRole.TOOL, "h": SourceRole.HIDDEN}


def message(name: str, parent: str = "") -> SourceMessage:
    """A message whose role its first letter tells, and which says its own name."""
    return SourceMessage(name, parent, ROLES[name[0]], (Item(ItemKind.TEXT, {"text": name}),))


def tree(links: str, current: str = "") -> SourceConversation:
    """A conversation from links like ``u1 u1>a1``: names, each perhaps with what it follows before it."""
    messages = []
    for link in links.split():
        parent, _, name = link.rpartition(">")
        messages.append(message(name, parent))
    return SourceConversation("test", "c", tuple(messages), current=current)


def lines(turns: SourceTurns) -> list[str]:
    """Each turn as ``parent:text[runs]``; the chosen run has a star, a copy its original behind ``=``."""
    shown = []
    for turn in turns.turns:
        runs = (
            f"{run.text}{'*' if place == turn.run else ''}".replace("\n\n", "+")
            for place, run in enumerate(turn.runs)
        )
        copy = f"={turn.copy}" if turn.copy >= 0 else ""
        shown.append(f"{turn.parent}:{turn.text}[{' '.join(runs)}]{copy}")
    return shown


@pytest.mark.parametrize(
    ("links", "current", "expected", "tip"),
    [
        ("u1 u1>a1 a1>u2 u2>a2", "", ["-1:u1[a1*]", "0:u2[a2*]"], 1),
        ("u1 u1>u2 u2>a1", "", ["-1:u1[]", "0:u2[a1*]"], 1),
        ("a1 a1>u1 u1>a2", "", ["-1:[a1*]", "0:u1[a2*]"], 1),
        ("u1 u1>a1 a1>t1 t1>a2", "", ["-1:u1[a1+t1+a2*]"], 0),
        ("h0 h0>u1 u1>h1 h1>h2 h2>a1", "", ["-1:u1[a1*]"], 0),
        ("u1 u1>a1 u1>a2 u1>a3", "a2", ["-1:u1[a1 a2* a3]"], 0),
        ("u1 u1>a1 u1>a2", "", ["-1:u1[a1 a2*]"], 0),
        ("u1 u1>a1 u1>a2 a2>u2", "u2", ["-1:u1[a1 a2*]", "0:u2[]"], 1),
        ("u1 u1>a1 u1>a2 a1>u2 a2>u3", "u3", ["-1:u1[a1* a2]", "-1:u1[a2*]=0", "1:u3[]", "0:u2[]"], 2),
        ("u1 u1>a1 u1>a2 a1>u2 a2>u3", "u2", ["-1:u1[a1* a2]", "0:u2[]", "-1:u1[a2*]=0", "2:u3[]"], 1),
        ("u1 u1>a1 u1>a2 a1>u2", "a2", ["-1:u1[a1* a2]", "0:u2[]", "-1:u1[a2*]=0"], 2),
        ("u1 u1>a1 a1>u2 a1>u3", "u3", ["-1:u1[a1*]", "0:u3[]", "0:u2[]"], 1),
        ("u1 u2", "u1", ["-1:u1[]", "-1:u2[]"], 0),
        ("u1 u1>a1 a1>a2 a1>a3", "a3", ["-1:u1[a1+a2 a1+a3*]"], 0),
        ("u1 nowhere>u2 u3>u3 a5>a4 a4>a5", "", ["-1:[a4+a5*]", "-1:u1[]", "-1:u2[]", "-1:u3[]"], 0),
        ("h1", "", [], -1),
        ("", "", [], -1),
    ],
)
def test_shapes(links: str, current: str, expected: list[str], tip: int) -> None:
    turns = turns_of(tree(links, current))
    assert (lines(turns), turns.tip) == (expected, tip)


@pytest.mark.parametrize("current", ["a2", "a1", "u2", "u3"])
def test_which_turn_is_a_copy_does_not_depend_on_the_active_path(current: str) -> None:
    turns = turns_of(tree("u1 u1>a1 u1>a2 a1>u2 a2>u3", current))
    assert {(turn.text, turn.runs[turn.run].text) for turn in turns.turns if turn.copy >= 0} == {("u1", "a2")}


@pytest.mark.parametrize("length", range(1, 9))
@pytest.mark.parametrize("seed", range(10))
def test_one_path_is_the_tree_that_it_is(length: int, seed: int) -> None:
    chance = random.Random(100 * length + seed)
    messages = list[SourceMessage]()
    for number in range(length):
        said = message(f"{chance.choice('uath')}{number}", messages[-1].id if messages else "")
        messages.append(replace(said, at=chance.choice([None, datetime(2024, 1, 1, tzinfo=UTC)])))
    conversation = SourceConversation(
        "test", "c", tuple(messages), current=chance.choice(["", messages[-1].id])
    )
    walked = tree_module._Placing(tree_module._Walk(conversation).drafts(), "").turns()
    assert turns_of_one_path(conversation) == walked


def test_times_models_and_usage_of_a_run() -> None:
    at = datetime(2024, 1, 1, tzinfo=UTC)
    said = [message("u1"), message("a1", "u1"), message("a2", "a1")]
    said[0] = replace(said[0], at=at)
    said[1] = replace(said[1], model="m", usage=Usage(1, 2), joins=True)
    said[2] = replace(said[2], usage=Usage(3, None), joins=True)
    (turn,) = turns_of(SourceConversation("test", "c", tuple(said), model="d")).turns
    (run,) = turn.runs
    assert (turn.at, run.model, run.usage, run.ids, run.text) == (at, "m", Usage(4, 2), ("a1", "a2"), "a1a2")


def source_paths(conversation: SourceConversation) -> set[tuple[str, ...]]:
    """What is said on each way from a first message to any other one."""
    return {source_path(conversation, message.id) for message in conversation.messages}


def source_path(conversation: SourceConversation, key: str) -> tuple[str, ...]:
    """What is said on the way to a message."""
    parents = {message.id: message.parent for message in conversation.messages}
    path = []
    while key:
        path.append(key)
        key = parents[key]
    return tuple(name for name in reversed(path) if name[0] != "h")


def chosen_path(turns: SourceTurns) -> tuple[str, ...]:
    """What the path of the conversation says, each turn with its chosen run."""
    path, place = list[str](), turns.tip
    while place >= 0:
        turn = turns.turns[place]
        path = [
            *filter(None, [turn.text]),
            *(turn.runs[turn.run].text.split("\n\n") if turn.run >= 0 else ()),
            *path,
        ]
        place = turn.parent
    return tuple(path)


def our_paths(turns: SourceTurns) -> set[tuple[str, ...]]:
    """What is said on each of our paths, with any run at its end, and the beginnings of all."""
    paths = set[tuple[str, ...]]()
    before = list[tuple[str, ...]]()
    for turn in turns.turns:
        start = (*(before[turn.parent] if turn.parent >= 0 else ()), *([turn.text] if turn.text else []))
        answers = [tuple(run.text.split("\n\n")) for run in turn.runs] or [()]
        before.append((*start, *answers[max(turn.run, 0)]))
        for answer in answers:
            whole = (*start, *answer)
            paths |= {whole[:end] for end in range(len(whole) + 1)}
    return paths


@pytest.mark.parametrize("seed", range(150))
def test_every_path_of_a_random_tree_is_there(seed: int) -> None:
    chance = random.Random(seed)
    messages = list[SourceMessage]()
    for number in range(chance.randrange(1, 25)):
        before = messages[-1:] if chance.random() < 0.6 else messages
        parent = chance.choice(before).id if before and number else ""
        messages.append(message(f"{chance.choice('uuaaath')}{number}", parent))
    current = chance.choice(messages).id
    conversation = SourceConversation("test", "c", tuple(messages), current=current)
    turns = turns_of(conversation)
    assert source_paths(conversation) <= our_paths(turns) | {()}
    if expected := source_path(conversation, current):
        assert chosen_path(turns) == expected
    assert all(turn.parent < place and turn.copy < place for place, turn in enumerate(turns.turns))
    said = {
        name
        for turn in turns.turns
        for name in (turn.text, *(text for run in turn.runs for text in run.text.split("\n\n")))
    }
    assert said >= {one.id for one in messages if one.role is not SourceRole.HIDDEN}
    again = turns_of(replace(conversation, current=chance.choice(messages).id))
    assert originals(turns) == originals(again)


def originals(turns: SourceTurns) -> set[tuple[str, bool]]:
    """Where turns stand that are no copies; whether they follow one."""
    return {
        (turn.id, turn.parent >= 0 and turns.turns[turn.parent].copy >= 0)
        for turn in turns.turns
        if turn.copy < 0
    }


def test_long_chains_need_no_recursion() -> None:
    links = " ".join(f"{'ua'[n % 2]}{n - 1}>{'au'[n % 2]}{n}" for n in range(1, 20_000))
    turns = turns_of(tree(f"u0 {links.replace('ua', 'a')}"))
    assert len(turns.turns) >= 10_000


def test_long_answers_and_hidden_chains() -> None:
    messages = [message("u0")]
    messages += [message(f"{'ht'[n % 2]}{n}", messages[-1].id) for n in range(1, 1)]
    for number in range(1, 20_000):
        messages.append(message(f"{'ht'[number % 2]}{number}", messages[-1].id))
    (turn,) = turns_of(SourceConversation("test", "c", tuple(messages))).turns
    assert len(turn.runs[0].ids) == 10_000


def test_answers_that_branch_everywhere_are_refused() -> None:
    messages = [message("u0"), message("a1", "u0")]
    for number in range(2, 3_000):
        messages += [message(f"a{number}", messages[-1].id), message(f"a{number}x", messages[-1].id)]
    with pytest.raises(Unreadable, match="branch"):
        turns_of(SourceConversation("test", "c", tuple(messages)))
