"""The moments of which pictures are kept, each from the start of a command to the screen that is meant."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.chat.test_provider_setup import BARE
from tests.screens import library
from tests.screens.stage import Look, Stage
from tests.support.commands import AHEAD
from tests.support.screen import CTRL_C, ENTER, Screen
from tests.wire import Fault, Gate
from tests.wire.world import words

NORMAL, WIDE, NARROW = Look(80, 24), Look(200, 50), Look(40, 24)
WHOLE = Look(80, 30)  # a whole turn fits
TALL = Look(80, 40)
COLOURLESS = Look(80, 24, colour=False)
DARK, LIGHT = Look(80, 24, theme="dark"), Look(80, 24, theme="light")
TURN = ("POST", "/responses")
NOT_FOUND = 5  # the exit code
PRESENT = datetime(2026, 3, 31, 12, tzinfo=UTC)  # for what names days


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment: ``play`` brings a stage there, and ``looks`` are the terminals that it is looked at on."""

    name: str
    play: Callable[[Stage], Screen]
    looks: tuple[Look, ...] = (NORMAL, WIDE)


def wizard(stage: Stage) -> Screen:
    """chatmgr alone, for the first time: which provider."""
    stage.configure('[providers.ollama]\nbase_url = "http://127.0.0.1:9/v1"\n')
    screen = stage.run(program=("-c", BARE), PIP_NO_INDEX="1", OPENAI_API_KEY="", OPENAI_BASE_URL="")
    screen.until("Which one")
    return screen


def error(stage: Stage) -> Screen:
    """A name that no conversation has."""
    library.build(stage.home)
    screen = stage.run("send", "gc-frieze", "Are you there?")
    assert screen.end() == NOT_FOUND
    return screen


def conversations(stage: Stage) -> Screen:
    """The list of conversations."""
    library.build(stage.home)
    screen = stage.run("history")
    assert screen.end() == 0
    return screen


def found(stage: Stage) -> Screen:
    """A search through every turn."""
    library.build(stage.home, PRESENT)
    screen = stage.run("history", "-q", "fork OR deduct")
    assert screen.end() == 0
    return screen


def stats(stage: Stage) -> Screen:
    """Turns, tokens and cost."""
    library.build(stage.home, PRESENT)
    screen = stage.run("stats", "--since", "2026-03-08", "--until", "2026-03-31")
    assert screen.end() == 0
    return screen


def replay(stage: Stage) -> Screen:
    """A conversation that is gone on with."""
    library.build(stage.home)
    screen = stage.run("resume", "gc-freeze")
    screen.until(at_prompt=True)
    return screen


def picker(stage: Stage) -> Screen:
    """Choosing a conversation, with a preview."""
    library.build(stage.home)
    screen = stage.run("resume", "--pick")
    screen.until("5 of 5")
    return screen


def greeting(stage: Stage) -> Screen:
    """A conversation that begins."""
    screen = stage.run("new", "gc-freeze", "-i", "You are a tutor who is brief.")
    screen.until(at_prompt=True)
    return screen


def question(stage: Stage) -> Screen:
    """A question, typed and not sent yet."""
    screen = greeting(stage)
    screen.type(library.FREEZE)
    screen.until("it?")
    return screen


def _asked(stage: Stage, halt: str = "") -> Screen:
    """The question was sent; the answer comes whole, or up to the word ``halt``."""
    stage.answers[library.FREEZE] = library.FREEZE_ANSWER
    gate = Gate()
    if halt:
        before = library.FREEZE_ANSWER.partition(halt)[0] + halt
        events = AHEAD["responses"] + len(words(before))
        stage.wire.fault(Fault(kind="gate", match=TURN, after=events, gate=gate))
    screen = question(stage)
    screen.type(ENTER)
    if halt:
        gate.wait_reached()
        screen.until(halt)
    return screen


def streaming(stage: Stage) -> Screen:
    """An answer on its way, and the next question typed meanwhile."""
    screen = _asked(stage, "pages")
    screen.type("and what about 3.14's collector?")
    screen.typed_ahead()
    return screen


def answer(stage: Stage) -> Screen:
    """A whole answer, with a table and code."""
    screen = _asked(stage)
    screen.until("copying", at_prompt=True)
    return screen


def stopped(stage: Stage) -> Screen:
    """An answer that was stopped with Ctrl-C."""
    screen = _asked(stage, "then")
    screen.type(CTRL_C)
    screen.until(at_prompt=True)
    return screen


MOMENTS = (
    Moment("wizard", wizard),
    Moment("error", error, (NORMAL, WIDE, NARROW)),
    Moment("list", conversations, (NORMAL, WIDE, NARROW, COLOURLESS)),
    Moment("search", found),
    Moment("stats", stats, (NORMAL, WIDE, TALL)),
    Moment("replay", replay, (NORMAL, TALL, WIDE)),
    Moment("picker", picker),
    Moment("greeting", greeting),
    Moment("question", question),
    Moment("streaming", streaming),
    Moment("answer", answer, (NORMAL, WHOLE, WIDE, NARROW, COLOURLESS, DARK, LIGHT)),
    Moment("stopped", stopped),
)
