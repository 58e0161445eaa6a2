"""What ``docs/design/screens.md`` says of styles and spacing is true of theme and golden screens."""

import re
from pathlib import Path

import pytest

from chatmgr.terminal import theme
from tests.screens.moments import Moment
from tests.screens.picture import taken
from tests.screens.stage import Look
from tests.screens.test_screens import CASES, GOLDEN
from tests.support.emulator import Emulator

DESIGN = Path(__file__).parents[2] / "docs" / "design" / "screens.md"
FILLED = {"picker"}  # its rows and its preview fill the screen whatever they hold
COLOURLESS = [(moment, look) for moment, look in CASES if not look.colour]


def rows(name: str) -> list[str]:
    """The rows of a golden screen."""
    text = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8").split("\n\n")[1]
    return [line.partition("│")[2] for line in text.split("\n")]


def styles(name: str) -> list[str]:
    """The styles of each row of a golden screen."""
    return (GOLDEN / f"{name}.txt").read_text(encoding="utf-8").rstrip().split("\n\n")[2:]


def test_the_tables_of_the_design_are_the_theme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    table = dict(re.findall(r"^\| `(\w+)` \| ([a-z ]+) \|", DESIGN.read_text("utf-8"), re.MULTILINE))
    looks = {}
    for style in theme._AUTO:
        emulator = Emulator(10, 1, lambda text: None)
        emulator.feed(f"{theme.paint('x', style)}")
        looks[style] = taken(emulator).text.splitlines()[-1].partition("│1 ")[2]
    assert table == looks


@pytest.mark.parametrize(("moment", "look"), COLOURLESS, ids=lambda value: value.name)
def test_without_colour_every_word_stays_in_its_place(moment: Moment, look: Look) -> None:
    name = f"{moment.name}.{look.columns}x{look.rows}"
    assert rows(f"{name}.no-color") == rows(name)
    assert not re.search("red|green|yellow|blue|magenta|cyan| on ", "\n".join(styles(f"{name}.no-color")))


@pytest.mark.parametrize(
    "name", [f"{moment.name}.{look.name}" for moment, look in CASES if moment.name not in FILLED]
)
def test_one_blank_line_between_things(name: str) -> None:
    """Above the cursor: what is below it may be the empty part of the screen."""
    head = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8").partition("\n")[0]
    cursor = re.search(r"row (\d+)", head)
    above = rows(name)[: int(cursor[1]) if cursor else None]
    assert "\n\n\n" not in "\n".join(above)
