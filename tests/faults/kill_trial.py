"""One kill trial: a turn, its process killed at a known point, and the proof that nothing is lost."""

import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.commands import CommandResult, Running
from tests.support.processes import PATIENCE, Home, until
from tests.wire import Fault, Gate, WireServer

LIVE = ("pending", "running", "requires_action")


@dataclass(frozen=True, slots=True)
class Point:
    """Where the server stands when the client is killed: before a request takes effect, before its answer
    (`heard`), or after so many events. `fresh`: there is no earlier turn, and so no thread. `racing`: the
    server is let go first, and the kill comes a moment later, whatever is being written then.
    """

    api: str
    path: str
    after: int | None = None
    heard: bool = False
    fresh: bool = False
    racing: bool = False
    method: str = "POST"

    def __str__(self) -> str:
        when = f"after-{self.after}" if self.after is not None else "heard" if self.heard else "unheard"
        path = self.path.replace("[^/]+", "x").strip("/")
        return f"{self.api}-{self.method}-{path}-{when}{'-racing' if self.racing else ''}"


def points(api: str, path: str, events: Sequence[int], racing: Sequence[int]) -> list[Point]:
    """The points of one API's turn-creating request, and those before it that every API has."""
    return [
        Point(api, "/models", method="GET", fresh=True),
        Point(api, path),
        Point(api, path, heard=True),
        *(Point(api, path, after) for after in events),
        *(Point(api, path, after, racing=True) for after in racing),
    ]


@dataclass(slots=True)
class Trial:
    """A conversation in which the process of one turn is killed."""

    home: Home
    name: str
    provider: str
    fresh: bool

    @property
    def text(self) -> str:
        """What the killed process was asked; nothing else is ever asked so."""
        return f"{self.name}: two three four five six seven"

    @property
    def position(self) -> int:
        """The killed turn's."""
        return 1 if self.fresh else 2

    @property
    def asked(self) -> list[str]:
        """What the user says in all."""
        earlier = [] if self.fresh else [f"{self.name}: earlier"]
        return [*earlier, self.text, f"{self.name}: next"]

    def prepare(self) -> None:
        """The conversation, and a whole turn before the one that matters."""
        self.home.conversation(self.name, self.provider)
        if not self.fresh:
            assert self.home.run("send", self.name, self.asked[0]).code == 0

    def begin(self) -> Running:
        """Start the process that is going to be killed."""
        return self.home.start("send", self.name, self.text)

    def column(self, column: str) -> Any:
        """A column of the run that was killed."""
        return self.home.value(
            f"SELECT r.{column} FROM runs r JOIN turns t ON t.id = r.turn_id"
            f" JOIN conversations c ON c.branch_id = t.branch_id"
            f" WHERE c.name = '{self.name}' AND t.position = {self.position}"
        )

    def kept(self) -> str:
        """What is in the database of the killed turn's answer."""
        return str(
            self.home.value(f"SELECT content FROM messages WHERE run_id = {self.column('id') or 0}") or ""
        )

    def check_killed(self) -> None:
        """Right after the kill, with bare SQL: a whole database, and the message in it, once."""
        if self.home.url.startswith("sqlite"):
            assert self.home.ask("PRAGMA integrity_check") == [("ok",)]
            assert self.home.ask("PRAGMA foreign_key_check") == []
        statement = "SELECT count(*) FROM messages WHERE role = 'user' AND content = '{}'"
        assert self.home.value(statement.format(self.text)) == 1

    def recover(self, *, by_history: bool) -> list[CommandResult]:
        """The next commands: either of them first, both in the end."""
        history = ("history", self.name, "--json")
        send = ("send", self.name, self.asked[-1])
        order = [history, send, history] if by_history else [send, history]
        return [self.home.run(*command) for command in order]

    def turns(self, done: list[CommandResult]) -> list[dict[str, Any]]:
        """The transcript that the last command showed."""
        return done[-1].json()

    def figures(self, done: list[CommandResult], heard: Sequence[str] = ()) -> dict[str, int]:
        """What came of it, for the summary."""
        users = [turn["user"] for turn in self.turns(done)]
        states = [turn["state"] for turn in self.turns(done)]
        return {
            "trials": 1,
            "taken up": int(not set(states) & set(LIVE)),
            "complete after all": int(states[self.position - 1 : self.position] == ["completed"]),
            "lost": sum(text not in users for text in self.asked),
            "doubled": sum(users.count(text) > 1 or heard.count(text) > 1 for text in self.asked),
        }

    def check_recovered(
        self, pid: int, live: bool, done: list[CommandResult], codes: Sequence[int] = (0, 0, 0)
    ) -> dict[str, Any]:
        """The first command reports the run in one line, and all is there once; returns the killed turn."""
        assert [result.code for result in done] == list(codes[: len(done)]), done
        reports = [line for line in done[0].err.splitlines() if "was interrupted" in line]
        assert len(reports) == live, done[0].err
        if live:
            assert f"{self.name}@{self.position} was interrupted: process {pid} on " in reports[0]
            kept = re.search(
                r"; (nothing had arrived|it was never sent|[\d,]+ characters of the answer)", reports[0]
            )
            told = (
                reports[0] if kept else done[0].err.splitlines()[1]
            )  # what the server knew is a line of its own
            assert told.startswith(f"{self.name}@{self.position} ")
        assert not any("was interrupted" in result.err for result in done[1:])
        turns = self.turns(done)
        assert [turn["user"] for turn in turns] == self.asked
        assert not any(turn["state"] in LIVE for turn in turns)
        counts = "SELECT count(*) AS n FROM messages GROUP BY turn_id, role"
        assert self.home.value(f"SELECT max(n) FROM ({counts}) q") == 1
        this_turn: dict[str, Any] = turns[self.position - 1]
        return this_turn

    def check_memory(self, done: list[CommandResult]) -> None:
        """The turn after it was answered by somebody who knows every earlier turn that has an answer."""
        turns = self.turns(done)
        assert turns[-1]["state"] == "completed"
        known = sum(bool(turn["answer"]) for turn in turns)
        assert turns[-1]["answer"] == f"{known} user turns; you said: '{self.asked[-1]}'"


def kill_at(wire: WireServer, trial: Trial, point: Point, ready: Callable[[], object]) -> tuple[int, int]:
    """Let the server stop at the point, kill the client there; returns its pid and how it ended."""
    gate = Gate()
    match = (point.method, point.path)
    wire.fault(Fault(kind="gate", match=match, after=point.after, heard=point.heard, gate=gate))
    running = trial.begin()
    try:
        assert gate.wait_reached(PATIENCE) == (point.after or 0)
        until(ready, f"what should be kept at {point}")
        if point.racing:
            gate.open()
            time.sleep(random.Random(str(point)).uniform(0, 0.04))  # not to wait: to meet it anywhere
    finally:
        code = running.kill()
        gate.open()
    wire.wait_idle()
    wire.clear_faults()
    return running.pid, code
