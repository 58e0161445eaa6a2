"""Any walk through the tree, on each database and API: what the model is sent is the path that is shown."""

import itertools
import random

import pytest

from tests.support.processes import Home
from tests.wire import WireServer

Messages = list[tuple[str, str]]
STEPS = 14


class Walk:
    """A home, the scripted model that it talks to, and what that was sent last."""

    def __init__(self, place: Home, wire: WireServer, api: str, seed: int) -> None:
        self.place = place
        self.random = random.Random(seed)
        self.heard: list[Messages] = []
        self.names = ["demo"]
        self._numbers = itertools.count(1)
        wire.world.reply = self._reply
        place.provider(api, wire.base_url)
        place.conversation("demo", api)

    def _reply(self, messages: Messages, _: str | None) -> str:
        self.heard.append(list(messages))
        return f"answer {next(self._numbers)}"

    def run(self, *words: str) -> list[dict[str, object]]:
        done = self.place.run(*words, "--json")
        assert done.code == 0, (words, done.err)
        return done.json()

    def path(self, name: str) -> Messages:
        """The messages that ``history`` shows."""
        turns = self.run("history", name)
        return [
            message
            for turn in turns
            for message in (("user", str(turn["user"])), ("assistant", str(turn["answer"])))
        ]

    def step(self, number: int) -> None:
        """Do something to some conversation; if the model was asked, it was sent the path that is shown."""
        name = self.random.choice(self.names)
        before = self.path(name)
        turns = len(before) // 2
        verb = self.random.choice(
            ["send", "send", "edit", "retry", "undo", "fork", "switch"] if turns else ["send"]
        )
        at = f"{name}@{self.random.randint(1, turns)}" if turns else name
        asked = len(self.heard)
        if verb == "send":
            self.run("send", name, f"question {number}")
        elif verb == "edit":
            self.run("edit", at, f"question {number}")
        elif verb == "retry":
            self.run("retry", self.random.choice([name, at]))
        elif verb == "undo":
            self.run("undo", name, "-n", str(self.random.randint(1, 2)))
        elif verb == "fork":
            self.names.append(f"fork-{number}")
            self.run("fork", at, self.names[-1])
            assert self.path(name) == before
        else:
            self.run("switch", f"{name}~1")
        if verb in {"send", "edit", "retry"}:
            assert len(self.heard) == asked + 1
            assert self.heard[-1] == self.path(name)[:-1], (number, verb, at)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_model_is_sent_the_path_that_is_shown(
    either: Home, wire: WireServer, api: str, seed: int
) -> None:
    walk = Walk(either, wire, api, seed)
    for number in range(1, STEPS + 1):
        walk.step(number)
    assert either.run("db", "check").code == 0
