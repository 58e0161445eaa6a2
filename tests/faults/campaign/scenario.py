"""One trial: a turn that meets a fault, the next commands, and the proof that nothing went wrong."""

from collections.abc import Callable
from dataclasses import dataclass

from chatmgr.domain.model import Turn, UserMessage
from tests.faults.campaign.api_modes import ApiMode
from tests.faults.campaign.client import Client, TurnLog
from tests.wire import Fault, Gate
from tests.wire.world import HUGE, Abandoned

LIVE = {"pending", "running", "requires_action"}
MODEL = "gpt-4.1"
ANY = frozenset({"completed", "incomplete", "failed", "cancelled", "interrupted"})


@dataclass(frozen=True, slots=True)
class Scenario:
    """What goes wrong with a turn, and when.

    ``fresh``: it is the first turn, so nothing exists on the server yet. ``ends`` are the states in
    which the turn may be found in the end. ``quick``: the client's patience with a silent server is
    short. ``stuck``: what was stopped at a gate stays there until the trial is over. ``forgetful``: the
    model does not see the turns before it. ``unmodelled``: the model is the server's first.
    """

    mode: ApiMode
    label: str
    faults: tuple[Fault, ...]
    abandoned: Abandoned = "finish"
    fresh: bool = False
    ends: frozenset[str] = ANY
    quick: bool = False
    stuck: bool = False
    forgetful: bool = False

    def __str__(self) -> str:
        return f"{self.mode.name}-{self.label}" + ("" if self.abandoned == "finish" else f"-{self.abandoned}")

    @property
    def unmodelled(self) -> bool:
        """Whether the model has to be asked for."""
        return any(fault.match[1] == "/models" for fault in self.faults)


@dataclass(slots=True)
class Outcome:
    """What a trial came to, for its figures; counted before anything is asserted."""

    recovered: int = 0
    marked: int = 0
    lost: int = 0
    doubled: int = 0


class Case:
    """A trial under way in one conversation; ``number`` makes its texts unlike any other's."""

    def __init__(self, client: Client, mode: ApiMode, number: int, *, fresh: bool) -> None:
        self.client, self.mode = client, mode
        self.name = f"{mode.name}-{number}"
        self.text = f"{self.name}: two three four five six seven"
        self.next = f"{self.name}: next"
        self.asked = [self.text, self.next] if fresh else [f"{self.name}: earlier", self.text, self.next]
        self.position = len(self.asked) - 1

    @property
    def whole(self) -> str:
        """The whole answer to the turn that matters."""
        return f"{self.position} user turns; you said: {self.text!r}"

    def said(self, text: str) -> UserMessage:
        """A message as this kind sends it."""
        return UserMessage(text, background=self.mode.background)

    def prepare(self, model: str) -> None:
        """The conversation, and the turn before."""
        self.client.begin(self.name, self.mode, model)
        if self.position > 1:
            assert self.client.ask(self.name, self.said(self.asked[0])).error is None

    def check_whole(self, turns: list[Turn]) -> None:
        """Each message once, every run closed, the last turn answered by who knows all before it."""
        assert [turn.user for turn in turns] == self.asked
        assert not LIVE & {turn.state for turn in turns}
        assert self.client.most_messages() == 1
        known = sum(bool(turn.answer) for turn in turns)
        assert (turns[-1].state, turns[-1].answer) == (
            "completed",
            f"{known} user turns; you said: {self.next!r}",
        )

    @property
    def forgetful(self) -> str:
        """That answer by a model that does not see the turns before it."""
        return f"1 user turns; you said: {self.text!r}"

    def check_answer(self, turn: Turn, shown: str, whole: str = "") -> None:
        """Whole where it says so, never more than there is, and all of what was shown."""
        whole = whole or self.whole
        if turn.state == "completed":
            assert turn.answer == whole
        assert whole.startswith(turn.answer)
        assert len(turn.answer) >= len(shown) or not whole.startswith(shown)

    def count(self, turns: list[Turn], shown: str) -> Outcome:
        """The figures of this case."""
        users = [turn.user for turn in turns]
        turn = next((turn for turn in turns if turn.user == self.text), None)
        state, answer = (turn.state, turn.answer) if turn else ("", "")
        listened = self.client.wire.turns_heard
        return Outcome(
            recovered=int(state == "completed"),
            marked=int(state in ANY - {"completed"}),
            lost=sum(text not in users for text in self.asked)
            + int(len(answer) < len(shown) and shown in {self.whole, self.forgetful}),
            doubled=sum(users.count(text) > 1 for text in self.asked)
            + int(answer.count(self.whole) > 1)
            + int(listened.count(self.text) > 1),
        )

    def check_heard(self) -> None:
        """The server was not asked for an answer twice."""
        heard = self.client.wire.turns_heard
        assert heard.count(self.text) <= 1
        assert heard.count(self.next) == 1
        assert self.client.wire.violations == []


def run(client: Client, scenario: Scenario, number: int, report: Callable[[Outcome], None]) -> None:
    """Run a trial, tell what it came to, and check it."""
    case = Case(client, scenario.mode, number, fresh=scenario.fresh)
    wire = client.wire
    wire.world.abandoned = scenario.abandoned
    client.configure(timeout=0.5 if scenario.quick else 10.0)
    case.prepare("" if scenario.unmodelled else MODEL)
    for fault in scenario.faults:
        wire.fault(fault)
    try:
        first = client.ask(case.name, case.said(case.text))
        check_error(first)
        if not scenario.stuck:
            _open(scenario)
            wire.wait_idle()
            wire.clear_faults()
        settled = client.settle(case.name) if number % 2 else TurnLog()
        last = client.ask(case.name, case.said(case.next))
    finally:
        _open(scenario)
        wire.clear_faults()
        wire.wait_idle()
    turns = client.turns(case.name)
    report(case.count(turns, first.text))
    assert (settled.error, last.error) == (None, None), (settled.error, last.error)
    case.check_whole(turns)
    huge = any(fault.kind == "huge_delta" for fault in scenario.faults)
    whole = case.forgetful if scenario.forgetful else case.whole
    case.check_answer(turns[case.position - 1], first.text, whole + (HUGE if huge else ""))
    case.check_heard()
    state = turns[case.position - 1].state
    assert state in scenario.ends, (state, turns[case.position - 1].error, first.notices)


def check_error(log: TurnLog) -> None:
    """A fault is one clear line for a person, and an exit code."""
    if log.error is None:
        return
    line = f"{log.error.message} {log.error.hint}".strip()
    assert "\n" not in line
    assert "Traceback" not in line
    assert log.error.message[-1] in ".!?:…"
    assert log.error.exit_code in (6, 8)


def _open(scenario: Scenario) -> None:
    for fault in scenario.faults:
        if isinstance(fault.gate, Gate):
            fault.gate.open()
