"""Golden screens: at twelve moments, the terminal shows what ``golden/`` says.

``CHATMGR_WRITE_SCREENS=1 pytest tests/screens`` writes the files anew. Look at what changed before you commit
it, then draw the documentation's pictures: ``python docs/tools/screens.py``.
"""

import difflib
from pathlib import Path

import pytest

from tests.screens.moments import MOMENTS, Moment
from tests.screens.stage import WRITING, Look, Stage

GOLDEN = Path(__file__).with_name("golden")
CASES = [(moment, look) for moment in MOMENTS for look in moment.looks]


def golden_file(moment: Moment, look: Look) -> Path:
    return GOLDEN / f"{moment.name}.{look.name}.txt"


@pytest.mark.parametrize(
    ("moment", "look"), CASES, ids=[f"{moment.name}.{look.name}" for moment, look in CASES]
)
def test_a_screen_is_as_its_golden_file_says(moment: Moment, look: Look) -> None:
    path = golden_file(moment, look)
    expected = None if WRITING else path.read_text(encoding="utf-8")
    with Stage(look) as stage:
        shown = stage.picture(moment.play(stage), expected)
    if expected is None:
        path.write_text(shown, encoding="utf-8")
    elif shown != expected:
        lines = difflib.unified_diff(
            expected.splitlines(), shown.splitlines(), path.name, "shown", lineterm=""
        )
        pytest.fail("\n".join(lines), pytrace=False)


def test_every_golden_file_belongs_to_a_moment() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {golden_file(*case).name for case in CASES}
