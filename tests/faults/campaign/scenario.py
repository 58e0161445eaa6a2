"""One trial: a turn that meets a fault, the next commands, and the proof that nothing went wrong."""

from collections.abc import Callable
from dataclasses import dataclass

from chatmgr.domain.model import Turn, UserMessage
from tests.faults.campaign.api_modes import Kind
from tests.faults.campaign.client import Desk, TurnLog
from tests.wire import Fault, Gate
from tests.wire.world import HUGE, Abandoned

LIVE = {"pending", "running", "requires_action"}
MODEL = "gpt-4.1"
ANY = frozenset({"completed", "incomplete", "failed", "cancelled", "interrupted"})


@dataclass(frozen=True, slots=True)
class Trial:
    """What goes wrong with a turn, and when.

    ``fresh``: it is the first turn, so nothing exists on the server yet. ``ends`` are the states in
    which the turn may be found in the end. ``quick``: the client's patience with a silent server is
    short. ``stuck``: what was stopped at a gate stays there until the trial is over. ``heard`` is how
    often the server may have begun to answer. ``unmodelled``: the model is the server's first.
    """

    kind: Kind
    label: str
    faults: tuple[Fault, ...]
    abandoned: Abandoned = "finish"
    fresh: bool = False
    ends: frozenset[str] = ANY
    quick: bool = False
    stuck: bool = False
    heard: int = 1

    def __str__(self) -> str:
        return f"{self.kind.name}-{self.label}" + ("" if self.abandoned == "finish" else f"-{self.abandoned}")

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

    def __init__(self, desk: Desk, kind: Kind, number: int, *, fresh: bool) -> None:
        self.desk, self.kind = desk, kind
        self.name = f"{kind.name}-{number}"
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
        return UserMessage(text, background=self.kind.background)

    def prepare(self, model: str) -> None:
        """The conversation, and the turn before."""
        self.desk.begin(self.name, self.kind, model)
        if self.position > 1:
            assert self.desk.ask(self.name, self.said(self.asked[0])).error is None

    def check_whole(self, turns: list[Turn]) -> None:
        """Each message once, every run closed, the last turn answered by who knows all before it."""
        assert [turn.user for turn in turns] == self.asked
        assert not LIVE & {turn.state for turn in turns}
        assert self.desk.most_messages() == 1
        known = sum(bool(turn.answer) for turn in turns)
        assert (turns[-1].state, turns[-1].answer) == (
            "completed",
            f"{known} user turns; you said: {self.next!r}",
        )

    def check_answer(self, turn: Turn, shown: str, whole: str = "") -> None:
        """Whole where it says so, never more than there is, and all of what was shown."""
        whole = whole or self.whole
        if turn.state == "completed":
            assert turn.answer == whole
        assert whole.startswith(turn.answer)
        assert len(turn.answer) >= len(shown) or not whole.startswith(shown)

    def count(self, turns: list[Turn], shown: str, heard: int) -> Outcome:
        """The figures of this case."""
        users = [turn.user for turn in turns]
        turn = next((turn for turn in turns if turn.user == self.text), None)
        state, answer = (turn.state, turn.answer) if turn else ("", "")
        listened = self.desk.wire.turns_heard
        return Outcome(
            recovered=int(state == "completed"),
            marked=int(state in ANY - {"completed"}),
            lost=sum(text not in users for text in self.asked)
            + int(len(answer) < len(shown) and shown in self.whole),
            doubled=sum(users.count(text) > 1 for text in self.asked)
            + int(answer.count(self.whole) > 1)
            + int(listened.count(self.text) > heard),
        )

    def check_heard(self, most: int = 1) -> None:
        """The server was not asked for an answer twice."""
        heard = self.desk.wire.turns_heard
        assert heard.count(self.text) <= most
        assert heard.count(self.next) == 1
        assert self.desk.wire.violations == []


def run(desk: Desk, trial: Trial, number: int, tell: Callable[[Outcome], None]) -> None:
    """Run a trial, tell what it came to, and check it."""
    case = Case(desk, trial.kind, number, fresh=trial.fresh)
    wire = desk.wire
    wire.world.abandoned = trial.abandoned
    desk.configure(timeout=0.5 if trial.quick else 10.0)
    case.prepare("" if trial.unmodelled else MODEL)
    for fault in trial.faults:
        wire.fault(fault)
    try:
        first = desk.ask(case.name, case.said(case.text))
        check_error(first)
        if not trial.stuck:
            _open(trial)
            wire.wait_idle()
            wire.clear_faults()
        settled = desk.settle(case.name) if number % 2 else TurnLog()
        last = desk.ask(case.name, case.said(case.next))
    finally:
        _open(trial)
        wire.clear_faults()
        wire.wait_idle()
    turns = desk.turns(case.name)
    tell(case.count(turns, first.text, trial.heard))
    assert (settled.error, last.error) == (None, None), (settled.error, last.error)
    case.check_whole(turns)
    huge = any(fault.kind == "huge_delta" for fault in trial.faults)
    case.check_answer(turns[case.position - 1], first.text, case.whole + (HUGE if huge else ""))
    case.check_heard(trial.heard)
    state = turns[case.position - 1].state
    assert state in trial.ends, (state, turns[case.position - 1].error, first.notices)


def check_error(told: TurnLog) -> None:
    """A fault is one clear line for a person, and an exit code."""
    if told.error is None:
        return
    line = f"{told.error.message} {told.error.hint}".strip()
    assert "\n" not in line
    assert "Traceback" not in line
    assert told.error.message[-1] in ".!?:…"
    assert told.error.exit_code in (6, 8)


def _open(trial: Trial) -> None:
    for fault in trial.faults:
        if isinstance(fault.gate, Gate):
            fault.gate.open()
